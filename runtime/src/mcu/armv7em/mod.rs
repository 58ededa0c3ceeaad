//! Armv7E-M: the DSP extension multiplies two 16-bit numbers per instruction.

#[cfg(niello_dsp)]
pub(crate) mod dot;
#[cfg(niello_dsp)]
pub(crate) mod dwconv_3x3_plane;
#[cfg(niello_dsp)]
pub(crate) mod dwconv_3x3_plane_i16;
#[cfg(niello_dsp)]
pub(crate) mod gemm_2px_asm;
