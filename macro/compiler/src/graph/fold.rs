//! Operators on constants: computed at compile time.

use ndarray::{ArrayD, IxDyn};

use super::{Constant, ElementType, Graph, Node, QuantParams, Quantization, Value};
use crate::ops::Cast;

/// Computes `node` if all that it reads is known; false if not.
pub(super) fn fold(graph: &mut Graph, node: &Node) -> bool {
    if !node.op.variables().is_empty() || (node.inputs.is_empty() && !node.op.is_static()) {
        return false;
    }
    let known = |v: &Option<usize>| v.is_none_or(|v| graph.values[v].constant.is_some());
    if !node.op.is_static() && !node.inputs.iter().all(known) {
        return false;
    }
    let input = node.inputs.first().copied().flatten();
    match (node.op.cast(), input) {
        // float16 was widened by the reader; int8 weights stay int8.
        (Some(Cast::Dequantize), Some(input)) => {
            let from = graph.values[input].clone();
            let output = &mut graph.values[node.output()];
            if !from.channel_zero_points.is_empty() {
                output.constant = from.real().map(Constant::F32);
                return true;
            }
            output.constant = from.constant;
            output.quantization = from.quantization;
            output.element = from.element;
            return true;
        }
        (_, Some(input)) if node.op.is_view() => {
            let from = graph.values[input].clone();
            let output = &mut graph.values[node.output()];
            let shape = IxDyn(&output.shape);
            output.constant = from.constant.map(|c| reshaped(c, shape));
            output.quantization = from.quantization;
            output.element = from.element;
            return true;
        }
        _ => {}
    }
    let constants: Vec<_> = node
        .inputs
        .iter()
        .map(|v| v.and_then(|v| graph.values[v].real()))
        .collect();
    let views: Vec<_> = constants
        .iter()
        .map(|c| c.as_ref().map(|c| c.view()))
        .collect();
    let shapes: Vec<&[usize]> = node
        .outputs
        .iter()
        .map(|&v| graph.values[v].shape.as_slice())
        .collect();
    let results = node.op.evaluate_all(&views, &shapes);
    for (data, &output) in results.into_iter().zip(&node.outputs) {
        let output = &mut graph.values[output];
        if let Some(Cast::FakeQuant { min, max }) = node.op.cast() {
            output.quantization = Some(Quantization::Range { min, max });
        }
        output.constant = Some(constant(output, data));
    }
    true
}

/// Real values in the element type of the tensor that they belong to.
pub(super) fn constant(value: &Value, data: ArrayD<f32>) -> Constant {
    let params = value.params();
    let unit = QuantParams {
        scale: 1.0,
        zero_point: 0,
    };
    match value.element {
        ElementType::I8 | ElementType::U8 => {
            Constant::I8(data.mapv(|x| params.unwrap_or(unit).quantize(x)))
        }
        ElementType::I16 => Constant::I16(data.mapv(|x| params.unwrap_or(unit).quantize_i16(x))),
        ElementType::Bool => Constant::I8(data.mapv(|x| i8::from(x != 0.0))),
        ElementType::I32 => Constant::I32(data.mapv(|x| x as i32)),
        ElementType::F32 => Constant::F32(data),
    }
}

fn reshaped(constant: Constant, shape: IxDyn) -> Constant {
    match constant {
        Constant::F32(data) => Constant::F32(reshape(data, shape)),
        Constant::I8(data) => Constant::I8(reshape(data, shape)),
        Constant::I16(data) => Constant::I16(reshape(data, shape)),
        Constant::I32(data) => Constant::I32(reshape(data, shape)),
        Constant::I64(data) => Constant::I64(reshape(data, shape)),
    }
}

fn reshape<T: Clone>(data: ArrayD<T>, shape: IxDyn) -> ArrayD<T> {
    let fallback = data.clone();
    data.into_shape_with_order(shape).unwrap_or(fallback)
}
