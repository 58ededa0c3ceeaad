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

pub(crate) mod convert;
pub(crate) mod fixed_point;
pub(crate) mod float16;
pub(crate) mod quant_params;
pub(crate) mod sigmoid_lut_i16;
