//! Whole tensors from integers to real numbers and back.

use crate::arithmetic::quant_params::QuantParams;

/// The real numbers that int8 values stand for.
pub fn dequantize_i8(data: &[i8], params: QuantParams) -> Vec<f32> {
    data.iter().map(|&q| params.dequantize(q)).collect()
}

/// The real numbers that int16 values stand for.
pub fn dequantize_i16(data: &[i16], params: QuantParams) -> Vec<f32> {
    let real = |&q: &i16| params.scale * (i32::from(q) - params.zero_point) as f32;
    data.iter().map(real).collect()
}

/// The real numbers that int32 values stand for.
pub fn dequantize_i32(data: &[i32], params: QuantParams) -> Vec<f32> {
    let real = |&q: &i32| params.scale * q.wrapping_sub(params.zero_point) as f32;
    data.iter().map(real).collect()
}

/// The nearest int8 values of real numbers.
pub fn quantize_i8(data: &[f32], params: QuantParams) -> Vec<i8> {
    data.iter().map(|&x| params.quantize(x)).collect()
}

/// The nearest int16 values of real numbers.
pub fn quantize_i16(data: &[f32], params: QuantParams) -> Vec<i16> {
    data.iter().map(|&x| params.quantize_i16(x)).collect()
}
