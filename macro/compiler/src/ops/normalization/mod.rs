//! Softmax and its kind: values relative to their row.

pub(crate) mod l2_normalization;
pub(crate) mod log_softmax;
pub(crate) mod softmax;
pub(crate) mod softmax_i16;
