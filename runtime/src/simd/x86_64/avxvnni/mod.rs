//! AVX2 with AVX-VNNI: the shared loops with VPDPBUSD on registers of 256 bits, which multiplies
//! unsigned by signed bytes and adds four products to each word. Tests: `tests/tests/simd_levels/`.

pub(crate) mod isa;
pub(crate) mod kernels;

use crate::simd::x86_64::avx2;
use crate::simd::x86_64::common::features::Features;

/// The CPU features of the functions of this folder.
pub(crate) const FEATURES: Features = avx2::FEATURES.and(Features::AVX_VNNI);
