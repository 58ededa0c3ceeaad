//! Calibration: the float model runs on the representative dataset, and what
//! is seen of each tensor becomes its range.

pub(crate) mod histories;
pub(crate) mod interpreter;
mod observations;
pub(crate) mod reach;
pub(crate) mod regions;

use std::collections::{BTreeMap, HashMap};

use ndarray::{ArrayD, ArrayViewD};
use niello_numeric::elementwise::extremes;
use niello_numeric::histogram::{Bins, Histogram, Magnitudes};
use serde::{Deserialize, Serialize};

pub(crate) use histories::{History, Samples, views};
#[cfg(feature = "analysis")]
pub(crate) use interpreter::evaluate_node;
pub(crate) use interpreter::{Evaluation, evaluate_from};
use observations::Elements;
pub(crate) use observations::Observations;
pub(crate) use regions::check;

use crate::error::{Error, Result};
use crate::ir::graph::{Constant, Graph, Port, ValueId};
use crate::parallel;

/// The method by which a tensor's range is chosen from its values in the samples.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Method {
    /// The range from the smallest to the largest value.
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
    /// The range that is as wide below zero as above.
    Symmetric,
    /// Not quantized: the operator that computes the tensor stays in float.
    Float,
    /// In int16, as wide below zero as above: `scale = 2 * max(|x|) / 32767`, zero
    /// point 0: twice the largest value that was seen.
    Int16,
}

/// The range of a tensor's real values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RealRange {
    pub min: f32,
    pub max: f32,
}

/// The ranges that calibration has chosen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ranges {
    pub by_value: BTreeMap<ValueId, RealRange>,
    /// The ranges of tensors in int16, wider than from the smallest to the largest value: with
    /// that many steps, there is nothing to win by cutting outliers.
    pub extremes: BTreeMap<ValueId, RealRange>,
}

/// Samples per batch; statistics are merged after each batch, because those of all tensors take
/// more memory than most samples.
pub(crate) const TOGETHER: usize = 64;

/// The statistics of one tensor over samples.
struct Seen {
    range: RealRange,
    magnitudes: Magnitudes,
    /// Single elements of an output.
    elements: Option<Elements>,
}

impl Seen {
    /// The statistics of one sample; for `depth` see [`reach::told_apart`].
    fn of(data: &ArrayD<f32>, depth: Option<f32>) -> Self {
        let data = data.view();
        let (min, max) = extremes(&reach::told_apart(&data, depth));
        Self {
            range: RealRange { min, max },
            magnitudes: Magnitudes::of(&reach::told_apart(&data, None)),
            elements: None,
        }
    }

    /// Adds the statistics of other samples.
    fn merge(&mut self, other: &Self) {
        self.range.min = self.range.min.min(other.range.min);
        self.range.max = self.range.max.max(other.range.max);
        self.magnitudes.merge(&other.magnitudes);
        if let (Some(all), Some(other)) = (&mut self.elements, &other.elements) {
            all.merge(other);
        }
    }
}

/// True if the method needs a histogram.
fn needs_histogram(method: Method) -> bool {
    matches!(
        method,
        Method::Percentile(_) | Method::Mse | Method::Entropy
    )
}

/// How much wider than what was seen the ranges of int16 tensors are: values that no sample has
/// are clipped far more than one bit of sixteen costs.
const HEADROOM: f32 = 2.0;

/// The method for a tensor in int16: the user's range, else all that was seen.
fn wide(method: Method) -> Method {
    match method {
        Method::Range(..) => method,
        _ => Method::MinMax,
    }
}

/// Chooses the range of a tensor by a method.
fn choose(method: Method, seen: RealRange, histogram: Option<&Histogram>) -> RealRange {
    let (min, max) = match (method, histogram) {
        (Method::Range(min, max), _) => (min, max),
        (Method::Symmetric, _) => {
            let max = seen.max.max(-seen.min);
            (-max, max)
        }
        (Method::Percentile(percent), Some(h)) => h.percentile(percent),
        (Method::Mse, Some(h)) => h.least_square_error(),
        (Method::Entropy, Some(h)) => h.least_divergence(),
        _ => (seen.min, seen.max),
    };
    RealRange { min, max }
}

