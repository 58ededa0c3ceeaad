//! Rewrites that leave the function the same and the program smaller: changes of
//! representation removed, activations fused, input normalization moved into the input's
//! quantization.

mod activations;
mod affine_chain;
mod angles;
mod casts;
pub(crate) mod constant_fold;
mod element_types;
mod exact_float;
mod float_islands;
mod hybrid_weights;
mod input_affine;
mod reciprocals;
pub(crate) mod scales_bytes;
pub(crate) mod unary_chain;

use crate::ir::graph::Graph;

/// Applies all rewrites. `f32_inputs` are those that callers pass as f32, `f32_outputs`
/// those that they get as f32.
pub(crate) fn rewrite(graph: &mut Graph, f32_inputs: &[bool], f32_outputs: &[bool]) {
    hybrid_weights::reread(graph);
    float_islands::mark(graph);
    element_types::of_loops(graph);
    casts::fold(graph);
    element_types::of_loops(graph);
    hybrid_weights::widen(graph);
    reciprocals::multiply_by_reciprocals(graph);
    angles::mark(graph);
    exact_float::mark(graph, f32_inputs, f32_outputs);
    activations::fuse(graph);
    unary_chain::fuse(graph);
    for (i, is_f32) in f32_inputs.iter().enumerate() {
        if *is_f32 {
            affine_chain::fold_into_input(graph, i);
        }
    }
    remove_unused(graph);
    element_types::of_states(graph);
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
