//! Inner loops for small cores. A target may have better versions of them. `generic.rs` and
//! `portable.rs` are the definition; `armv7em/`, for cores with the DSP extension, `armv7m/`, for cores of Arm
//! without it, and `armv6m/`, for those with 16-bit instructions only, give the same bytes. `build.rs` and
//! `build/dsp.rs` choose.
//! Tests: `tests/cross`, `tests/firmware`.
//!
//! # Packed weights
//! The weights of two output channels `a` and `b` are side by side, four of each. The last four are
//! filled up with zeros. An odd last channel is alone, also in fours:
//!
//! ```text
//! | a: k0 k1 k2 k3 | b: k0 k1 k2 k3 | a: k4 .. k7 | b: k4 .. k7 | ..      one byte each
//! ```
//!
//! # Columns
//! The inputs of two output pixels `p` and `q`, less the zero point and widened to 16 bits, are side
//! by side like the weights; `expand` makes them:
//!
//! ```text
//! | p: k0 k1 k2 k3 | q: k0 k1 k2 k3 | p: k4 .. k7 | q: k4 .. k7 | ..      two bytes each
//! ```
//!
//! Within a group of four, `generic.rs` stores inputs in order, `armv7em` stores inputs 0, 2, 1, 3
//! (SXTAB16's order). Weights are always in order.
//!
//! For int8, Helium has the bytes of four pixels there instead, four of each side by side, with the zero
//! point: `armv7em/helium_fours.rs`.

pub(crate) mod armv6m;
pub(crate) mod armv7em;
pub(crate) mod armv7m;
#[cfg(any(niello_thumb1, niello_thumb2))]
pub(crate) mod fours;
pub(crate) mod gather_plane;
#[cfg(any(test, not(niello_dsp)))]
pub(crate) mod generic;
#[cfg(any(test, not(niello_dsp)))]
pub(crate) mod generic_i16;
#[cfg(any(niello_thumb1, niello_thumb2))]
pub(crate) mod plane_3x3;
#[cfg(any(test, not(any(niello_dsp, niello_thumb1, niello_thumb2))))]
pub(crate) mod portable;

#[cfg(niello_thumb1)]
pub(crate) use armv6m::{
    dot::{dot_1x4, dot_2x4, expand},
    fours::pairs,
    plane_3x3::plane_3x3,
};
#[cfg(niello_dsp)]
pub(crate) use armv7em::dot::{PLACES, dot_1x2, dot_1x4, dot_2x1, dot_2x2, expand_i16};
#[cfg(all(niello_dsp, not(niello_helium)))]
pub(crate) use armv7em::dwconv_3x3_plane::{plane_3x3, weights_3x3};
#[cfg(niello_dsp)]
pub(crate) use armv7em::dwconv_3x3_plane_i16::plane_3x3_i16;
#[cfg(niello_dsp)]
pub(crate) use armv7em::expand::{expand, expand_rows};
#[cfg(niello_dsp)]
pub(crate) use armv7em::gather::copy_rows;
#[cfg(all(niello_dsp, not(niello_helium)))]
pub(crate) use armv7em::gather::gather_bytes;
#[cfg(niello_dsp)]
pub(crate) use armv7em::gemm_2px_asm::pairs;
#[cfg(niello_helium)]
pub(crate) use armv7em::helium_add::AddBytes;
#[cfg(niello_helium)]
pub(crate) use armv7em::helium_copy::{Rows, fill_pixel, place_rows, spread_rows};
#[cfg(niello_helium)]
pub(crate) use armv7em::helium_fours::fours as fours_of_bytes;
#[cfg(niello_helium)]
pub(crate) use armv7em::helium_plane::{gather_bytes, plane_3x3, weights_3x3};
#[cfg(niello_dsp)]
pub(crate) use armv7em::row_asm::row_fours;
#[cfg(niello_thumb2)]
pub(crate) use armv7m::{
    dot::{dot_1x4, dot_2x4, expand},
    fours::pairs,
    plane_3x3::plane_3x3,
};
pub(crate) use gather_plane::gather_plane;
#[cfg(not(niello_dsp))]
pub(crate) use gather_plane::gather_plane as gather_bytes;
#[cfg(not(niello_dsp))]
pub(crate) use generic::{dot_1x2, dot_2x1, dot_2x2};
#[cfg(not(niello_dsp))]
pub(crate) use generic_i16::{PLACES, expand_i16, plane_3x3_i16};
#[cfg(any(niello_thumb1, niello_thumb2))]
pub(crate) use plane_3x3::weights_3x3;
#[cfg(not(any(niello_dsp, niello_thumb1, niello_thumb2)))]
pub(crate) use portable::{dot_1x4, dot_2x4, expand, plane_3x3, weights_3x3};

use crate::params::requantize_i16::RequantizeI16Fast;

/// 3x3 windows over one channel's plane of int16: outputs, `step` elements apart. Rows of the plane
/// have an even number of elements, one pair more than outputs need.
pub(crate) struct PlaneI16<'a> {
    /// Inputs with their padding.
    pub(crate) plane: &'a [i16],
    /// Elements of a row of the plane.
    pub(crate) pitch: usize,
    /// Weights, row by row.
    pub(crate) filter: &'a [u8; 9],
    /// Initial accumulator.
    pub(crate) bias: i32,
    /// The channel's factor.
    pub(crate) factor: i32,
    /// Output stage: from sums to outputs.
    pub(crate) stage: RequantizeI16Fast<'a>,
    /// Rows and columns of outputs.
    pub(crate) sizes: [usize; 2],
    /// Elements from one output to the next.
    pub(crate) step: usize,
}
