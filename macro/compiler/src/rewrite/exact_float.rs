//! Tensors that no arithmetic reads: not quantized, and so exact.
//!
//! Indices in a float tensor (a Keras Embedding reads float ids through CAST), what is
//! compared with a threshold, what is only moved from an input to an output. One int8
//! step there is a wrong index, not a small error.

use crate::ir::context::QuantRule;
use crate::ir::graph::{ElementType, Graph, Kept, Node, ValueId};

/// Marks them. `f32_inputs` are those that callers pass as f32, `f32_outputs` those that
/// they get as f32.
pub(crate) fn mark(graph: &mut Graph, f32_inputs: &[bool], f32_outputs: &[bool]) {
    let available = available(graph, f32_inputs);
    let mut wanted = vec![true; graph.values.len()];
    for (port, is_f32) in graph.outputs.iter().zip(f32_outputs) {
        wanted[port.value] &= is_f32;
    }
    for state in &graph.states {
        wanted[state.next] = false;
    }
    for node in graph.nodes.iter().rev() {
        let is_float = node.op.is_float_only() || graph.values[node.output()].kept.is_some();
        let reads = if is_float {
            true
        } else if node.op.reads_reals() {
            // A comparison reads all operands alike.
            graph.real_operands(node).all(|v| available[v])
        } else {
            moves(node) && wanted[node.output()] && available[node.output()]
        };
        if !reads {
            for v in graph.real_operands(node) {
                wanted[v] = false;
            }
        }
    }
    for value in 0..graph.values.len() {
        if available[value] && wanted[value] && graph.values[value].kept.is_none() {
            graph.values[value].kept = Some(Kept::Exact);
        }
    }
}

/// The tensors that are there in f32 without further work.
fn available(graph: &Graph, f32_inputs: &[bool]) -> Vec<bool> {
    let is_float = |v: ValueId| {
        let value = &graph.values[v];
        value.element == ElementType::F32 && value.quantization.is_none()
    };
    let mut available = vec![false; graph.values.len()];
    for (port, is_f32) in graph.inputs.iter().zip(f32_inputs) {
        available[port.value] = *is_f32 && is_float(port.value);
    }
    for node in &graph.nodes {
        let is_computed = match graph.real_operands(node).next() {
            // CAST of integers.
            None => node.op.makes_reals(),
            Some(input) => moves(node) && available[input],
        };
        if is_computed && is_float(node.output()) {
            available[node.output()] = true;
        }
    }
    available
}

/// True if the operator only moves elements of its first operand.
fn moves(node: &Node) -> bool {
    node.outputs.len() == 1 && node.op.rule() == QuantRule::SameAsInput && node.op.only_moves()
}
