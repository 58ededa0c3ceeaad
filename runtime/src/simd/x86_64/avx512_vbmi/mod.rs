//! AVX-512 with VBMI and VBMI2 (permutations and compression of bytes), BMI1 and POPCNT. Tests:
//! `tests/tests/simd_levels/`.

pub(crate) mod conv_n8;
pub(crate) mod gemv_zero_skip;
pub(crate) mod lut;

use crate::simd::x86_64::avx512;
use crate::simd::x86_64::common::features::Features;

/// The CPU features of the functions of this folder, and those of `avx512`, which they call.
pub(crate) const FEATURES: Features = avx512::FEATURES
    .and(Features::AVX512_VBMI)
    .and(Features::AVX512_VBMI2)
    .and(Features::BMI1)
    .and(Features::POPCNT);
