//! Lowering: every operator of the float graph becomes a kernel, and inputs and outputs get
//! their element types.

mod builder;
mod control_flow;
mod float_output;
mod operators;
mod ports;
mod table_f32;

use std::collections::{HashMap, HashSet};

use builder::Lowering;
use float_output::{FloatOutputChain, float_output_chain};

use crate::error::Result;
use crate::ir::context::Reference;
use crate::ir::control::WHOLE;
use crate::ir::graph::{ElementType, Graph};
use crate::ir::quant_graph::QuantGraph;
use crate::quantize::round_weights::Roundings;
use crate::quantize::scales::Scales;

/// The element types in which callers pass inputs and get outputs.
pub(crate) struct Elements {
    pub inputs: Vec<ElementType>,
    pub outputs: Vec<ElementType>,
}

/// Lowers a rewritten graph with the scales of its values.
pub(crate) fn lower(
    graph: &Graph,
    scales: &Scales,
    elements: &Elements,
    per_channel: bool,
    roundings: &Roundings,
) -> Result<QuantGraph> {
    let mut lowering = Lowering {
        graph,
        scales,
        per_channel,
        roundings,
        reference: reference(graph),
        program: QuantGraph::default(),
        tensors: HashMap::new(),
        f32_tensors: HashMap::new(),
        other_types: HashMap::new(),
        narrowed: HashSet::new(),
        region: WHOLE,
        converted: Vec::new(),
        copied: HashMap::new(),
    };
    lowering.inputs(&elements.inputs)?;
    lowering.states()?;
    let chains: Vec<Option<FloatOutputChain>> = graph
        .outputs
        .iter()
        .zip(&elements.outputs)
        .map(|(port, element)| {
            (*element == ElementType::F32)
                .then(|| float_output_chain(graph, scales, port.value))
                .flatten()
        })
        .collect();
    for (position, node) in graph.nodes.iter().enumerate() {
        lowering.enter(node.region);
        if let Some(chain) = chains
            .iter()
            .flatten()
            .find(|chain| chain.nodes.contains(&position))
        {
            lowering
                .float_output_node(position, chain)
                .map_err(|e| e.at(node.place(graph)))?;
        } else {
            lowering
                .node(position)
                .map_err(|e| e.at(node.place(graph)))?;
        }
    }
    lowering.enter(WHOLE);
    lowering.regions()?;
    for (port, element) in graph.outputs.iter().zip(&elements.outputs) {
        lowering.output(port.value, *element)?;
    }
    lowering.next_states()?;
    Ok(lowering.program)
}

/// The interpreter whose rounding a model was made for: a file with scales of its own was run
/// by its authors on one of the two.
fn reference(graph: &Graph) -> Reference {
    let prescribed = graph
        .nodes
        .iter()
        .any(|n| graph.values[n.output()].params().is_some());
    if prescribed && graph.needs_litert {
        Reference::LiteRt
    } else {
        Reference::TfliteMicro
    }
}
