//! Rewrites that leave the function the same and the program smaller:
//! changes of representation removed, activations fused,
//! input normalization moved into the input's quantization.

pub(crate) mod angles;
pub(crate) mod constant_fold;
pub(crate) mod exact_float;
pub(crate) mod float_islands;
pub(crate) mod input_affine;
pub(crate) mod scales_bytes;
pub(crate) mod unary_chain;

use std::sync::Arc;

use ndarray::{ArrayD, IxDyn};

use crate::arithmetic::quant_params::QuantParams;
use crate::ir::activation::Activation;
use crate::ir::context::StateRule;
use crate::ir::control::Variable;
use crate::ir::graph::{Constant, ElementType, Graph, Kept, Node, Quantization, Value, ValueId};
use crate::ir::operator::Cast;
use crate::limits;
use crate::ops::shared::broadcast;
use crate::rewrite::input_affine::InputAffine;

/// Applies all rewrites. `f32_inputs` are those that callers pass as f32, `f32_outputs`
/// those that they get as f32.
pub(crate) fn rewrite(graph: &mut Graph, f32_inputs: &[bool], f32_outputs: &[bool]) {
    reread_hybrid_weights(graph);
    float_islands::mark(graph);
    type_loops(graph);
    fold_casts(graph);
    type_loops(graph);
    widen_hybrid_weights(graph);
    multiply_by_reciprocals(graph);
    angles::mark(graph);
    exact_float::mark(graph, f32_inputs, f32_outputs);
    fuse_activations(graph);
    unary_chain::fuse(graph);
    for (i, is_f32) in f32_inputs.iter().enumerate() {
        if *is_f32 {
            fold_input_affine(graph, i);
        }
    }
    remove_unused(graph);
    type_states(graph);
}

/// What a loop hands on is held as its variable is.
fn type_loops(graph: &mut Graph) {
    let variables: Vec<Variable> = graph.regions.variables().collect();
    for Variable { value, next } in variables {
        let variable = &graph.values[value];
        graph.values[next] = Value {
            name: graph.values[next].name.clone(),
            ..variable.clone()
        };
    }
}

/// Variables of operators that ask for 16 bits, where the file has them in float.
fn type_states(graph: &mut Graph) {
    for state in &graph.states {
        // What is written in float is read in float.
        let next = graph.values[state.next].kept;
        let value = &mut graph.values[state.value];
        value.kept = value.kept.or(next);
    }
    for position in 0..graph.nodes.len() {
        for (operand, rule) in graph.nodes[position].op.state_rules() {
            let StateRule::Int16(params) = rule else {
                continue;
            };
            let Some(old) = graph.nodes[position].inputs.get(operand).copied().flatten() else {
                continue;
            };
            let next = graph.states.iter().find(|s| s.value == old).map(|s| s.next);
            for value in [Some(old), next].into_iter().flatten() {
                let value = &mut graph.values[value];
                if value.element == ElementType::F32 && value.quantization.is_none() {
                    value.element = ElementType::I16;
                    value.quantization = Some(Quantization::PerTensor(params));
                }
            }
        }
    }
}

/// Makes every reader of `from` (and every output of it) read `to`.
pub(crate) fn replace(graph: &mut Graph, from: ValueId, to: ValueId) {
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
    for state in &mut graph.states {
        if state.next == from {
            state.next = to;
        }
    }
    graph.regions.replace(from, to);
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
        let output = node.output();
        let element = graph.values[output].element;
        let quantization = match cast {
            Cast::Dequantize => graph.values[input].quantization.clone(),
            Cast::Quantize => graph.values[output].quantization.clone(),
            Cast::FakeQuant { min, max } => Some(Quantization::Range { min, max }),
        };
        // The file rounds, and goes on in float.
        let trained = match cast {
            Cast::FakeQuant { .. } => true,
            Cast::Quantize => is_only_dequantized(graph, output),
            Cast::Dequantize => graph.values[input].trained,
        };
        let from = graph.values[input].element;
        // What stays in float is quantized by an operator of its own.
        let stays = cast == Cast::Quantize && graph.values[input].kept == Some(Kept::Exact);
        // An input that is an output goes through untouched, which this one is not.
        let stays = stays
            || matches!(cast, Cast::FakeQuant { .. })
                && graph.is_output(output)
                && graph.inputs.iter().any(|port| port.value == input);
        let free = graph.values[input].quantization.is_none() && from == ElementType::F32 && !stays;
        let same = graph.values[input].quantization == quantization
            && (from == element || cast != Cast::Quantize);
        if free || same {
            graph.values[input].quantization = quantization;
            graph.values[input].trained |= trained;
            if cast == Cast::Quantize {
                graph.values[input].element = element;
            }
            graph.values[input].kept = graph.values[input].kept.or(graph.values[output].kept);
            graph.nodes.remove(position);
            replace(graph, output, input);
        } else {
            // A second representation of the same tensor: a requantization.
            graph.values[output].quantization = quantization;
            graph.values[output].trained |= trained;
            if cast == Cast::Dequantize {
                graph.values[output].element = from;
            }
            position += 1;
        }
    }
}

/// True if all that reads a tensor makes it float again.
fn is_only_dequantized(graph: &Graph, value: ValueId) -> bool {
    let mut readers = graph
        .nodes
        .iter()
        .filter(|n| n.inputs.contains(&Some(value)));
    !graph.is_output(value) && readers.all(|n| n.op.cast() == Some(Cast::Dequantize))
}

