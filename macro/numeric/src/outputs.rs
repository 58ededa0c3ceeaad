//! From sums to outputs: by fixed-point multipliers, or as real numbers.

use crate::arithmetic::convert::{nearest_f32, saturate_i8, saturate_i16};
use crate::arithmetic::fixed_point::Multiplier;

/// How integer sums become integer outputs: channel `i` of `n` is that of every `n`-th sum.
#[derive(Clone, Copy, Debug)]
pub struct Requantization<'a> {
    /// One factor for each channel.
    pub multipliers: &'a [Multiplier],
    /// True if products are rounded once, as in LiteRT's FULLY_CONNECTED.
    pub rounds_once: bool,
    /// The zero point of the output.
    pub offset: i32,
    /// The least and the largest output.
    pub activation: (i32, i32),
}

impl Requantization<'_> {
    /// The numbers before they are narrowed.
    fn outputs<A: Copy>(
        &self,
        sums: &[A],
        scaled: impl Fn(Multiplier, A) -> i32,
    ) -> impl Iterator<Item = i32> {
        let (min, max) = self.activation;
        let by_channel = self.multipliers.iter().cycle();
        sums.iter().zip(by_channel).map(move |(&sum, &multiplier)| {
            let q = scaled(multiplier, sum).wrapping_add(self.offset);
            q.clamp(min, max)
        })
    }

    /// int8 outputs of 32-bit sums.
    pub fn to_i8(&self, sums: &[i32]) -> Vec<i8> {
        if self.rounds_once {
            let outputs = self.outputs(sums, Multiplier::apply_once);
            return outputs.map(saturate_i8).collect();
        }
        let outputs = self.outputs(sums, Multiplier::apply);
        outputs.map(saturate_i8).collect()
    }

    /// int16 outputs of 32-bit sums.
    pub fn to_i16(&self, sums: &[i32]) -> Vec<i16> {
        let outputs = self.outputs(sums, Multiplier::apply);
        outputs.map(saturate_i16).collect()
    }

    /// int16 outputs of 64-bit sums.
    pub fn wide_to_i16(&self, sums: &[i64]) -> Vec<i16> {
        let outputs = self.outputs(sums, Multiplier::apply_i64);
        outputs.map(saturate_i16).collect()
    }
}

/// Sums as real numbers: each times the scale of its channel, and within bounds.
pub fn rescale(sums: &[i32], scales: &[f64], (min, max): (f32, f32)) -> Vec<f32> {
    let by_channel = scales.iter().cycle();
    let real = |(&sum, &scale): (&i32, &f64)| sum as f32 * nearest_f32(scale);
    let sums = sums.iter().zip(by_channel).map(real);
    sums.map(|y| y.max(min).min(max)).collect()
}

/// Keeps each number within bounds.
pub fn clamp(data: &mut [f32], (min, max): (f32, f32)) {
    for x in data {
        *x = x.max(min).min(max);
    }
}

/// Adds the bias of its channel to each number, and keeps it within bounds.
pub fn add_bias(sums: &mut [f32], bias: &[f32], (min, max): (f32, f32)) {
    for (x, b) in sums.iter_mut().zip(bias.iter().cycle()) {
        *x = (*x + b).max(min).min(max);
    }
}
