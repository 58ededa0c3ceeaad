//! Integer and fixed-point arithmetic of the reference kernels, and quantization parameters.

pub(crate) use niello_numeric::arithmetic::{
    convert, fixed_point, float16, quant_params, sigmoid_lut_i16,
};
