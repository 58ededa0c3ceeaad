//! Weights that the file holds in 8 bits, of operators on float tensors ("dynamic range" models).

use crate::arithmetic::quant_params::QuantParams;
use crate::ir::graph::{Constant, ElementType, FileQuantization, Graph, Value, ValueId};

/// Old files say uint8 of the weights of operators on float tensors, but hold int8
/// without a zero point, which is how LiteRT reads them.
pub(super) fn reread(graph: &mut Graph) {
    for position in 0..graph.nodes.len() {
        let node = &graph.nodes[position];
        let is_float = node.in_float && node.op.cast().is_none();
        for operand in 0..if is_float { node.inputs.len() } else { 0 } {
            let Some(id) = graph.nodes[position].inputs[operand] else {
                continue;
            };
            let value = &graph.values[id];
            let (Some(Constant::I8(data)), Some(params), true) =
                (&value.constant, value.params(), value.unsigned)
            else {
                continue;
            };
            let params = QuantParams {
                zero_point: 0,
                ..params
            };
            let reread = Value {
                constant: Some(Constant::I8(data.mapv(|q| q ^ i8::MIN))),
                quantization: Some(FileQuantization::PerTensor(params)),
                unsigned: false,
                ..value.clone()
            };
            graph.values.push(reread);
            graph.nodes[position].inputs[operand] = Some(graph.values.len() - 1);
        }
    }
}

/// Int8 weights of an operator on float tensors ("dynamic range" models): their
/// grid is one of many, and per-channel scales may serve better. Not so where training has
/// simulated it.
pub(super) fn widen(graph: &mut Graph) {
    for node in &graph.nodes {
        let input = node
            .inputs
            .first()
            .copied()
            .flatten()
            .map(|v| &graph.values[v]);
        let is_float =
            input.is_some_and(|v| v.element == ElementType::F32 && v.quantization.is_none());
        let weights = node.inputs.get(1).copied().flatten().filter(|_| is_float);
        let widened = |w: &ValueId| {
            let value = &graph.values[*w];
            value.element == ElementType::I8 && !value.trained
        };
        let Some(weights) = weights.filter(widened) else {
            continue;
        };
        if let Some(real) = graph.values[weights].real() {
            graph.values[weights].constant = Some(Constant::F32(real));
            graph.values[weights].quantization = None;
            graph.values[weights].element = ElementType::F32;
        }
    }
}
