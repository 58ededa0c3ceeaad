//! AVX2 and FMA, without any VNNI: bytes are widened to 16 bits for VPMADDWD, or VPMADDUBSW
//! multiplies them where its saturation is corrected. Tests: `tests/tests/simd_levels/`.

pub(crate) mod add_f32;
pub(crate) mod dwconv;
pub(crate) mod gemm_i16;
pub(crate) mod gemm_madd16;
pub(crate) mod gemm_madd16_asm;
pub(crate) mod gemv;
pub(crate) mod gemv_maddubs;
pub(crate) mod gemv_zero_skip;
pub(crate) mod isa;
pub(crate) mod pad_xor128;
pub(crate) mod registers;
pub(crate) mod requantize;
pub(crate) mod winograd_f4x3;

use crate::simd::x86_64::common::features::Features;

/// The CPU features of the functions of this folder.
pub(crate) const FEATURES: Features = Features::AVX2.and(Features::FMA);
