//! The float evaluator: the graph in order, each tensor dropped after its last use.

use ndarray::{ArrayD, ArrayViewD};

use crate::graph::{Graph, ValueId};

/// Runs the float model on one sample and shows `visit` every tensor that is
/// not a constant, inputs included, in the order in which they exist.
pub(crate) fn evaluate(
    graph: &Graph,
    inputs: &[ArrayViewD<'_, f32>],
    mut visit: impl FnMut(ValueId, &ArrayD<f32>),
) {
    let mut tensors: Vec<Option<ArrayD<f32>>> = vec![None; graph.values.len()];
    let mut uses = graph.uses();
    for (port, data) in graph.inputs.iter().zip(inputs) {
        visit(port.value, &data.to_owned());
        tensors[port.value] = Some(data.to_owned());
    }
    for node in &graph.nodes {
        for &value in node.inputs.iter().flatten() {
            if tensors[value].is_none() {
                tensors[value] = graph.values[value].real();
            }
        }
        let views: Vec<_> = node
            .inputs
            .iter()
            .map(|v| v.and_then(|v| tensors[v].as_ref()).map(|t| t.view()))
            .collect();
        let output = node.op.evaluate(&views, &graph.values[node.output].shape);
        visit(node.output, &output);
        tensors[node.output] = Some(output);
        for &value in node.inputs.iter().flatten() {
            uses[value] -= 1;
            if uses[value] == 0 {
                tensors[value] = None;
            }
        }
    }
}
