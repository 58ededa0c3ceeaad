//! Whether a model scales the bytes of an image itself.

use ndarray::{ArrayD, IxDyn};

use crate::ir::graph::{Graph, ValueId};
use crate::ops::shared::broadcast;
use crate::rewrite::affine_chain;

/// Factors that make something of a byte: 255 of it become 1/4 to 32, as Rescaling and
/// Normalization layers for images do.
const FACTORS: std::ops::RangeInclusive<f32> = 1.0 / 1024.0..=0.125;

/// True if all that reads an input scales bytes first, so that the model takes them as
/// they are.
pub(crate) fn scales_bytes(graph: &Graph, input: ValueId) -> bool {
    let mut readers = graph
        .nodes
        .iter()
        .filter(|node| node.inputs.contains(&Some(input)))
        .peekable();
    readers.peek().is_some()
        && !graph.is_output(input)
        && readers.all(|node| {
            // In the shape of the constants, which may be far smaller than the input.
            let shape = graph.values[input].shape.as_slice();
            let mut factor = ArrayD::<f32>::ones(IxDyn(&[]));
            let (mut node, mut value) = (node, input);
            while let Some([next, _]) = affine_chain::affine(graph, node, value) {
                let joint = broadcast::shape(factor.shape(), next.shape());
                let joint = joint.ok().filter(|_| next.broadcast(shape).is_some());
                let Some([next, before]) =
                    joint.and_then(|joint| affine_chain::in_shape([&next, &factor], &joint))
                else {
                    break;
                };
                factor = before * next;
                value = node.output();
                let mut more = graph
                    .nodes
                    .iter()
                    .filter(|node| node.inputs.contains(&Some(value)));
                match (more.next(), more.next()) {
                    (Some(only), None) if !graph.is_output(value) => node = only,
                    _ => break,
                }
            }
            !factor.is_empty() && factor.iter().all(|f| FACTORS.contains(&f.abs()))
        })
}
