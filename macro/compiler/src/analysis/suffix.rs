//! Runs the rest of a model after one tensor was exchanged: only what depends on it.

use std::collections::BTreeMap;

use ndarray::ArrayD;

use crate::calibrate::evaluate_node;
use crate::error::Result;
use crate::ir::buffer::Buffer;
use crate::ir::graph::{Graph, ValueId};
use crate::ir::quant_graph::{QuantGraph, Step, TensorId};

/// Tensors of the float model that differ from those of the run before, by value.
pub(super) type FloatChanges = BTreeMap<ValueId, ArrayD<f32>>;

/// Tensors of the program that differ from those of the run before.
pub(super) type ProgramChanges = BTreeMap<TensorId, Buffer>;

/// Runs the float operators behind position `from` that read a changed tensor. `base` has all
/// tensors of a run of the unchanged model, constants included.
pub(super) fn float_suffix(
    graph: &Graph,
    base: &[Option<ArrayD<f32>>],
    from: usize,
    changes: &mut FloatChanges,
) -> Result<()> {
    for node in graph.nodes.iter().skip(from) {
        let reads_changed = node
            .inputs
            .iter()
            .flatten()
            .any(|v| changes.contains_key(v));
        if !reads_changed {
            continue;
        }
        let tensor = |v: ValueId| changes.get(&v).or(base[v].as_ref());
        let (outputs, _) =
            evaluate_node(graph, node, tensor, |_| None).map_err(|e| e.at(node.place(graph)))?;
        for (&value, output) in node.outputs.iter().zip(outputs) {
            if base[value].as_ref() != Some(&output) {
                changes.insert(value, output);
            }
        }
    }
    Ok(())
}

/// Runs the steps of the program behind position `from` that read a changed tensor.
pub(super) fn program_suffix(
    program: &QuantGraph,
    base: &[Buffer],
    from: usize,
    changes: &mut ProgramChanges,
) {
    for step in program.steps.iter().skip(from) {
        if step.inputs.iter().any(|id| changes.contains_key(id)) {
            run_step(step, base, changes);
        }
    }
}

/// Runs one step on what has changed, or else on the run before, and adds what differs.
pub(super) fn run_step(step: &Step, base: &[Buffer], changes: &mut ProgramChanges) {
    let inputs = step.inputs.iter();
    let inputs: Vec<&Buffer> = inputs
        .map(|id| changes.get(id).unwrap_or(&base[*id]))
        .collect();
    let results = step.kernel.simulate_all(&inputs);
    for (&id, result) in step.outputs.iter().zip(results) {
        if base[id] != result {
            changes.insert(id, result);
        }
    }
}
