//! What other ranges of one tensor would do, without a calibration for each.

use serde::{Deserialize, Serialize};

use super::Search;
use super::changes::Change;
use super::noise::noise_of;
use super::program::Built;
use super::rank::{NOTHING, Rank};
use super::stages::{Archive, METHODS, gains};
use super::target::Margin;
use crate::analysis::progress::Progress as _;
use crate::calibrate::{Method, RealRange};
use crate::error::Result;
use crate::ir::graph::ValueId;
use crate::ir::quant_graph::QuantGraph;
use crate::parallel;
use crate::quantize::measure::Noise;

/// Tensors whose ranges are tried, at most.
const TENSORS: usize = 48;

/// Ends of a range are changed by these factors.
const FACTORS: [f32; 2] = [0.8, 1.25];

/// How a range was chosen in an estimate that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Lever {
    /// As it is.
    Own,
    /// One of the methods, by its place in the list.
    Method(usize),
    /// As wide below zero as above.
    Symmetric,
    /// These ends.
    Range(f32, f32),
}

/// The values of all clauses with another range of one tensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Estimate {
    lever: Lever,
    values: Vec<f32>,
}

impl Lever {
    fn method(self) -> Option<Method> {
        match self {
            Lever::Own => None,
            Lever::Method(at) => METHODS.get(at).copied(),
            Lever::Symmetric => Some(Method::Symmetric),
            Lever::Range(min, max) => Some(Method::Range(min, max)),
        }
    }
}

