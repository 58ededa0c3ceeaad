//! The types of the functions in the rows that the table of every architecture has. They rely on
//! *Enabled*. Tests: `tests/tests/simd_levels/`.

use crate::params::gemm_i16::GemmI16;
use crate::params::gemm_packed16::{Packed16, Packed16Stage};
use crate::simd::shared::dwconv::Plane;
use crate::simd::shared::gemm_i16::WindowsI16;
use crate::simd::shared::pixels::Pixels;

/// Pixels by all channels; the output has all channels of each pixel.
pub(crate) type Gemm<S> =
    unsafe fn(&Packed16<'_, S>, &Pixels<'_>, &mut [<S as Packed16Stage>::Element]);

/// Windows of int16 inputs by all channels.
pub(crate) type GemmI16Kernel = unsafe fn(&GemmI16<'_>, WindowsI16<'_>, &mut [i16]);

/// The rows of a depthwise convolution over a padded image.
pub(crate) type Dwconv = unsafe fn(Plane<'_>, &mut [i8]);

/// Elements of a 256-byte table for as many inputs as fill whole registers; gives their number.
pub(crate) type Lut = unsafe fn(&[u8; 256], *const i8, *mut i8, usize) -> usize;