/// Old files say uint8 of the weights of operators on float tensors, but hold int8
/// without a zero point, which is how LiteRT reads them.
fn reread_hybrid_weights(graph: &mut Graph) {
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
                quantization: Some(Quantization::PerTensor(params)),
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
fn widen_hybrid_weights(graph: &mut Graph) {
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

/// Constant divisors of several sizes become factors: in int8 steps of the largest, a small
/// divisor would be far off, and with it the largest quotients.
fn multiply_by_reciprocals(graph: &mut Graph) {
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

/// RELU and RELU6 behind an operator that can clamp by itself.
fn fuse_activations(graph: &mut Graph) {
    let mut position = 0;
    while position < graph.nodes.len() {
        let node = &graph.nodes[position];
        let activation = node.op.as_activation();
        let input = node.inputs.first().copied().flatten();
        let producer = input
            .filter(|_| activation.is_some())
            .filter(|&v| graph.uses()[v] == 1 && graph.values[v].quantization.is_none())
            .and_then(|v| graph.producers()[v]);
        let fused = activation
            .zip(producer)
            .filter(|(activation, producer)| fuse(&mut graph.nodes[*producer], *activation))
            .map(|(_, producer)| producer);
        match fused {
            Some(producer) => {
                let node = graph.nodes.remove(position);
                let kept = graph.values[graph.nodes[producer].output()].kept;
                let output = &mut graph.values[node.output()];
                output.kept = output.kept.or(kept);
                graph.nodes[producer].outputs = node.outputs;
            }
            None => position += 1,
        }
    }
}

fn fuse(producer: &mut Node, activation: Activation) -> bool {
    Arc::get_mut(&mut producer.op).is_some_and(|op| op.fuse(activation))
}

/// The constant of `x op constant`, and whether it stands first.
pub(crate) fn affine(graph: &Graph, node: &Node, x: ValueId) -> Option<[ArrayD<f32>; 2]> {
    let &[Some(a), Some(b)] = node.inputs.as_slice() else {
        return None;
    };
    let (constant, reversed) = if a == x { (b, false) } else { (a, true) };
    if graph.values[node.output()].len() != graph.values[x].len() || constant == x {
        return None;
    }
    node.op.affine(&graph.values[constant].real()?, reversed)
}

/// Arrays that broadcast to `shape`, in that shape; nothing if it is too large to be worth it.
pub(crate) fn in_shape<const N: usize, T: Copy>(
    arrays: [&ArrayD<T>; N],
    shape: &[usize],
) -> Option<[ArrayD<T>; N]> {
    if limits::product(shape.iter().copied()) > InputAffine::LONGEST {
        return None;
    }
    let whole = arrays.map(|a| a.broadcast(IxDyn(shape)).map(|a| a.to_owned()));
    let whole: Option<Vec<_>> = whole.into_iter().collect();
    whole?.try_into().ok()
}

/// Folds each chain of ADD, SUB, MUL by constants that starts at an input.
fn fold_input_affine(graph: &mut Graph, input: usize) {
    let x = graph.inputs[input].value;
    if graph.values[x].quantization.is_some() {
        return;
    }
    let shape = graph.values[x].shape.clone();
    let mut position = 0;
    while position < graph.nodes.len() {
        // In the shape of the constants, which may be far smaller than the input.
        let mut factor = ArrayD::<f64>::ones(IxDyn(&[]));
        let mut offset = ArrayD::<f64>::zeros(IxDyn(&[]));
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
            let Some([f, o]) = step.filter(|_| graph.values[node.output()].kept.is_none()) else {
                break;
            };
            let joint = broadcast::shape(factor.shape(), f.shape())
                .and_then(|joint| broadcast::shape(&joint, o.shape()));
            let Ok(joint) = joint else { break };
            let fits = f.broadcast(IxDyn(&shape)).is_some() && o.broadcast(IxDyn(&shape)).is_some();
            if !fits || InputAffine::period(&joint, &shape) > InputAffine::LONGEST {
                break;
            }
            let (f, o) = (f.mapv(f64::from), o.mapv(f64::from));
            let Some([f, o, before, moved]) = in_shape([&f, &o, &factor, &offset], &joint) else {
                break;
            };
            factor = before * &f;
            offset = moved * &f + o;
            end = node.output();
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
        let Node { index, region, .. } = graph.nodes[position];
        for at in chain.iter().rev() {
            graph.nodes.remove(*at);
        }
        graph.nodes.insert(
            position,
            Node {
                index,
                region,
                op: Arc::new(InputAffine {
                    shape: shape.clone(),
                    center: center.mapv(|x| x as f32),
                    factor: factor.mapv(|x| x as f32),
                }),
                inputs: vec![Some(x)],
                in_float: true,
                in_uint8: false,
                outputs: vec![end],
            },
        );
        position += 1;
    }
}

/// Removes operators that nothing reads.
fn remove_unused(graph: &mut Graph) {
    let mut uses = graph.uses();
    let mut kept = Vec::new();
    for node in std::mem::take(&mut graph.nodes).into_iter().rev() {
        if node.outputs.iter().any(|&v| uses[v] > 0) {
            kept.push(node);
        } else {
            node.inputs.iter().flatten().for_each(|&v| uses[v] -= 1);
        }
    }
    kept.reverse();
    graph.nodes = kept;
}
