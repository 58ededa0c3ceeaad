//! Products of matrices.

pub(crate) mod batch_matmul;
pub(crate) mod fully_connected;
