//! Activations become part of the operator in front.

use std::sync::Arc;

use crate::ir::activation::Activation;
use crate::ir::graph::{Graph, Node};

/// RELU and RELU6 behind an operator that can clamp by itself.
pub(super) fn fuse(graph: &mut Graph) {
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
            .filter(|(activation, producer)| fuse_into(&mut graph.nodes[*producer], *activation))
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

/// Lets an operator apply the activation itself; false if it cannot.
fn fuse_into(producer: &mut Node, activation: Activation) -> bool {
    Arc::get_mut(&mut producer.op).is_some_and(|op| op.fuse(activation))
}
