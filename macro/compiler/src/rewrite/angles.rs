//! Angles that are computed from integers: positions of tokens times frequencies, in
//! front of SIN and COS.
//!
//! The rule: what leads from CAST of an integer tensor to SIN or COS through functions of
//! one computed tensor and constants stays in float. int8 would have 256 steps from the
//! first position to the last, and a step of more than one radian is noise.

use crate::ir::graph::{ElementType, Graph, Kept, Node, ValueId};

/// Marks tensors of such angles, which stay in float.
pub(crate) fn mark(graph: &mut Graph) {
    let from_integers = from_integers(graph);
    let mut wanted = vec![false; graph.values.len()];
    for node in graph.nodes.iter().rev() {
        let output = node.output();
        if from_integers[output] && (node.op.is_periodic() || wanted[output]) {
            wanted[output] = true;
            for value in graph.real_operands(node) {
                wanted[value] = true;
            }
        }
    }
    for (value, wanted) in graph.values.iter_mut().zip(wanted) {
        if wanted && value.constant.is_none() && value.kept.is_none() {
            value.kept = Some(Kept::Exact);
        }
    }
}

/// For each value, whether it is a float tensor that is computed from integers and constants
/// alone.
fn from_integers(graph: &Graph) -> Vec<bool> {
    let mut is_from_integers = vec![false; graph.values.len()];
    for node in &graph.nodes {
        let value = &graph.values[node.output()];
        if value.element != ElementType::F32 || value.quantization.is_some() {
            continue;
        }
        let mut operands = graph.real_operands(node).peekable();
        is_from_integers[node.output()] = match operands.peek() {
            None => node.op.makes_reals(),
            Some(_) => is_computed_in_float(node) && operands.all(|v: ValueId| is_from_integers[v]),
        };
    }
    is_from_integers
}

/// True for functions that every target has in float.
fn is_computed_in_float(node: &Node) -> bool {
    node.outputs.len() == 1
        && node.op.has_float_kernel()
        && !node.op.needs_libm()
        && !node.op.writes_f32()
}
