//! The distribution of every tensor's values over the samples, and the range that was chosen.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::metrics::finite;
use super::progress::Progress;
use super::statistics::{HistogramReport, Percentile, Statistics};
use crate::arithmetic::quant_params::QuantParams;
use crate::calibrate::{History, RealRange, Samples, evaluate_from, views};
use crate::error::Result;
use crate::ir::graph::{ElementType, Graph, ValueId};
use crate::ir::quant_graph::QuantGraph;
use crate::parallel;

/// The range of real values that a quantized tensor can hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChosenRange {
    /// The smallest value that it can hold.
    pub min: f64,
    /// The largest value that it can hold.
    pub max: f64,
    /// The difference between two neighbouring values.
    pub scale: f64,
    /// The quantized number that stands for 0.
    pub zero_point: i32,
}

/// The values of one tensor over all calibrating samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TensorReport {
    /// The name in the model's file, as `tensors(..)` takes it.
    pub name: String,
    /// What it is: `input`, `state`, `output`, or the operator that computes it.
    pub role: String,
    /// The index of the operator that computes it.
    pub operator: Option<usize>,
    /// The shape, with the batch.
    pub shape: Vec<usize>,
    /// Its element type in the quantized program.
    pub element: String,
    /// What it can hold there; `None` if it is not quantized.
    pub range: Option<ChosenRange>,
    /// Numbers that the statistics are of: elements times samples.
    pub count: u64,
    /// Numbers that are infinite or not a number, which no statistic counts.
    pub not_finite: u64,
    /// The smallest number.
    pub min: f64,
    /// The largest number.
    pub max: f64,
    /// The mean of all numbers.
    pub mean: f64,
    /// The standard deviation.
    pub deviation: f64,
    /// The excess kurtosis: 0 for a normal distribution, large if a few values lie far out;
    /// `None` if all are equal.
    pub kurtosis: Option<f64>,
    /// Share of numbers that are exactly 0.
    pub zeros: f64,
    /// Share of numbers that lie outside of the chosen range.
    pub clipped: f64,
    /// Values below which given shares of all lie.
    pub percentiles: Vec<Percentile>,
    /// How many values lie where.
    pub histogram: HistogramReport,
}

/// Samples whose statistics are summed up before they join the others.
const PER_TASK: usize = 4;

/// Tasks whose results are kept at the same time, at most: each takes about 80 kB for a tensor.
const TASKS: usize = 8;

/// What a quantized tensor of these parameters can hold, a half step beyond its ends included:
/// what rounds to an end is not clipped.
fn reach(params: QuantParams, element: ElementType) -> RealRange {
    let chosen = chosen_range(params, element);
    RealRange {
        min: (chosen.min - chosen.scale / 2.0) as f32,
        max: (chosen.max + chosen.scale / 2.0) as f32,
    }
}

fn chosen_range(params: QuantParams, element: ElementType) -> ChosenRange {
    let (low, high) = element.limits();
    let scale = f64::from(params.scale);
    let real = |q: i32| finite(scale * f64::from(q - params.zero_point));
    ChosenRange {
        min: real(low),
        max: real(high),
        scale,
        zero_point: params.zero_point,
    }
}

/// The element type, and scale and zero point, of values by their number.
pub(super) type Forms = BTreeMap<ValueId, (ElementType, Option<QuantParams>)>;

/// How the program holds each value: the quantized form where there are two. A tensor that is only
/// another view of one before has its form.
pub(super) fn forms(graph: &Graph, program: &QuantGraph) -> Forms {
    let mut forms = BTreeMap::new();
    for tensor in &program.tensors {
        let Some(value) = tensor.value else { continue };
        let form = (tensor.element, tensor.params);
        let known = forms.entry(value).or_insert(form);
        if known.1.is_none() {
            *known = form;
        }
    }
    for (&id, params) in program.inputs.iter().zip(&program.input_params) {
        if let Some(value) = program.tensors[id].value {
            let known = forms.entry(value).or_insert((ElementType::F32, None));
            if let (None, Some(params)) = (known.1, params) {
                *known = (ElementType::I8, Some(*params));
            }
        }
    }
    for node in graph.nodes.iter().filter(|node| node.op.is_view()) {
        let input = node.inputs.first().copied().flatten();
        let form = input.and_then(|input| forms.get(&input).copied());
        if let Some(form) = form {
            forms.entry(node.output()).or_insert(form);
        }
    }
    forms
}

