//! Warnings about a dataset, and about ranges that it leads to: what compiles, and is probably
//! not what the user wants.

use super::Session;
use crate::calibrate::{Observations, RealRange, Samples};
use crate::ir::graph::{Graph, Node, Port, ValueId};
use crate::options::Options;
use crate::warning::{Warning, WarningKind};

/// Samples that should calibrate at least.
const SAMPLES: usize = 10;

/// The part of the widest element's range below which an element of the same input is narrow.
const NARROW: f32 = 0.1;

/// Elements of an input's last dimension above which they are taken for pixels or a signal of one
/// unit.
const FEATURES: usize = 64;

/// The part of an output's largest absolute value by which some element should change.
const MOVEMENT: f32 = 0.02;

/// By how many times ranges of joined tensors may differ.
const UNEVEN: f32 = 16.0;

/// The share of a tensor's values that may be clipped.
const CLIPPED: f64 = 0.01;

/// Tensors that warnings of one kind name at most.
const NAMED: usize = 3;

/// Operators that join tensors of one kind of value.
const JOINS: &[&str] = &[
    "ADD",
    "ADD_N",
    "CONCATENATION",
    "MAXIMUM",
    "MINIMUM",
    "PACK",
    "SELECT",
    "SELECT_V2",
];

/// A warning with a number that says how bad it is.
type Found = (f64, String, String);

impl Session {
    /// The warnings about a calibration, whether they are allowed or not. `graph` has been
    /// calibrated; `samples` cut its inputs.
    pub(super) fn warnings(
        &self,
        graph: &Graph,
        samples: &Samples<'_>,
        seen: &Observations,
    ) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let cut = |input: usize| samples.cuts.get(input).copied().flatten();
        let count = samples.numbers.len();
        if count < SAMPLES {
            let what = if count == 1 {
                "only 1 sample calibrates".to_owned()
            } else {
                format!("only {count} samples calibrate")
            };
            warnings.push(Warning {
                kind: WarningKind::FewSamples,
                tensor: None,
                message: format!(
                    "{what}: ranges may be too narrow for other inputs; give some hundred samples like those that \
                     the program will see"
                ),
            });
        }
        let inputs = || graph.inputs.iter().enumerate();
        let inputs = || inputs().filter(|(_, port)| port.element.is_real());
        let constant: Vec<Found> = inputs()
            .filter_map(|(i, port)| constant_input(samples, i, port))
            .collect();
        // Outputs cannot change if no input does.
        let changes = constant.is_empty() || constant.len() < inputs().count();
        add(&mut warnings, WarningKind::ConstantInput, constant);
        // What is normalized in float, element by element, has a scale behind that.
        let quantized = inputs().filter(|(_, port)| is_read_quantized(graph, port.value));
        let mixed = quantized.filter_map(|(i, port)| mixed_units(samples, i, port));
        add(&mut warnings, WarningKind::MixedUnits, mixed.collect());
        if changes {
            let flat = graph.outputs.iter();
            let flat = flat.filter_map(|port| flat_output(seen, port, count));
            add(&mut warnings, WarningKind::FlatOutput, flat.collect());
        }
        let uneven = graph
            .nodes
            .iter()
            .filter_map(|node| uneven_join(graph, node, seen));
        add(&mut warnings, WarningKind::UnevenJoin, uneven.collect());
        let of_inputs: Vec<(ValueId, f64)> = inputs()
            .filter_map(|(i, port)| Some((port.value, cut_share(samples, i, cut(i)?))))
            .collect();
        let clipped = seen.clipped.iter().map(|(value, share)| (*value, *share));
        let clipped = clipped.chain(of_inputs).filter_map(|(value, share)| {
            let name = graph.values[value].name.clone();
            let message = format!(
                "{:.1} % of the values of {name:?} lie outside of the range that was chosen for it: if they matter, \
                 give it `minmax` or a range by `tensors(..)`",
                share * 100.0
            );
            (share > CLIPPED).then_some((share, name, message))
        });
        add(&mut warnings, WarningKind::Clipped, clipped.collect());
        warnings
    }
}

/// The warnings that the user has not switched off.
pub(super) fn wanted(warnings: Vec<Warning>, options: &Options) -> Vec<Warning> {
    let is_wanted = |warning: &Warning| !options.allow.contains(&warning.kind);
    warnings.into_iter().filter(is_wanted).collect()
}

/// Adds the worst warnings of a kind.
fn add(warnings: &mut Vec<Warning>, kind: WarningKind, mut found: Vec<Found>) {
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let more = found.len().saturating_sub(NAMED);
    found.truncate(NAMED);
    let last = found.len().saturating_sub(1);
    for (i, (_, tensor, mut message)) in found.into_iter().enumerate() {
        if i == last && more > 0 {
            message += &format!(", as of {more} other tensors");
        }
        warnings.push(Warning {
            kind,
            tensor: Some(tensor),
            message,
        });
    }
}

