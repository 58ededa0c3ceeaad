//! AVX-512 with VNNI; some kernels need VBMI.

#[cfg(target_arch = "x86_64")]
pub(crate) mod conv_n8_vbmi;
#[cfg(target_arch = "x86_64")]
pub(crate) mod dwconv_3x3;
#[cfg(target_arch = "x86_64")]
pub(crate) mod dwconv_3x3_load;
#[cfg(target_arch = "x86_64")]
pub(crate) mod gemm_full_tiles;
#[cfg(target_arch = "x86_64")]
pub(crate) mod gemv;
#[cfg(target_arch = "x86_64")]
pub(crate) mod gemv_w6;
#[cfg(target_arch = "x86_64")]
pub(crate) mod gemv_zero_skip;
#[cfg(target_arch = "x86_64")]
pub(crate) mod isa;
#[cfg(target_arch = "x86_64")]
pub(crate) mod mean_hw;
#[cfg(target_arch = "x86_64")]
pub(crate) mod requantize;
#[cfg(target_arch = "x86_64")]
pub(crate) mod winograd_f4x3;
