//! Calibration: the float model runs on the representative dataset, and what
//! is seen of each tensor becomes its range.

mod evaluate;
mod histogram;
mod reach;

use std::collections::HashMap;

use ndarray::{ArrayD, ArrayViewD};
use serde::{Deserialize, Serialize};

pub(crate) use evaluate::{Evaluation, evaluate, evaluate_from};
use histogram::Histogram;

use crate::dataset::Dataset;
use crate::graph::{Constant, Graph, ValueId};
use crate::parallel;

/// How a range is chosen from what was seen of a tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    /// From the smallest to the largest value seen.
    MinMax,
    /// Cuts off outliers: keeps this percentage of the values.
    Percentile(f64),
    /// The range whose int8 rounding and clipping has the least mean square error.
    Mse,
    /// The range that loses the least information (Kullback-Leibler divergence
    /// of the histograms; Migacz, "8-bit inference with TensorRT", 2017).
    Entropy,
    /// Given by the user, e.g. because the sensor's range is known.
    Range(f32, f32),
    /// As wide below zero as above.
    Symmetric,
    /// Not quantized: the operator that computes the tensor stays in float.
    Float,
}

/// A tensor's real range.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Range {
    pub min: f32,
    pub max: f32,
}

/// What calibration found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ranges {
    pub by_value: HashMap<ValueId, Range>,
}

/// Runs the samples and chooses a range for each of `values`.
pub(crate) fn calibrate(
    graph: &Graph,
    dataset: &Dataset,
    samples: &[usize],
    values: &[(ValueId, Method)],
) -> Ranges {
    let samples = &histories(graph, dataset, samples);
    let depths = reach::row_depths(graph);
    // The extremes come first: histograms need them.
    let extremes = observe(graph, dataset, samples, |value, data| {
        let mut range = Range {
            min: f32::MAX,
            max: f32::MIN,
        };
        reach::each(&data, depths.get(&value).copied(), |x| {
            range.min = range.min.min(x);
            range.max = range.max.max(x);
        });
        range
    });
    let mut merged: HashMap<ValueId, Range> = HashMap::new();
    for sample in extremes {
        for (value, range) in sample {
            let all = merged.entry(value).or_insert(range);
            *all = Range {
                min: all.min.min(range.min),
                max: all.max.max(range.max),
            };
        }
    }
    let limits = reach::limits(graph, &merged);
    for (value, range) in &mut merged {
        if let Some(limit) = limits.get(value) {
            *range = Range {
                min: limit.clamp(range.min),
                max: limit.clamp(range.max),
            };
        }
    }
    let counted = |method: Method| {
        matches!(
            method,
            Method::Percentile(_) | Method::Mse | Method::Entropy
        )
    };
    let mut histograms: HashMap<ValueId, Histogram> = HashMap::new();
    if values.iter().any(|(_, method)| counted(*method)) {
        let of_samples = observe(graph, dataset, samples, |value, data| {
            let wanted = values
                .iter()
                .any(|(v, method)| *v == value && counted(*method));
            let range = merged.get(&value).filter(|_| wanted)?;
            let mut histogram = Histogram::new(range.min, range.max);
            let depth = depths.get(&value).copied();
            reach::each(&data, depth, |x| histogram.add(range.clamp(x)));
            Some(histogram)
        });
        for (value, histogram) in of_samples.into_iter().flatten() {
            if let Some(histogram) = histogram {
                match histograms.get_mut(&value) {
                    Some(all) => all.merge(&histogram),
                    None => _ = histograms.insert(value, histogram),
                }
            }
        }
    }
    let mut ranges = Ranges::default();
    // Constants get an end, too: see `clip_constants`.
    for (value, limit) in limits {
        if graph.values[value].constant.is_some() {
            ranges.by_value.insert(value, limit);
        }
    }
    for (value, method) in values {
        let Some(seen) = merged.get(value).copied() else {
            continue;
        };
        let histogram = histograms.get(value);
        let (min, max) = match (method, histogram) {
            (Method::Range(min, max), _) => (*min, *max),
            (Method::Symmetric, _) => {
                let max = seen.max.max(-seen.min);
                (-max, max)
            }
            (Method::Percentile(percent), Some(h)) => h.percentile(*percent),
            (Method::Mse, Some(h)) => h.least_square_error(),
            (Method::Entropy, Some(h)) => h.least_divergence(),
            _ => (seen.min, seen.max),
        };
        ranges.by_value.insert(*value, Range { min, max });
    }
    ranges
}

/// Constants end where their readers saturate.
pub(crate) fn clip_constants(graph: &mut Graph, ranges: &Ranges) {
    for (&value, range) in &ranges.by_value {
        if let Some(Constant::F32(data)) = &mut graph.values[value].constant {
            data.mapv_inplace(|x| range.clamp(x));
        }
    }
}

/// A sample, and the states that the calls before it left.
type History = (usize, Vec<ArrayD<f32>>);

/// The samples as consecutive calls, which matters to models with a state.
fn histories(graph: &Graph, dataset: &Dataset, samples: &[usize]) -> Vec<History> {
    let mut states = Vec::new();
    samples
        .iter()
        .map(|&sample| {
            let before = states.clone();
            if !graph.states.is_empty() {
                outputs(graph, &dataset.sample(sample), &mut states);
            }
            (sample, before)
        })
        .collect()
}

/// Runs every sample and keeps `f` of every tensor.
fn observe<T: Send>(
    graph: &Graph,
    dataset: &Dataset,
    samples: &[History],
    f: impl Fn(ValueId, ArrayViewD<'_, f32>) -> T + Sync,
) -> Vec<Vec<(ValueId, T)>> {
    parallel::map(samples, |(sample, states)| {
        let mut seen = Vec::new();
        evaluate_from(graph, &dataset.sample(*sample), states, |value, data| {
            seen.push((value, f(value, data.view())))
        });
        seen
    })
}

/// The outputs of the float model, in the graph's order.
///
/// `states` is what the run before left, or empty for a fresh start.
pub(crate) fn outputs(
    graph: &Graph,
    inputs: &[ArrayViewD<'_, f32>],
    states: &mut Vec<ArrayD<f32>>,
) -> Vec<ArrayD<f32>> {
    let mut outputs: Vec<Option<ArrayD<f32>>> = vec![None; graph.outputs.len()];
    let mut next: Vec<Option<ArrayD<f32>>> = vec![None; graph.states.len()];
    evaluate_from(graph, inputs, states, |value, data| {
        for (next, state) in next.iter_mut().zip(&graph.states) {
            if state.next == value {
                *next = Some(data.clone());
            }
        }
        for (output, port) in outputs.iter_mut().zip(&graph.outputs) {
            if port.value == value {
                *output = Some(data.clone());
            }
        }
    });
    *states = next
        .into_iter()
        .zip(&graph.states)
        .map(|(next, state)| next.unwrap_or_else(|| graph.initial(state)))
        .collect();
    let constant = |v: ValueId| graph.values[v].real().unwrap_or_default();
    outputs
        .into_iter()
        .zip(&graph.outputs)
        .map(|(output, port)| output.unwrap_or_else(|| constant(port.value)))
        .collect()
}