fn constant_input(samples: &Samples<'_>, input: usize, port: &Port) -> Option<Found> {
    let (&first, others) = samples.numbers.split_first()?;
    let data = |number: usize| samples.dataset.sample(number)[input].to_owned();
    let first = data(first);
    let is_one_number = first.iter().all(|x| Some(x) == first.first()) && first.len() > 1;
    let is_constant = others.iter().all(|&number| data(number) == first);
    let message = format!(
        "the input {:?} is the same in all samples that calibrate: nothing is known about how the model reacts to \
         other values; give samples with all values that it can have",
        port.name
    );
    (is_constant && (is_one_number || !others.is_empty()))
        .then(|| (0.0, port.name.clone(), message))
}

/// True if an operator reads a tensor's int8 form.
fn is_read_quantized(graph: &Graph, value: ValueId) -> bool {
    let mut readers = graph
        .nodes
        .iter()
        .filter(|node| node.inputs.contains(&Some(value)));
    readers.any(|node| !node.op.reads_f32() && graph.values[node.output()].kept.is_none())
}

/// Elements along the last dimension that stay within a small part of the range of others.
fn mixed_units(samples: &Samples<'_>, input: usize, port: &Port) -> Option<Found> {
    let features = port
        .shape
        .last()
        .copied()
        .filter(|n| (2..=FEATURES).contains(n))?;
    let mut ranges = vec![(f32::INFINITY, f32::NEG_INFINITY); features];
    for &number in samples.numbers {
        for (i, x) in samples.dataset.sample(number)[input].iter().enumerate() {
            let (low, high) = &mut ranges[i % features];
            (*low, *high) = (low.min(*x), high.max(*x));
        }
    }
    let widths: Vec<f32> = ranges.iter().map(|(low, high)| high - low).collect();
    let widest = widths.iter().copied().fold(0.0, f32::max);
    // An element that never changes needs no steps.
    let is_narrow = |width: f32| width > 0.0 && width < widest * NARROW;
    let narrow: Vec<usize> = (0..features).filter(|&i| is_narrow(widths[i])).collect();
    let least = narrow.iter().map(|&i| widths[i]).reduce(f32::min)?;
    let shown: Vec<String> = narrow.iter().take(8).map(usize::to_string).collect();
    let more = if narrow.len() > shown.len() {
        ", .."
    } else {
        ""
    };
    let (elements, stay) = if narrow.len() == 1 {
        ("element", "stays")
    } else {
        ("elements", "stay")
    };
    let message = format!(
        "{elements} {}{more} of the input {:?} {stay} within a tenth of the range that others have, down to 1/{:.0} of \
         it: one scale for all leaves few int8 steps to them; scale all to similar ranges before the model, or make \
         separate inputs",
        shown.join(", "),
        port.name,
        widest / least
    );
    Some((f64::from(widest / least), port.name.clone(), message))
}

fn flat_output(seen: &Observations, port: &Port, samples: usize) -> Option<Found> {
    if samples < 2 || !port.element.is_real() {
        return None;
    }
    let (movement, range) = (
        seen.movements.get(&port.value)?,
        seen.ranges.get(&port.value)?,
    );
    let largest = range.max.max(-range.min);
    let message = format!(
        "the output {:?} hardly changes over the samples, by {} at most, and its largest absolute value is {}: give \
         samples for which the model has other answers",
        port.name,
        short(*movement),
        short(largest)
    );
    (*movement <= largest * MOVEMENT).then(|| (0.0, port.name.clone(), message))
}

fn uneven_join(graph: &Graph, node: &Node, seen: &Observations) -> Option<Found> {
    let output = &graph.values[node.output()];
    if !JOINS.contains(&node.op.name()) || output.kept.is_some() || !output.element.is_real() {
        return None;
    }
    // Every range contains 0.
    let width = |value: ValueId| {
        let range = seen.ranges.get(&value)?;
        Some((range.max.max(0.0) - range.min.min(0.0), value))
    };
    let widths = graph.real_operands(node).filter_map(width);
    // A tensor of zeros needs no steps.
    let widths: Vec<(f32, ValueId)> = widths.filter(|(w, _)| *w > 0.0 && w.is_finite()).collect();
    let by_width = |a: &&(f32, ValueId), b: &&(f32, ValueId)| a.0.total_cmp(&b.0);
    let (most, wide) = *widths.iter().max_by(by_width)?;
    let (least, narrow) = *widths.iter().min_by(by_width)?;
    let name = |value: ValueId| graph.values[value].name.clone();
    let message = format!(
        "{} #{} joins {:?} with {:?}, whose range is {:.0} times as wide: few int8 steps are left to the former; if it \
         matters, scale them alike in the model, or keep the result in float by `tensors({:?}: float)`",
        node.op.name(),
        node.index,
        name(narrow),
        name(wide),
        most / least,
        output.name
    );
    (most > least * UNEVEN).then(|| (f64::from(most / least), name(narrow), message))
}

/// A number with three digits that count.
fn short(x: f32) -> String {
    let rounded: f32 = format!("{x:.2e}").parse().unwrap_or(x);
    format!("{rounded:?}")
}

/// The share of an input's values outside of the range that it is cut to.
fn cut_share(samples: &Samples<'_>, input: usize, range: RealRange) -> f64 {
    let (mut all, mut outside) = (0_u64, 0_u64);
    for &number in samples.numbers {
        for x in samples.dataset.sample(number)[input].iter() {
            all += 1;
            outside += u64::from(*x < range.min.min(0.0) || *x > range.max.max(0.0));
        }
    }
    outside as f64 / all.max(1) as f64
}
