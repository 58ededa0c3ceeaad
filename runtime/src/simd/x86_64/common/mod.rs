//! Shared by several x86-64 levels: CPU features, packed rows of weights, frames of kernels: a
//! level fills in their steps. Tests: `tests/tests/simd_levels/`.

pub(crate) mod features;
pub(crate) mod gemv_zero_skip;
pub(crate) mod pad_xor128;
pub(crate) mod strip;
pub(crate) mod winograd_f4x3;