/// For each input whose chosen range is less than half of the observed one: that range. The
/// program clips the input's values to it, so that no operator behind it sees the outliers.
pub(crate) fn cut_inputs(
    graph: &Graph,
    samples: &Samples<'_>,
    values: &[(ValueId, Method)],
) -> Vec<Option<RealRange>> {
    let cut = |(i, port): (usize, &Port)| {
        let (_, method) = values.iter().find(|(value, _)| *value == port.value)?;
        // One at a time: a view of each of many small samples takes more than they do.
        let data = || {
            let numbers = samples.numbers.iter();
            numbers.map(|&number| samples.dataset.sample(number)[i].to_owned())
        };
        let seen = data()
            .map(|data| Seen::of(&data, None))
            .reduce(|mut all, one| {
                all.merge(&one);
                all
            })?;
        let Seen {
            range, magnitudes, ..
        } = seen;
        let histogram = needs_histogram(*method).then(|| {
            let mut histogram = Histogram::new(&Bins::new(range.min, range.max, &magnitudes));
            let all = (f32::MIN, f32::MAX);
            data().for_each(|data| {
                histogram.add(&reach::told_apart(&data.view(), None), all);
            });
            histogram
        });
        let chosen = choose(*method, range, histogram.as_ref());
        // Every range contains zero.
        let kept = range.max.min(chosen.max.max(0.0)) - range.min.max(chosen.min.min(0.0));
        let is_cut = kept < (range.max - range.min) / 2.0 && is_clipped(graph, port.value);
        is_cut.then_some(chosen)
    };
    graph.inputs.iter().enumerate().map(cut).collect()
}

/// The tensors whose methods need a histogram; a given range shows only there how much it clips.
pub(crate) fn counted(values: &[(ValueId, Method)]) -> Vec<ValueId> {
    let is_counted =
        |method: Method| needs_histogram(method) || matches!(method, Method::Range(..));
    let counted = values.iter().filter(|(_, method)| is_counted(*method));
    counted.map(|(value, _)| *value).collect()
}

/// What is seen of all tensors in the samples: every method chooses its ranges from it.
pub(crate) struct Statistics {
    seen: HashMap<ValueId, Seen>,
    histograms: HashMap<ValueId, Histogram>,
    limits: HashMap<ValueId, RealRange>,
}

impl Statistics {
    /// Runs the samples; the tensors `counted` get histograms.
    pub(crate) fn of(graph: &Graph, samples: &Samples<'_>, counted: &[ValueId]) -> Result<Self> {
        let histories = samples.histories(graph)?;
        // The extremes come first: histograms need them.
        let depths = reach::row_depths(graph);
        let mut merged: HashMap<ValueId, Seen> = HashMap::new();
        for part in histories.chunks(TOGETHER) {
            let seen = observe(graph, samples, part, |value, data| {
                let is_output = graph.outputs.iter().any(|port| port.value == value);
                Seen {
                    elements: is_output.then(|| Elements::of(data)),
                    ..Seen::of(data, depths.get(&value).copied())
                }
            })?;
            for (value, seen) in seen.into_iter().flatten() {
                match merged.get_mut(&value) {
                    Some(all) => all.merge(&seen),
                    None => _ = merged.insert(value, seen),
                }
            }
        }
        let ranges = merged.iter().map(|(value, seen)| (*value, seen.range));
        let limits = reach::limits(graph, &ranges.collect());
        for (value, seen) in &mut merged {
            if let Some(limit) = limits.get(value) {
                seen.range = RealRange {
                    min: limit.clamp(seen.range.min),
                    max: limit.clamp(seen.range.max),
                };
            }
        }
        let bins: HashMap<ValueId, Bins> = counted
            .iter()
            .filter_map(|value| {
                let Seen {
                    range, magnitudes, ..
                } = merged.get(value)?;
                Some((*value, Bins::new(range.min, range.max, magnitudes)))
            })
            .collect();
        let mut histograms: HashMap<ValueId, Histogram> = HashMap::new();
        let counted = if bins.is_empty() { &[] } else { &histories[..] };
        for part in counted.chunks(TOGETHER) {
            let of_samples = observe(graph, samples, part, |value, data| {
                let mut histogram = Histogram::new(bins.get(&value)?);
                let range = merged.get(&value)?.range;
                let depth = depths.get(&value).copied();
                let data = data.view();
                histogram.add(&reach::told_apart(&data, depth), (range.min, range.max));
                Some(histogram)
            })?;
            for (value, histogram) in of_samples.into_iter().flatten() {
                if let Some(histogram) = histogram {
                    match histograms.get_mut(&value) {
                        Some(all) => all.merge(&histogram),
                        None => _ = histograms.insert(value, histogram),
                    }
                }
            }
        }
        Ok(Self {
            seen: merged,
            histograms,
            limits,
        })
    }

