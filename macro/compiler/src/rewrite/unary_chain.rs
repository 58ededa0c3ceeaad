//! Chains of elementwise functions of one tensor become one function: one table,
//! and no rounding in between. So do float islands in an int8 model.

use std::sync::Arc;

use crate::ir::float_functions::RealFunction;
use crate::ir::graph::{Graph, Kept, Node, ValueId};
use crate::ops::shared::function::Composite;

/// The tensor that `node` is a function of, and the function.
pub(crate) fn function(graph: &Graph, position: usize) -> Option<(ValueId, RealFunction)> {
    let node = &graph.nodes[position];
    let mut variable = None;
    let mut constants = Vec::new();
    for &input in &node.inputs {
        let input = input?;
        let value = &graph.values[input];
        match (&value.constant, variable) {
            (Some(_), _) if value.len() == 1 => {
                constants.push(value.real().and_then(|c| c.first().copied()))
            }
            (None, None) => {
                variable = Some(input);
                constants.push(None);
            }
            _ => return None,
        }
    }
    let variable = variable?;
    // There are no tables for integers and booleans.
    let real = |v: ValueId| graph.values[v].element.is_real();
    if !real(variable) || !real(node.output()) {
        return None;
    }
    (graph.values[node.output()].len() == graph.values[variable].len())
        .then(|| node.op.function(&constants))
        .flatten()
        .map(|f| (variable, f))
}

/// True if `node` is a function of one tensor.
pub(crate) fn is_function(graph: &Graph, position: usize) -> bool {
    function(graph, position).is_some()
}

/// The operators of the file that a node stands for.
fn parts(node: &Node) -> Vec<Node> {
    match node.record.parts.as_slice() {
        [] => vec![node.clone()],
        parts => parts.to_vec(),
    }
}

/// Fuses what can be fused.
pub(crate) fn fuse(graph: &mut Graph) {
    let mut position = 0;
    while position < graph.nodes.len() {
        if let Some((input, second)) = function(graph, position)
            && graph.values[input].quantization.is_none()
            && graph.uses()[input] == 1
            && graph.values[input].kept.is_none()
            && !matches!(
                graph.values[graph.nodes[position].output()].kept,
                Some(Kept::Clause(_))
            )
            && let Some(producer) = graph.producers()[input]
            && let Some((origin, first)) = function(graph, producer)
        {
            let behind = graph.nodes[position].clone();
            let node = &mut graph.nodes[producer];
            node.record.parts = [parts(node), parts(&behind)].concat();
            node.op = Arc::new(Composite::new(node.op.name(), first, second));
            node.inputs = vec![Some(origin)];
            let removed = graph.nodes.remove(position);
            graph.nodes[producer].outputs = removed.outputs;
        } else {
            position += 1;
        }
    }
}
