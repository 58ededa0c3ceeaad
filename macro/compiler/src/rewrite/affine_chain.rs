//! Chains of ADD, SUB and MUL by constants: input normalizations consist of them.

use std::sync::Arc;

use ndarray::{ArrayD, IxDyn};

use crate::ir::graph::{FileRecord, Graph, Node, ValueId};
use crate::limits;
use crate::ops::shared::broadcast;
use crate::rewrite::input_affine::InputAffine;

/// The constant of `x op constant`, and whether it is the first operand.
pub(super) fn affine(graph: &Graph, node: &Node, x: ValueId) -> Option<[ArrayD<f32>; 2]> {
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
pub(super) fn in_shape<const N: usize, T: Copy>(
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
pub(super) fn fold_into_input(graph: &mut Graph, input: usize) {
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
                record: FileRecord::default(),
            },
        );
        position += 1;
    }
}
