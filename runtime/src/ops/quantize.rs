//! Between f32 and int8: QUANTIZE and DEQUANTIZE.

use crate::arithmetic::{Quantization, round};

/// `round(x / scale) + zero_point`, saturating.
pub fn quantize(p: &Quantization, input: &[f32], output: &mut [i8]) {
    for (out, x) in output.iter_mut().zip(input) {
        let q = round(x / p.scale).saturating_add(p.zero_point);
        *out = q.clamp(-128, 127) as i8;
    }
}

/// `scale * (q - zero_point)`.
pub fn dequantize(p: &Quantization, input: &[i8], output: &mut [f32]) {
    for (out, q) in output.iter_mut().zip(input) {
        *out = p.scale * i32::from(*q).wrapping_sub(p.zero_point) as f32;
    }
}

/// `scale * (q - zero_point)` of int16.
pub fn dequantize_i16(p: &Quantization, input: &[i16], output: &mut [f32]) {
    for (out, q) in output.iter_mut().zip(input) {
        *out = p.scale * i32::from(*q).wrapping_sub(p.zero_point) as f32;
    }
}

/// `round(x / scale) + zero_point` to int16, saturating.
pub fn quantize_i16(p: &Quantization, input: &[f32], output: &mut [i16]) {
    for (out, x) in output.iter_mut().zip(input) {
        let q = round(x / p.scale).saturating_add(p.zero_point);
        *out = q.clamp(-32768, 32767) as i16;
    }
}

/// Parameters of [`quantize_elementwise`]; both lists repeat over the input.
#[derive(Clone, Copy, Debug)]
pub struct QuantizeElementwise<'a> {
    /// Subtracted from each element.
    pub center: &'a [f32],
    /// The normalization's factor by the output's scale.
    pub factor: &'a [f32],
    /// The output's zero point.
    pub zero_point: i32,
}

/// `round((x - center) * factor) + zero_point`, saturating: a normalization and
/// the quantization in one step.
pub fn quantize_elementwise(p: &QuantizeElementwise<'_>, input: &[f32], output: &mut [i8]) {
    let period = p.center.len().max(1);
    for (out, input) in output.chunks_mut(period).zip(input.chunks(period)) {
        let constants = p.center.iter().zip(p.factor);
        for ((out, x), (center, factor)) in out.iter_mut().zip(input).zip(constants) {
            let q = round((x - center) * factor).saturating_add(p.zero_point);
            *out = q.clamp(-128, 127) as i8;
        }
    }
}
