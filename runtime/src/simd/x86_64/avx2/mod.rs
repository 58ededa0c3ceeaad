//! AVX2, with and without AVX-VNNI.

#[cfg(target_arch = "x86_64")]
pub(crate) mod dwconv;
#[cfg(target_arch = "x86_64")]
pub(crate) mod gemm_madd16;
#[cfg(target_arch = "x86_64")]
pub(crate) mod gemm_madd16_asm;
#[cfg(target_arch = "x86_64")]
pub(crate) mod gemv;
#[cfg(target_arch = "x86_64")]
pub(crate) mod gemv_maddubs;
#[cfg(target_arch = "x86_64")]
pub(crate) mod gemv_zero_skip;
#[cfg(target_arch = "x86_64")]
pub(crate) mod isa;
#[cfg(target_arch = "x86_64")]
pub(crate) mod requantize;
#[cfg(target_arch = "x86_64")]
pub(crate) mod winograd_f4x3;
