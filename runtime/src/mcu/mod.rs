//! Inner loops that a target may have a better version of. [`portable`] is the
//! definition; every other back end gives the same bytes.
//!
//! # Packed weights
//! The compiler lays the weights of two output channels side by side: four of
//! one, four of the other, and so on, the last four filled up with zeros. An odd
//! last channel stands alone, also in fours.
//!
//! # Columns
//! The inputs of two output pixels, widened to 16 bits in groups of four, side by
//! side like the weights; [`expand`] makes them. The order inside of a group is
//! the back end's.

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
