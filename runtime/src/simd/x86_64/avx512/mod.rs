//! AVX-512 F, BW, DQ, VL and VNNI: VPDPBUSD on registers of 512 bits. Tests:
//! `tests/tests/simd_levels/`.

pub(crate) mod add_f32;
pub(crate) mod conv_3wide_reuse;
pub(crate) mod dwconv_3x3;
pub(crate) mod dwconv_3x3_load;
pub(crate) mod gemm_full_tiles;
pub(crate) mod gemm_i16;
pub(crate) mod gemv;
pub(crate) mod gemv_w6;
pub(crate) mod gemv_zero_skip;
pub(crate) mod isa;
pub(crate) mod mean_hw;
pub(crate) mod pad_xor128;
pub(crate) mod requantize;
pub(crate) mod winograd_f4x3;

use crate::simd::x86_64::avx2;
use crate::simd::x86_64::common::features::Features;

/// The CPU features of the functions of this folder, and those of `avx2`, which some call.
pub(crate) const FEATURES: Features = avx2::FEATURES
    .and(Features::AVX512_F)
    .and(Features::AVX512_BW)
    .and(Features::AVX512_DQ)
    .and(Features::AVX512_VL)
    .and(Features::AVX512_VNNI);
