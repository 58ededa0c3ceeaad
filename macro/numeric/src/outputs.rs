//! From sums to outputs: by fixed-point multipliers, or as real numbers.

use crate::arithmetic::convert::nearest_f32;
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
    /// The outputs, within the bounds of the activation.
    fn outputs<A: Copy>(&self, sums: &[A], scaled: impl Fn(Multiplier, A) -> i32) -> Vec<i32> {
        let (min, max) = self.activation;
        let by_channel = self.multipliers.iter().cycle();
        let outputs = sums.iter().zip(by_channel).map(|(&sum, &multiplier)| {
            let q = scaled(multiplier, sum).wrapping_add(self.offset);
            q.clamp(min, max)
        });
        outputs.collect()
    }

    /// Outputs of 32-bit sums, within the bounds of the activation.
    pub fn of_i32(&self, sums: &[i32]) -> Vec<i32> {
        if self.rounds_once {
            self.outputs(sums, Multiplier::apply_once)
        } else {
            self.outputs(sums, Multiplier::apply)
        }
    }

    /// Outputs of 64-bit sums, within the bounds of the activation.
    pub fn of_i64(&self, sums: &[i64]) -> Vec<i32> {
        self.outputs(sums, Multiplier::apply_i64)
    }
}

/// Sums as real numbers: each times the scale of its channel, and within bounds.
fn rescaled<A: Copy>(
    sums: &[A],
    scales: &[f64],
    (min, max): (f32, f32),
    real: impl Fn(A) -> f32,
) -> Vec<f32> {
    let by_channel = scales.iter().cycle();
    let sums = sums.iter().zip(by_channel);
    sums.map(|(&sum, &scale)| (real(sum) * nearest_f32(scale)).max(min).min(max))
        .collect()
}

/// 32-bit sums as real numbers: each times the scale of its channel, and within bounds.
pub fn rescale_i32(sums: &[i32], scales: &[f64], bounds: (f32, f32)) -> Vec<f32> {
    rescaled(sums, scales, bounds, |sum| sum as f32)
}

/// 64-bit sums as real numbers: each times the scale of its channel, and within bounds.
pub fn rescale_i64(sums: &[i64], scales: &[f64], bounds: (f32, f32)) -> Vec<f32> {
    rescaled(sums, scales, bounds, |sum| sum as f32)
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
