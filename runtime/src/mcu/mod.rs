//! Inner loops for small cores. A target may have better versions of them. `generic.rs` is the
//! definition; `armv7em/`, for cores with the DSP extension of Armv7E-M, gives the same bytes.
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

pub(crate) mod armv7em;
#[cfg(any(test, not(niello_dsp)))]
pub(crate) mod generic;

#[cfg(niello_dsp)]
pub(crate) use armv7em::dot::{dot_1x2, dot_1x4, dot_2x1, dot_2x2, expand};
#[cfg(niello_dsp)]
pub(crate) use armv7em::dwconv_3x3_plane::{gather_plane, plane_3x3, weights_3x3};
#[cfg(niello_dsp)]
pub(crate) use armv7em::gemm_2px_asm::pairs;
#[cfg(not(niello_dsp))]
pub(crate) use generic::{
    dot_1x2, dot_1x4, dot_2x1, dot_2x2, expand, gather_plane, pairs, plane_3x3, weights_3x3,
};
