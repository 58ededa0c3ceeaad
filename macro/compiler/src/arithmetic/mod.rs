//! Integer and fixed-point arithmetic of the reference kernels, and quantization parameters.

pub(crate) mod fixed_point;
pub(crate) mod float16;
pub(crate) mod quant_params;
pub(crate) mod sigmoid_lut;
