//! QUANTIZE and DEQUANTIZE: between f32, int8 and int16.

use crate::arithmetic::fixed_point::{Integer, Multiplier, Quantization, round};
use crate::macros::instantiate::instantiate;
use crate::macros::multiversion::multiversion;

/// Parameters of the kernel [`requantize`].
#[derive(Clone, Copy, Debug)]
pub struct Requantization {
    /// The input's negated zero point.
    pub input_offset: i32,
    /// The input's scale by the output's.
    pub multiplier: Multiplier,
    /// Zero point of the output tensor.
    pub output_offset: i32,
    /// Smallest output; smaller ones are clamped.
    pub activation_min: i32,
    /// Largest output; larger ones are clamped.
    pub activation_max: i32,
}

instantiate! {
    /// `round(x / scale) + zero_point`, saturating.
    pub fn quantize<T: QuantizeHere>(p: &Quantization, input: &[f32], output: &mut [T]) = quantize_inner,
        for i8 i16 i32;
}

multiversion! {
fn quantize_inner<T: Integer>(p: &Quantization, input: &[f32], output: &mut [T]) {
    for (out, x) in output.iter_mut().zip(input) {
        *out = T::saturated(round(x / p.scale).saturating_add(p.zero_point));
    }
}
}

instantiate! {
    /// `scale * (q - zero_point)`.
    pub fn dequantize<T: DequantizeHere>(p: &Quantization, input: &[T], output: &mut [f32]) = dequantize_inner,
        for i8 i16 i32;
}

multiversion! {
fn dequantize_inner<T: Integer>(p: &Quantization, input: &[T], output: &mut [f32]) {
    for (out, q) in output.iter_mut().zip(input) {
        *out = p.scale * q.wide().wrapping_sub(p.zero_point) as f32;
    }
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
    /// Numbers that are subtracted from the elements.
    pub center: &'a [f32],
    /// The normalization's factor by the output's scale.
    pub factor: &'a [f32],
    /// Zero point of the output tensor.
    pub zero_point: i32,
}

instantiate! {
    /// `round((x - center) * factor) + zero_point`, saturating: a normalization and
    /// the quantization in one step.
    pub fn quantize_elementwise<T: QuantizeElementwiseHere>(p: &QuantizeElementwise<'_>, input: &[f32], output: &mut [T]) = quantize_elementwise_inner,
        for i8 i16;
}

multiversion! {
fn quantize_elementwise_inner<T: Integer>(p: &QuantizeElementwise<'_>, input: &[f32], output: &mut [T]) {
    let period = p.center.len().max(1);
    for (out, input) in output.chunks_mut(period).zip(input.chunks(period)) {
        let constants = p.center.iter().zip(p.factor);
        for ((out, x), (center, factor)) in out.iter_mut().zip(input).zip(constants) {
            let q = round((x - center) * factor).saturating_add(p.zero_point);
            *out = T::saturated(q);
        }
    }
}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_away_from_zero_and_ends_saturate() {
        let p = Quantization {
            scale: 0.5,
            zero_point: 1,
        };
        let mut output = [0_i8; 4];
        quantize(&p, &[0.25, -0.25, 1e9, f32::NAN], &mut output);
        assert_eq!(output, [2, 0, 127, 1]);
        let mut wide = [0_i16; 1];
        quantize(&p, &[1000.0], &mut wide);
        assert_eq!(wide, [2001]);
        let mut real = [0.0];
        dequantize(&p, &wide, &mut real);
        assert_eq!(real, [1000.0]);
    }
}
