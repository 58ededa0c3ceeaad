//! QUANTIZE and DEQUANTIZE: between f32, int8 and int16.

use crate::arithmetic::{Integer, Multiplier, Quantization, round};

/// Parameters of [`requantize`].
#[derive(Clone, Copy, Debug)]
pub struct Requantization {
    /// The input's negated zero point.
    pub input_offset: i32,
    /// The input's scale by the output's.
    pub multiplier: Multiplier,
    /// The output's zero point.
    pub output_offset: i32,
    /// Smallest output.
    pub activation_min: i32,
    /// Largest output.
    pub activation_max: i32,
}

/// `round(x / scale) + zero_point`, saturating.
pub fn quantize<T: Integer>(p: &Quantization, input: &[f32], output: &mut [T]) {
    for (out, x) in output.iter_mut().zip(input) {
        *out = T::saturated(round(x / p.scale).saturating_add(p.zero_point));
    }
}

/// `scale * (q - zero_point)`.
pub fn dequantize<T: Integer>(p: &Quantization, input: &[T], output: &mut [f32]) {
    for (out, q) in output.iter_mut().zip(input) {
        *out = p.scale * q.wide().wrapping_sub(p.zero_point) as f32;
    }
}

/// From one scale (and type) to another.
pub fn requantize<X: Integer, Y: Integer>(p: &Requantization, input: &[X], output: &mut [Y]) {
    for (out, q) in output.iter_mut().zip(input) {
        let scaled = p.multiplier.apply(q.wide().wrapping_add(p.input_offset));
        let q = scaled.saturating_add(p.output_offset);
        *out = Y::saturated(q.max(p.activation_min).min(p.activation_max));
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