impl Search<'_> {
    /// The operators of a setting; `None` if there is no time left, or if they cannot be exchanged
    /// one by one.
    pub(super) fn ranks(&self, change: &Change) -> Result<Option<Vec<Rank>>> {
        if !self.analysis.session.graph.regions.is_empty() {
            return Ok(None);
        }
        self.state.ranks(&change.key(), || {
            let built = self.built(change)?;
            self.rank(&built)
        })
    }

    /// True if the operators of the best setting have been exchanged already.
    pub(super) fn knows_ranks(&self, archive: &Archive) -> bool {
        self.state.has_ranks(&archive.best.change.key())
    }

    /// The tensors to try: the inputs, then those whose operators lose most. What the call itself
    /// says about a tensor stays.
    pub(super) fn tensors(&self, change: &Change) -> Result<Vec<String>> {
        let graph = &self.analysis.session.graph;
        let inputs = graph.inputs.iter();
        let inputs = inputs.map(|port| graph.values[port.value].name.clone());
        let mut tensors: Vec<String> = inputs.collect();
        match self.ranks(change)? {
            Some(mut ranks) => {
                ranks.retain(|rank| rank.only < NOTHING);
                ranks.sort_by(|a, b| a.only.total_cmp(&b.only));
                tensors.extend(ranks.into_iter().map(|rank| rank.tensor));
            }
            None => {
                let outputs = graph.nodes.iter().map(|node| node.output());
                tensors.extend(outputs.map(|value| graph.values[value].name.clone()));
            }
        }
        let mut seen = std::collections::HashSet::new();
        tensors.retain(|name| !name.is_empty() && !self.is_said(name) && seen.insert(name.clone()));
        tensors.truncate(TENSORS);
        Ok(tensors)
    }

    /// True if the call itself says something about this tensor.
    pub(super) fn is_said(&self, name: &str) -> bool {
        let graph = &self.analysis.session.graph;
        let ports = graph.inputs.iter().chain(&graph.outputs);
        let own = ports.filter(|port| graph.values[port.value].name == *name);
        let own: Vec<_> = own.collect();
        let mut clauses = self.call.tensors.iter();
        clauses.any(|(other, _)| other == name || own.iter().any(|port| port.is_called(other)))
    }

    /// The range of a tensor that gains most, if one gains enough, as far as estimates say; `None`
    /// also if there is no time left.
    pub(super) fn best_estimate(&self, change: &Change, tensor: &str) -> Result<Option<Method>> {
        let key = format!("{} => {tensor}", change.key());
        let estimates = match self.state.estimates(&key) {
            Some(known) => known,
            None if self.clock.is_stopped() => return Ok(None),
            None => {
                let estimates = self.estimated(change, tensor)?;
                self.state.keep_estimates(key, estimates.clone());
                estimates
            }
        };
        let margin = |estimate: &Estimate| Margin::of(self.clauses, &estimate.values);
        let Some((own, others)) = estimates.split_first() else {
            return Ok(None);
        };
        let best = others.iter().map(|e| (e.lever, margin(e)));
        let best = best.reduce(|a, b| if b.1.lack < a.1.lack { b } else { a });
        let best = best.filter(|(_, margin_now)| gains(margin_now, &margin(own)));
        Ok(best.and_then(|(lever, _)| lever.method()))
    }

    /// What the tensor's own range gives, and what others would; nothing for a tensor whose range
    /// is not chosen.
    fn estimated(&self, change: &Change, tensor: &str) -> Result<Vec<Estimate>> {
        let built = self.built(change)?;
        let named = built.tensors().find(|(name, ..)| *name == tensor);
        let Some((_, value, method)) = named.filter(|(_, value, _)| !built.is_of_bytes(*value))
        else {
            return Ok(Vec::new());
        };
        let levers = self.levers(&built, value, method);
        let part = &self.estimating;
        let (samples, runs) = (self.samples(&part.numbers), built.runs(self.data, part));
        let (graph, own) = (&built.graph, &built.program);
        let of_own = noise_of(graph, own, own, runs, &samples, part)?;
        let programs: Vec<(Lever, QuantGraph)> = levers
            .into_iter()
            .filter_map(|lever| {
                let change = change.with(tensor, lever.method()?);
                // What cannot be compiled is not tried.
                Some((lever, self.rebuild(&built, &change).ok()?))
            })
            .collect();
        let noise = parallel::map(&programs, |(_, program)| {
            noise_of(graph, own, program, runs, &samples, part)
        });
        let estimate = |((lever, _), noise): ((Lever, _), Result<Vec<Noise>>)| {
            Ok(Estimate {
                lever,
                values: self.values(&noise?),
            })
        };
        let own = Estimate {
            lever: Lever::Own,
            values: self.values(&of_own),
        };
        let others = programs.into_iter().zip(noise).map(estimate);
        std::iter::once(Ok(own)).chain(others).collect()
    }

    /// Ranges for a tensor that differ from its own and from each other.
    fn levers(&self, built: &Built, value: ValueId, method: Method) -> Vec<Lever> {
        let Some(own) = built.range(value, method) else {
            return Vec::new();
        };
        let mut known = vec![own];
        let mut levers = Vec::new();
        let mut offer = |lever: Lever, range: Option<RealRange>| {
            let Some(range) = range else { return };
            if !known.iter().any(|other| is_near(*other, range)) {
                known.push(range);
                levers.push(lever);
            }
        };
        for (at, method) in METHODS.into_iter().enumerate() {
            offer(Lever::Method(at), built.range(value, method));
        }
        if own.min < 0.0 {
            offer(Lever::Symmetric, built.range(value, Method::Symmetric));
        }
        // The range of an input may say what its bytes stand for.
        let is_input = self.analysis.session.graph.inputs.iter();
        if !is_input.clone().any(|port| port.value == value) {
            for factor in FACTORS {
                let [min, max] = [own.min, own.max].map(|end| short(end * factor));
                if min < max {
                    offer(Lever::Range(min, max), Some(RealRange { min, max }));
                }
            }
        }
        levers
    }
}

/// True if two ranges give nearly the same steps.
fn is_near(a: RealRange, b: RealRange) -> bool {
    let width = |r: RealRange| r.max.max(0.0) - r.min.min(0.0);
    let limit = width(a).max(width(b)) * 0.01;
    let ends = |r: RealRange| (r.min.min(0.0), r.max.max(0.0));
    let ((a0, a1), (b0, b1)) = (ends(a), ends(b));
    (a0 - b0).abs() <= limit && (a1 - b1).abs() <= limit
}

/// A number in three digits, as people write it.
fn short(x: f32) -> f32 {
    format!("{x:.2e}").parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_ranges_are_one() {
        let range = |min, max| RealRange { min, max };
        assert!(is_near(range(-1.0, 1.0), range(-1.01, 1.0)));
        assert!(!is_near(range(-1.0, 1.0), range(-1.1, 1.0)));
        // Every range contains zero.
        assert!(is_near(range(0.5, 1.0), range(0.0, 1.0)));
        assert_eq!(short(-0.123_456), -0.123);
    }
}
