//! Rewrites that leave the function the same and the program smaller:
//! constants folded, changes of representation removed, activations fused,
//! input normalization moved into the input's quantization.

use std::sync::Arc;

use ndarray::{ArrayD, IxDyn};

use super::{Constant, Graph, Node, Quantization, ValueId};
use crate::ops::{Activation, Cast, input_affine::InputAffine};

/// Applies all rewrites. `f32_inputs` are those that callers pass as f32.
pub(crate) fn rewrite(graph: &mut Graph, f32_inputs: &[bool]) {
    fold_constants(graph);
    fold_casts(graph);
    widen_hybrid_weights(graph);
    fuse_activations(graph);
    for (i, is_f32) in f32_inputs.iter().enumerate() {
        if *is_f32 {
            fold_input_affine(graph, i);
        }
    }
    remove_unused(graph);
}

/// Makes every reader of `from` (and every output of it) read `to`.
fn replace(graph: &mut Graph, from: ValueId, to: ValueId) {
    for value in graph
        .nodes
        .iter_mut()
        .flat_map(|n| n.inputs.iter_mut().flatten())
    {
        if *value == from {
            *value = to;
        }
    }
    for port in &mut graph.outputs {
        if port.value == from {
            port.value = to;
        }
    }
}

/// Computes what depends on constants only.
fn fold_constants(graph: &mut Graph) {
    let mut position = 0;
    while position < graph.nodes.len() {
        let node = &graph.nodes[position];
        let constants: Option<Vec<_>> = node
            .inputs
            .iter()
            .map(|v| v.map_or(Some(None), |v| graph.values[v].real().map(Some)))
            .collect();
        let Some(constants) = constants.filter(|c| !c.is_empty()) else {
            position += 1;
            continue;
        };
        let node = graph.nodes.remove(position);
        let input = node.inputs.first().copied().flatten();
        match (node.op.cast(), input) {
            // float16 was widened by the reader; int8 weights stay int8.
            (Some(Cast::Dequantize), Some(input)) => {
                replace(graph, node.output, input);
                continue;
            }
            (_, Some(input)) if node.op.is_view() => {
                let shape = IxDyn(&graph.values[node.output].shape);
                let constant = graph.values[input].constant.clone().map(|c| match c {
                    Constant::F32(data) => Constant::F32(reshape(data, shape)),
                    Constant::I8(data) => Constant::I8(reshape(data, shape)),
                    Constant::I32(data) => Constant::I32(reshape(data, shape)),
                });
                graph.values[node.output].quantization = graph.values[input].quantization.clone();
                graph.values[node.output].constant = constant;
                continue;
            }
            _ => {}
        }
        let views: Vec<_> = constants
            .iter()
            .map(|c| c.as_ref().map(|c| c.view()))
            .collect();
        let output = &mut graph.values[node.output];
        let data = node.op.evaluate(&views, &output.shape);
        if let Some(Cast::FakeQuant { min, max }) = node.op.cast() {
            output.quantization = Some(Quantization::Range { min, max });
        }
        output.constant = Some(match output.params() {
            Some(params) if output.is_int8 => Constant::I8(data.mapv(|x| params.quantize(x))),
            _ => Constant::F32(data),
        });
    }
}

fn reshape<T: Clone>(data: ArrayD<T>, shape: IxDyn) -> ArrayD<T> {
    let fallback = data.clone();
    data.into_shape_with_order(shape).unwrap_or(fallback)
}

/// DEQUANTIZE, QUANTIZE and FAKE_QUANT say how a tensor is represented; they
/// become properties of the tensor where it has no other.
fn fold_casts(graph: &mut Graph) {
    let mut position = 0;
    while position < graph.nodes.len() {
        let node = &graph.nodes[position];
        let (Some(cast), Some(Some(input))) = (node.op.cast(), node.inputs.first().copied()) else {
            position += 1;
            continue;
        };
        let output = node.output;
        let quantization = match cast {
            Cast::Dequantize => graph.values[input].quantization.clone(),
            Cast::Quantize => graph.values[output].quantization.clone(),
            Cast::FakeQuant { min, max } => Some(Quantization::Range { min, max }),
        };
        let free = graph.values[input].quantization.is_none() && !graph.values[input].is_int8;
        if free || graph.values[input].quantization == quantization {
            graph.values[input].quantization = quantization;
            graph.nodes.remove(position);
            replace(graph, output, input);
        } else {
            // A second representation of the same tensor: a requantization.
            graph.values[output].quantization = quantization;
            position += 1;
        }
    }
}