    /// Chooses a range for each of `values`; `cuts` are those of the samples.
    pub(crate) fn ranges(
        &self,
        graph: &Graph,
        cuts: &[Option<RealRange>],
        values: &[(ValueId, Method)],
    ) -> Ranges {
        let mut ranges = Ranges::default();
        // Limits constants, too: see `clip_constants`.
        for (&value, &limit) in &self.limits {
            if graph.values[value].constant.is_some() {
                ranges.by_value.insert(value, limit);
            }
        }
        for (value, method) in values {
            if let Some(extremes) = self.range(*value, wide(*method)) {
                let widened = |x: f32| match method {
                    Method::Range(..) => x,
                    _ => (x * HEADROOM).clamp(f32::MIN, f32::MAX),
                };
                let extremes = RealRange {
                    min: widened(extremes.min),
                    max: widened(extremes.max),
                };
                ranges.extremes.insert(*value, extremes);
            }
            if let Some(range) = self.range(*value, *method) {
                ranges.by_value.insert(*value, range);
            } else if let Method::Range(min, max) = *method {
                // In a branch that no sample takes.
                ranges.by_value.insert(*value, RealRange { min, max });
            }
        }
        regions::include_constants(graph, values, &mut ranges);
        for (port, cut) in graph.inputs.iter().zip(cuts) {
            if let Some(range) = cut {
                ranges.by_value.insert(port.value, *range);
                if let Some(extremes) = ranges.extremes.get_mut(&port.value) {
                    *extremes = *range;
                }
            }
        }
        ranges
    }

    /// What else was seen, with the ranges that were chosen.
    pub(crate) fn observations(
        &self,
        values: &[(ValueId, Method)],
        ranges: &Ranges,
    ) -> Observations {
        let mut observations = Observations::default();
        for (value, seen) in &self.seen {
            observations.ranges.insert(*value, seen.range);
            if let Some(elements) = &seen.elements {
                observations.movements.insert(*value, elements.movement());
            }
        }
        for (value, _) in values {
            let chosen = ranges.by_value.get(value);
            if let (Some(range), Some(histogram)) = (chosen, self.histograms.get(value)) {
                let share = histogram.share_clipped(range.min, range.max);
                observations.clipped.insert(*value, share);
            }
        }
        observations
    }

    /// The range that a method chooses for a tensor; `None` if no sample computes it.
    pub(crate) fn range(&self, value: ValueId, method: Method) -> Option<RealRange> {
        let seen = self.seen.get(&value)?;
        Some(choose(method, seen.range, self.histograms.get(&value)))
    }
}

/// Clips constants to the range beyond which their readers saturate.
pub(crate) fn clip_constants(graph: &mut Graph, ranges: &Ranges) {
    for (&value, range) in &ranges.by_value {
        if let Some(Constant::F32(data)) = &mut graph.values[value].constant {
            data.mapv_inplace(|x| range.clamp(x));
        }
    }
}

/// True if no operator reads a tensor in float.
fn is_clipped(graph: &Graph, value: ValueId) -> bool {
    let mut readers = graph
        .nodes
        .iter()
        .filter(|node| node.inputs.contains(&Some(value)));
    readers.all(|node| !node.op.reads_f32() && graph.values[node.output()].kept.is_none())
}

/// Runs every sample and keeps `f` of every tensor.
fn observe<T: Send>(
    graph: &Graph,
    samples: &Samples<'_>,
    histories: &[History],
    f: impl Fn(ValueId, &ArrayD<f32>) -> T + Sync,
) -> Result<Vec<Vec<(ValueId, T)>>> {
    let seen = parallel::map_within(graph.live().0, histories, |(sample, states)| {
        let mut seen = Vec::new();
        let inputs = samples.sample(*sample);
        evaluate_from(graph, &views(&inputs), states, |value, data| {
            seen.push((value, f(value, data)))
        })?;
        Ok(seen)
    });
    seen.into_iter().collect()
}

/// The outputs of the float model, in the graph's order.
///
/// `states` is what the run before left, or empty for a fresh start.
pub(crate) fn outputs(
    graph: &Graph,
    inputs: &[ArrayViewD<'_, f32>],
    states: &mut Vec<ArrayD<f32>>,
) -> Result<Vec<ArrayD<f32>>> {
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
    })?;
    *states = next
        .into_iter()
        .zip(&graph.states)
        .map(|(next, state)| match next {
            Some(next) => Ok(next),
            // Nothing writes it.
            None => graph.initial(state),
        })
        .collect::<Result<_>>()?;
    outputs
        .into_iter()
        .zip(&graph.outputs)
        .map(|(output, port)| {
            let missing = || Error::internal(format!("output {:?} has no value", port.name));
            output
                .or_else(|| graph.values[port.value].real())
                .ok_or_else(missing)
        })
        .collect()
}
