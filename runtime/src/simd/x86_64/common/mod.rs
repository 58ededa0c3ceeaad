//! Shared by several x86-64 levels: CPU features, packed rows of weights, frames of kernels: a
//! level fills in their steps. Tests: `tests/tests/simd_levels/`.

pub(crate) mod dwconv_3x3;
pub(crate) mod features;
pub(crate) mod gemv_zero_skip;
pub(crate) mod mean_hw;
pub(crate) mod pad_xor128;
pub(crate) mod strip;
pub(crate) mod winograd_f4x3;
