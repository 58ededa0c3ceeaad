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

#[cfg(niello_dsp)]
mod dsp;
#[cfg(niello_dsp)]
mod dsp_pairs;
#[cfg(niello_dsp)]
mod dsp_planes;
#[cfg(any(test, not(niello_dsp)))]
mod portable;
#[cfg(niello_vector)]
pub(crate) mod vector;
mod widely;

#[cfg(niello_dsp)]
pub(crate) use dsp::{dot_1x2, dot_1x4, dot_2x1, dot_2x2, expand};
#[cfg(niello_dsp)]
pub(crate) use dsp_pairs::pairs;
#[cfg(niello_dsp)]
pub(crate) use dsp_planes::{gather_plane, plane_3x3, weights_3x3};
#[cfg(not(niello_dsp))]
pub(crate) use portable::{
    dot_1x2, dot_1x4, dot_2x1, dot_2x2, expand, gather_plane, pairs, plane_3x3, weights_3x3,
};

pub(crate) use widely::widely;
