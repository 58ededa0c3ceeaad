//! Calls of the kernels that the table of every architecture has. Tests: `tests/tests/simd_levels/`,
//! `tests/cross`.

use crate::params::gemm_i16::GemmI16;
use crate::params::gemm_packed16::{Packed16, Packed16Stage};
use crate::simd::dispatch::{DWCONV, GEMM_I16, Level, Table};
use crate::simd::shared::dwconv::Plane;
use crate::simd::shared::gemm_i16::WindowsI16;
use crate::simd::shared::level::choose;
use crate::simd::shared::pixels::Pixels;

/// All pixels by all channels, by the kernel for one pixel or for many.
#[inline(always)]
pub(crate) fn gemm<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    let kernel = if pixels.is_single() {
        choose::<Level, _, _>(&Table::<S>::GEMV)
    } else {
        choose::<Level, _, _>(&Table::<S>::GEMM)
    };
    // SAFETY: *Enabled*: the CPU has the level's features.
    unsafe { kernel(p, pixels, output) }
}

/// The rows of a depthwise convolution over a padded image.
#[inline(always)]
pub(crate) fn dwconv(plane: Plane<'_>, output: &mut [i8]) {
    let kernel = choose::<Level, _, _>(&DWCONV);
    // SAFETY: *Enabled*: the CPU has the level's features.
    unsafe { kernel(plane, output) }
}

/// All windows of int16 inputs by all channels.
#[inline(always)]
pub(crate) fn gemm_i16(p: &GemmI16<'_>, windows: WindowsI16<'_>, output: &mut [i16]) {
    let kernel = choose::<Level, _, _>(&GEMM_I16);
    // SAFETY: *Enabled*: the CPU has the level's features.
    unsafe { kernel(p, windows, output) }
}
