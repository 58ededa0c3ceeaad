//! Bias correction: rounding weights and activations shifts the mean of every
//! output channel; the int32 bias takes that shift back.
//!
//! Source: Nagel et al., "Data-Free Quantization Through Weight Equalization
//! and Bias Correction" (2019), section 4.2, empirical variant: operator by
//! operator, on calibration samples, behind operators that are corrected.

use super::QuantGraph;
use crate::calibrate::evaluate;
use crate::dataset::Dataset;
use crate::graph::{Graph, ValueId};
use crate::ops::Buffer;
use crate::parallel;

/// What was added to the biases, by step; empty for steps without weights.
pub(crate) type Corrections = Vec<Vec<i32>>;

/// Adds corrections that were computed earlier; false if they do not fit.
pub(crate) fn apply(program: &mut QuantGraph, corrections: &Corrections) -> bool {
    if corrections.len() != program.steps.len() {
        return false;
    }
    for (step, correction) in program.steps.iter_mut().zip(corrections) {
        if let Some(accumulators) = step.kernel.accumulators() {
            if accumulators.bias.len() != correction.len() {
                return false;
            }
            for (bias, more) in accumulators.bias.iter_mut().zip(correction) {
                *bias = bias.saturating_add(*more);
            }
        }
    }
    true
}

/// Corrects every operator with weights, in order of execution.
pub(crate) fn correct_biases(
    graph: &Graph,
    program: &mut QuantGraph,
    dataset: &Dataset,
    samples: &[usize],
) -> Corrections {
    let channels: Vec<usize> = program
        .steps
        .iter_mut()
        .map(|s| s.kernel.accumulators().map_or(0, |a| a.bias.len()))
        .collect();
    let wanted: Vec<(ValueId, usize)> = program
        .steps
        .iter()
        .zip(&channels)
        .filter_map(|(s, n)| Some((program.tensors[s.output].value?, *n)))
        .filter(|(_, n)| *n > 0)
        .collect();
    // Of the float model, only channel means are needed.
    let real: Vec<Vec<(ValueId, Vec<f64>)>> = parallel::map(samples, |&sample| {
        let mut means = Vec::new();
        evaluate(graph, &dataset.sample(sample), |value, data| {
            if let Some((_, n)) = wanted.iter().find(|(v, _)| *v == value) {
                means.push((value, channel_means(data.iter().copied(), *n)));
            }
        });
        means
    });
    let mut tensors: Vec<Vec<Buffer>> = samples
        .iter()
        .map(|&sample| program.start(&program.encode_sample(&dataset.sample(sample))))
        .collect();
    let mut corrections = Vec::new();
    for (position, &n) in channels.iter().enumerate() {
        let output = program.steps[position].output;
        let value = program.tensors[output].value;
        let mut correction = vec![0; n];
        if n > 0 {
            let got = parallel::map(&tensors, |all| {
                let buffer = program.simulate_step(&program.steps[position], all);
                channel_means(program.decode(output, &buffer).into_iter(), n)
            });
            let mut error = vec![0.0; n];
            for (got, real) in got.iter().zip(&real) {
                if let Some((_, real)) = real.iter().find(|(v, _)| Some(*v) == value) {
                    for ((e, r), g) in error.iter_mut().zip(real).zip(got) {
                        *e += (r - g) / samples.len() as f64;
                    }
                }
            }
            if let Some(accumulators) = program.steps[position].kernel.accumulators() {
                for (c, bias) in accumulators.bias.iter_mut().enumerate() {
                    let steps = error[c] / accumulators.scales[c].max(f64::MIN_POSITIVE);
                    correction[c] = steps.round().clamp(-1e9, 1e9) as i32;
                    *bias = bias.saturating_add(correction[c]);
                }
            }
        }
        corrections.push(correction);
        let results = parallel::map(&tensors, |all| program.simulate_step(&program.steps[position], all));
        for (all, result) in tensors.iter_mut().zip(results) {
            all[output] = result;
            program.drop_dead(all, position);
        }
    }
    corrections
}

/// The mean of each channel of a tensor whose last dimension is channels.
fn channel_means(data: impl ExactSizeIterator<Item = f32>, channels: usize) -> Vec<f64> {
    let rows = data.len() / channels.max(1);
    let mut means = vec![0.0; channels];
    for (i, x) in data.enumerate() {
        means[i % channels] += f64::from(x) / rows.max(1) as f64;
    }
    means
}
