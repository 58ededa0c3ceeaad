//! Which tensors of a float model are held in int16.
//!
//! TFLite's 16x8 quantization: activations are int16 with zero point 0, weights int8 as ever
//! (<https://ai.google.dev/edge/litert/conversion/tensorflow/quantization/post_training_integer_quant_16x8>).
//! An operator that reads or writes int16 computes in int16; what is int8 there is converted. One
//! with weights reads either type, and writes either.

use super::spelling::closest;
use crate::calibrate::Method;
use crate::error::{Blame, Error, Result};
use crate::ir::context::QuantRule;
use crate::ir::disjoint_sets::DisjointSets;
use crate::ir::graph::{ElementType, Graph, ValueId};
use crate::options::{Activations, Options};
use crate::quantize::scales::computed;

/// Gives the tensors that the user wants in int16 this type, and all that only move their values.
pub(super) fn choose(graph: &mut Graph, options: &Options) -> Result<()> {
    let candidates = candidates(graph);
    let mut chosen: Vec<ValueId> = match options.activations {
        Activations::Int8 => Vec::new(),
        Activations::Int16 => candidates.clone(),
    };
    for (clause, (name, method)) in options.tensors.iter().enumerate() {
        if *method == Method::Int16 {
            chosen.extend(
                named(graph, &candidates, name)
                    .map_err(|message| Error::new(Blame::Tensor(clause), message))?,
            );
        }
    }
    if !chosen.is_empty() {
        widen(graph, &candidates, &chosen);
    }
    Ok(())
}

/// Gives the tensors of a calibrated graph the types that they have in `from`, the graph that it
/// was made from.
pub(super) fn copy(from: &Graph, to: &mut Graph) {
    for (from, to) in from.values.iter().zip(&mut to.values) {
        to.element = from.element;
    }
}

/// The tensors that are int8 and could be int16.
pub(super) fn candidates(graph: &Graph) -> Vec<ValueId> {
    let is_free = |v: &ValueId| {
        let value = &graph.values[*v];
        value.element == ElementType::F32 && value.quantization.is_none() && value.kept.is_none()
    };
    computed(graph).into_iter().filter(is_free).collect()
}

/// Makes `chosen` int16, and all candidates that their values only move to or come from.
pub(super) fn widen(graph: &mut Graph, candidates: &[ValueId], chosen: &[ValueId]) {
    let sets = moved_together(graph);
    let chosen: Vec<ValueId> = chosen.iter().map(|&v| sets.find(v)).collect();
    for &value in candidates {
        if chosen.contains(&sets.find(value)) {
            graph.values[value].element = ElementType::I16;
        }
    }
}

/// The tensors of this name.
fn named(graph: &Graph, candidates: &[ValueId], name: &str) -> Result<Vec<ValueId>, String> {
    let named: Vec<ValueId> = candidates
        .iter()
        .copied()
        .filter(|&v| graph.is_called(v, name))
        .collect();
    if !named.is_empty() {
        return Ok(named);
    }
    let names: Vec<&str> = candidates
        .iter()
        .map(|&v| graph.values[v].name.as_str())
        .chain(
            graph
                .inputs
                .iter()
                .chain(&graph.outputs)
                .map(|p| p.name.as_str()),
        )
        .collect();
    Err(format!(
        "no tensor that can be int16 is called {name:?}{}",
        closest(name, &names)
    ))
}

/// Tensors that have one type, because operators move elements from one to the other as they are.
fn moved_together(graph: &Graph) -> DisjointSets {
    let mut sets = DisjointSets::new(graph.values.len());
    for (value, next) in graph.variables() {
        sets.unite(value, next);
    }
    for node in &graph.nodes {
        let moves = matches!(
            node.op.rule(),
            QuantRule::SameAsInput | QuantRule::SameAsAllInputs | QuantRule::SelectsInputs
        );
        if moves && node.op.cast().is_none() {
            let operands: Vec<ValueId> = graph.real_operands(node).collect();
            for value in operands.into_iter().chain(node.outputs.iter().copied()) {
                sets.unite(value, node.output());
            }
        }
    }
    sets
}