/// Runs the float model on the samples and reports on every tensor of real numbers. Inputs are
/// reported as the dataset has them, not as they are cut.
pub(super) fn tensors(
    graph: &Graph,
    forms: &Forms,
    samples: &Samples<'_>,
    progress: &dyn Progress,
) -> Result<Vec<TensorReport>> {
    let range = |value: ValueId| {
        let (element, params) = forms.get(&value)?;
        Some(reach((*params)?, *element))
    };
    let of_task = |task: &[History]| -> Result<BTreeMap<ValueId, Statistics>> {
        let mut all: BTreeMap<ValueId, Statistics> = BTreeMap::new();
        for (number, states) in task {
            let raw = samples.dataset.sample(*number);
            let inputs = samples.sample(*number);
            evaluate_from(graph, &views(&inputs), states, |value, data| {
                if !graph.values[value].element.is_real() {
                    return;
                }
                let input = graph.inputs.iter().position(|port| port.value == value);
                let of = |data: &[f32]| Statistics::of(data, range(value));
                let seen = match input.map(|i| &raw[i]) {
                    Some(raw) => of(&raw.iter().copied().collect::<Vec<_>>()),
                    None => match data.as_slice_memory_order() {
                        Some(data) => of(data),
                        None => of(&data.iter().copied().collect::<Vec<_>>()),
                    },
                };
                all.entry(value).or_default().merge(&seen);
            })?;
            progress.advance(1);
        }
        Ok(all)
    };
    let histories = samples.histories(graph)?;
    let mut all: BTreeMap<ValueId, Statistics> = BTreeMap::new();
    // However many there are, results are merged in the order of samples.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    for some in histories.chunks(PER_TASK * cores.min(TASKS)) {
        let tasks: Vec<&[History]> = some.chunks(PER_TASK).collect();
        let parts = parallel::map_within(graph.live().0, &tasks, |task| of_task(task));
        for part in parts {
            for (value, statistics) in part? {
                all.entry(value).or_default().merge(&statistics);
            }
        }
    }
    Ok(described(graph, forms, all))
}

/// The tensors of a quantized file, with their ranges and without statistics.
pub(super) fn tensors_of_file(graph: &Graph, forms: &Forms) -> Vec<TensorReport> {
    let real = |value: &&ValueId| {
        let value = &graph.values[**value];
        value.element.is_real() && value.constant.is_none()
    };
    let all = forms.keys().filter(real);
    described(
        graph,
        forms,
        all.map(|&value| (value, Statistics::default())).collect(),
    )
}

/// Reports from statistics, in the order in which tensors are computed.
fn described(
    graph: &Graph,
    forms: &Forms,
    all: BTreeMap<ValueId, Statistics>,
) -> Vec<TensorReport> {
    let producers = graph.producers();
    let describe = |(value, statistics): (ValueId, Statistics)| {
        let tensor = &graph.values[value];
        let node = producers[value].map(|position| &graph.nodes[position]);
        let role = match node {
            Some(node) => node.op.name(),
            None if graph.inputs.iter().any(|port| port.value == value) => "input",
            None => "state",
        };
        let form = forms.get(&value);
        TensorReport {
            name: tensor.name.clone(),
            role: role.to_owned(),
            operator: node.map(|node| node.index),
            shape: tensor.shape.clone(),
            element: form.map_or(tensor.element, |f| f.0).name().to_owned(),
            range: form.and_then(|(element, params)| Some(chosen_range((*params)?, *element))),
            count: statistics.count,
            not_finite: statistics.not_finite,
            min: if statistics.count == 0 {
                0.0
            } else {
                statistics.min.into()
            },
            max: if statistics.count == 0 {
                0.0
            } else {
                statistics.max.into()
            },
            mean: statistics.mean(),
            deviation: statistics.deviation(),
            kurtosis: statistics.kurtosis(),
            zeros: statistics.share_of_zeros(),
            clipped: statistics.share_clipped(),
            percentiles: statistics.percentiles(),
            histogram: statistics.histogram(),
        }
    };
    // In the order in which they are computed.
    let order = |value: &ValueId| (producers[*value].map_or(0, |p| p + 1), *value);
    let mut all: Vec<_> = all.into_iter().collect();
    all.sort_by_key(|(value, _)| order(value));
    all.into_iter().map(describe).collect()
}
