//! Divisions by constants become multiplications.

use crate::ir::graph::{Constant, ElementType, Graph, Value};

/// Constant divisors of several sizes become factors: in int8 steps of the largest, a small
/// divisor would be far off, and with it the largest quotients.
pub(super) fn multiply_by_reciprocals(graph: &mut Graph) {
    for position in 0..graph.nodes.len() {
        let node = &graph.nodes[position];
        let (Some(op), &[Some(_), Some(divisor)]) = (node.op.by_reciprocal(), &node.inputs[..])
        else {
            continue;
        };
        let (value, output) = (&graph.values[divisor], &graph.values[node.output()]);
        let Some(Constant::F32(data)) = &value.constant else {
            continue;
        };
        // Where the file or the user says how to compute, it is computed so; one number for
        // all is a table.
        let is_free = output.element == ElementType::F32
            && [output, value]
                .iter()
                .all(|v| v.quantization.is_none() && v.kept.is_none());
        let factors = data.mapv(f32::recip);
        if !is_free || data.len() == 1 || !factors.iter().all(|x| x.is_finite()) {
            continue;
        }
        let factors = Value {
            constant: Some(Constant::F32(factors)),
            ..value.clone()
        };
        graph.values.push(factors);
        let node = &mut graph.nodes[position];
        node.op = op.into();
        node.inputs[1] = Some(graph.values.len() - 1);
    }
}
