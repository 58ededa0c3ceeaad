//! SVDF: features of the newest input, filtered over time.

use crate::arithmetic::fixed_point::{Integer, Multiplier};
use crate::kernels::output_stage::dot;

/// Parameters of [`svdf`]; `T` is the state's element type.
#[derive(Clone, Copy, Debug)]
pub struct Svdf<'a, T> {
    /// Elements of an input row.
    pub depth: usize,
    /// Number of filters of the layer.
    pub filters: usize,
    /// Steps that the state remembers.
    pub memory: usize,
    /// Features that are added to one output.
    pub rank: usize,
    /// The input's negated zero point.
    pub input_offset: i32,
    /// Weights of the features, [filters, depth].
    pub feature: &'a [u8],
    /// From a feature's accumulator to the state.
    pub feature_multiplier: Multiplier,
    /// Zero point of the state tensor.
    pub state_zero_point: i32,
    /// Weights over time, [filters, memory].
    pub time: &'a [T],
    /// Biases, one for each output.
    pub bias: &'a [i32],
    /// From the sum to the output.
    pub output_multiplier: Multiplier,
    /// Zero point of the output tensor.
    pub output_offset: i32,
    /// Smallest output; smaller ones are clamped.
    pub activation_min: i32,
    /// Largest output; larger ones are clamped.
    pub activation_max: i32,
}

/// One step; `next` is the state after it, [batches, filters, memory].
pub fn svdf<T: Integer>(
    p: &Svdf<'_, T>,
    input: &[i8],
    state: &[T],
    output: &mut [i8],
    next: &mut [T],
) {
    let (depth, memory, rank) = (p.depth.max(1), p.memory.max(1), p.rank.max(1));
    let units = p.bias.len().max(1);
    let batches = input
        .chunks_exact(depth)
        .zip(output.chunks_exact_mut(units));
    for (batch, (x, out)) in batches.enumerate() {
        for (unit, (out, &bias)) in out.iter_mut().zip(p.bias).enumerate() {
            let mut sum = bias;
            for filter in unit * rank..(unit + 1) * rank {
                let at = (batch * p.filters + filter) * memory;
                let weights = p.feature.get(filter * depth..(filter + 1) * depth);
                let time = p.time.get(filter * memory..(filter + 1) * memory);
                let lane = next.get_mut(at..at + memory);
                let (Some(weights), Some(time), Some(lane)) = (weights, time, lane) else {
                    debug_assert!(false, "weights or states are too short");
                    continue;
                };
                let old = state.get(at + 1..at + memory).unwrap_or(&[]);
                let feature = p
                    .feature_multiplier
                    .apply(dot(0, x, weights, p.input_offset));
                let newest = T::saturated(feature)
                    .wide()
                    .wrapping_add(p.state_zero_point);
                for (i, new) in lane.iter_mut().enumerate() {
                    *new = old.get(i).copied().unwrap_or(T::wrapped(newest));
                }
                for (q, w) in lane.iter().zip(time) {
                    sum = sum.wrapping_add((q.wide() - p.state_zero_point).wrapping_mul(w.wide()));
                }
            }
            let q = p.output_multiplier.apply(sum).wrapping_add(p.output_offset);
            *out = q.max(p.activation_min).min(p.activation_max) as i8;
        }
    }
}
