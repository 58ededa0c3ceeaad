//! What the samples do in branches and loops: every loop must end, and every branch must be
//! taken whose tensors need ranges.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::{Evaluation, Method, Ranges, RealRange, Samples, views};
use crate::error::{Error, Result};
use crate::ir::control::{RegionId, Variable, WHOLE};
use crate::ir::graph::{Graph, Node, ValueId};
use crate::limits::ROUNDS;
use crate::parallel;

/// Runs the float model on all samples and looks where they go; `values` are to be calibrated.
pub(crate) fn check(
    graph: &Graph,
    samples: &Samples<'_>,
    values: &[(ValueId, Method)],
) -> Result<()> {
    if graph.regions.is_empty() {
        return Ok(());
    }
    let histories = samples.histories(graph)?;
    // The first sample on which a loop does not end: what later ones do is not asked.
    let endless = AtomicUsize::new(usize::MAX);
    let ways = parallel::map(&histories, |(sample, states)| {
        let inputs = samples.sample(*sample);
        let mut evaluation = Evaluation::new(graph, &views(&inputs), states)?;
        let mut way = Way::default();
        while *sample <= endless.load(Relaxed) && evaluation.step(graph)?.is_some() {
            let Some(node) = evaluation.last() else {
                continue;
            };
            way.regions.insert(node.region);
            if let Some(condition) = chooses(node) {
                way.chosen
                    .insert((node.output(), evaluation.is_true(condition)));
            }
        }
        if evaluation.is_endless() {
            endless.fetch_min(*sample, Relaxed);
        }
        Ok(way)
    });
    let mut all = Way::default();
    let sample = endless.into_inner();
    if sample != usize::MAX {
        return Err(Error::dataset(format!(
            "the loops of the model run more than {ROUNDS} rounds on sample {sample}: \
             give samples on which they end, or bound them in the model"
        )));
    }
    for result in ways {
        let way = result?;
        all.regions.extend(way.regions);
        all.chosen.extend(way.chosen);
    }
    let needs_range = |v: &ValueId| {
        let mut methods = values.iter().filter(|(value, _)| value == v);
        methods.any(|(_, method)| !matches!(method, Method::Range(..)))
    };
    for node in &graph.nodes {
        let Some(&value) = node.outputs.iter().find(|v| needs_range(v)) else {
            continue;
        };
        if !all.enters(graph, node.region) {
            let region = graph.regions.get(node.region);
            let place = region.map_or("", |region| region.place.as_str());
            return Err(missing(graph, place, value));
        }
        if chooses(node).is_none() {
            continue;
        }
        for (operand, when) in [(1, true), (2, false)] {
            let computed = node.inputs.get(operand).copied().flatten();
            let is_constant = computed.is_none_or(|v| graph.values[v].constant.is_some());
            if !is_constant && !all.chosen.contains(&(value, when)) {
                let branch = if when { "then" } else { "else" };
                let place = format!("the {branch} branch of {}", node.place(graph));
                return Err(missing(graph, &place, value));
            }
        }
    }
    Ok(())
}

/// The branches that samples take.
#[derive(Default)]
struct Way {
    regions: HashSet<RegionId>,
    /// Outputs of IF, each with the branches that they came from.
    chosen: HashSet<(ValueId, bool)>,
}

impl Way {
    fn enters(&self, graph: &Graph, region: RegionId) -> bool {
        let inner = |&id: &RegionId| graph.regions.contains(region, id);
        region == WHOLE || self.regions.iter().any(inner)
    }
}

/// The condition of an operator that chooses between branches.
fn chooses(node: &Node) -> Option<ValueId> {
    let chooses = node.op.is_control() && !node.op.carries();
    node.inputs.first().copied().flatten().filter(|_| chooses)
}

fn missing(graph: &Graph, place: &str, value: ValueId) -> Error {
    let name = &graph.values[value].name;
    Error::dataset(format!(
        "no sample of the dataset takes {place}, so the range of the tensor {name:?} is not known: \
         add samples that do, or give the ranges of all that it computes, e.g. \
         `tensors({name:?}: range(-1.0, 1.0))`"
    ))
}

/// Constants that a branch gives, and those that a loop begins or goes on with, belong to the
/// range of what they become.
pub(super) fn include_constants(graph: &Graph, values: &[(ValueId, Method)], ranges: &mut Ranges) {
    let controls = graph.nodes.iter().filter(|node| node.op.is_control());
    for node in controls {
        let is_given = |(value, method): &(ValueId, Method)| {
            *value == node.output() && matches!(method, Method::Range(..))
        };
        let Some(range) = ranges.by_value.get_mut(&node.output()) else {
            continue;
        };
        if values.iter().any(is_given) {
            continue;
        }
        for &value in node.inputs.iter().flatten() {
            let value = &graph.values[value];
            for &x in value
                .real()
                .iter()
                .flatten()
                .filter(|_| value.element.is_real())
            {
                *range = range.union(RealRange { min: x, max: x });
            }
        }
    }
    // Both hold what a loop's variable is in one round or another.
    for Variable { value, next } in graph.regions.variables() {
        let both = [value, next].map(|v| ranges.by_value.get(&v).copied());
        if let Some(all) = both.into_iter().flatten().reduce(RealRange::union) {
            ranges.by_value.insert(value, all);
            ranges.by_value.insert(next, all);
        }
    }
}
