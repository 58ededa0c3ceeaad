//! Weights in the orders that the runtime's kernels read.

pub(crate) mod layout;
pub(crate) mod packed16;
pub(crate) mod packed2;
pub(crate) mod saturating_pairs;
pub(crate) mod weights6;
pub(crate) mod winograd_f4x3;
