//! Which tensors of a float model are held in int16.
//!
//! TFLite's 16x8 quantization: activations are int16 with zero point 0, weights int8 as ever
//! (<https://ai.google.dev/edge/litert/conversion/tensorflow/quantization/post_training_integer_quant_16x8>).
//! An operator computes in the type of its output; operands of the other type are converted.

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
    let free = |graph: &Graph, v: ValueId| {
        let value = &graph.values[v];
        value.element == ElementType::F32 && value.quantization.is_none() && value.kept.is_none()
    };
    let candidates: Vec<ValueId> = computed(graph)
        .into_iter()
        .filter(|&v| free(graph, v))
        .collect();
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
    if chosen.is_empty() {
        return Ok(());
    }
    let sets = moved_together(graph);
    let chosen: Vec<ValueId> = chosen.into_iter().map(|v| sets.find(v)).collect();
    for value in candidates {
        if chosen.contains(&sets.find(value)) {
            graph.values[value].element = ElementType::I16;
        }
    }
    Ok(())
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
