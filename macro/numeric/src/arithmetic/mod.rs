//! Integer and fixed-point arithmetic of the reference kernels, and quantization parameters.
// Tests have small numbers.
#![cfg_attr(
    not(test),
    deny(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss
    )
)]

pub mod convert;
pub mod fixed_point;
pub mod float;
pub mod float16;
pub mod quant_params;
pub mod sigmoid_lut_i16;