/// Int8 weights of an operator on float tensors ("dynamic range" models): their
/// grid is one of many, and per-channel scales may serve better.
fn widen_hybrid_weights(graph: &mut Graph) {
    for node in &graph.nodes {
        let input = node
            .inputs
            .first()
            .copied()
            .flatten()
            .map(|v| &graph.values[v]);
        let is_float = input.is_some_and(|v| !v.is_int8 && v.quantization.is_none());
        let weights = node.inputs.get(1).copied().flatten().filter(|_| is_float);
        let Some(weights) = weights.filter(|&w| graph.values[w].is_int8) else {
            continue;
        };
        if let Some(real) = graph.values[weights].real() {
            graph.values[weights].constant = Some(Constant::F32(real));
            graph.values[weights].quantization = None;
            graph.values[weights].is_int8 = false;
        }
    }
}

/// RELU and RELU6 behind an operator that can clamp by itself.
fn fuse_activations(graph: &mut Graph) {
    let mut position = 0;
    while position < graph.nodes.len() {
        let node = &graph.nodes[position];
        let activation = node.op.as_activation();
        let input = node.inputs.first().copied().flatten();
        let producer = input
            .filter(|&v| graph.uses()[v] == 1 && graph.values[v].quantization.is_none())
            .and_then(|v| graph.producers()[v]);
        let fused = activation
            .zip(producer)
            .filter(|(activation, producer)| fuse(&mut graph.nodes[*producer], *activation))
            .map(|(_, producer)| producer);
        match fused {
            Some(producer) => {
                let node = graph.nodes.remove(position);
                graph.nodes[producer].output = node.output;
            }
            None => position += 1,
        }
    }
}

fn fuse(producer: &mut Node, activation: Activation) -> bool {
    Arc::get_mut(&mut producer.op).is_some_and(|op| op.fuse(activation))
}

/// The constant of `x op constant`, and whether it stands first.
fn affine(graph: &Graph, node: &Node, x: ValueId) -> Option<[ArrayD<f32>; 2]> {
    let &[Some(a), Some(b)] = node.inputs.as_slice() else {
        return None;
    };
    let (constant, reversed) = if a == x { (b, false) } else { (a, true) };
    if graph.values[node.output].len() != graph.values[x].len() || constant == x {
        return None;
    }
    node.op.affine(&graph.values[constant].real()?, reversed)
}

/// Folds each chain of ADD, SUB, MUL by constants that starts at an input.
fn fold_input_affine(graph: &mut Graph, input: usize) {
    let x = graph.inputs[input].value;
    if graph.values[x].quantization.is_some() {
        return;
    }
    let mut position = 0;
    while position < graph.nodes.len() {
        let shape = IxDyn(&graph.values[x].shape);
        let mut factor = ArrayD::<f64>::ones(shape.clone());
        let mut offset = ArrayD::<f64>::zeros(shape);
        let mut end = x;
        let mut chain = Vec::new();
        let mut next = Some(position);
        while let Some(at) = next {
            let node = &graph.nodes[at];
            let step = node
                .inputs
                .contains(&Some(end))
                .then(|| affine(graph, node, end))
                .flatten();
            let Some([f, o]) = step else { break };
            let real = |a: ArrayD<f32>| a.mapv(f64::from);
            let (f, o) = (real(f), real(o));
            let (Some(f), Some(o)) = (f.broadcast(factor.raw_dim()), o.broadcast(factor.raw_dim()))
            else {
                break;
            };
            factor = &factor * &f;
            offset = &offset * &f + o;
            end = node.output;
            chain.push(at);
            let more = graph.uses()[end] == 1
                && !graph.is_output(end)
                && graph.values[end].quantization.is_none();
            next = more
                .then(|| {
                    graph
                        .nodes
                        .iter()
                        .position(|n| n.inputs.contains(&Some(end)))
                })
                .flatten();
        }
        let center = -&offset / &factor;
        let usable = |a: &ArrayD<f64>| a.iter().all(|x| (*x as f32).is_finite());
        if chain.is_empty()
            || !usable(&center)
            || !usable(&factor)
            || factor.iter().any(|f| *f == 0.0)
        {
            position += 1;
            continue;
        }
        let index = graph.nodes[position].index;
        for at in chain.iter().rev() {
            graph.nodes.remove(*at);
        }
        graph.nodes.insert(
            position,
            Node {
                index,
                op: Arc::new(InputAffine {
                    center: center.mapv(|x| x as f32),
                    factor: factor.mapv(|x| x as f32),
                }),
                inputs: vec![Some(x)],
                output: end,
            },
        );
        position += 1;
    }
}

/// Removes operators that nothing reads.
fn remove_unused(graph: &mut Graph) {
    let mut position = graph.nodes.len();
    while position > 0 {
        position -= 1;
        if graph.uses()[graph.nodes[position].output] == 0 {
            graph.nodes.remove(position);
        }
    }
}
