//! What a model is, without a dataset: its interface, its operators, and about what they take.

use serde::{Deserialize, Serialize};

use super::Analysis;
use super::file::FileFacts;
use super::memory::{MemoryReport, memory};
use super::operators::{Int16Columns, OperatorReport, operators};
use crate::emit::RustPort;
use crate::error::Result;
use crate::ir::graph::{ElementType, Graph, Kept, Port};
use crate::ir::quant_graph::QuantGraph;

/// All that is known of a model without running samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// What the file contains.
    pub file: FileFacts,
    /// The inputs in the order of the parameters.
    pub inputs: Vec<PortFacts>,
    /// The outputs in the order of the fields.
    pub outputs: Vec<PortFacts>,
    /// Names of what the model keeps from run to run.
    pub states: Vec<String>,
    /// True if tensors need ranges that only a dataset can give.
    pub needs_dataset: bool,
    /// True if ranges came from noise: `operators` and memory are then those of a program that
    /// differs from the real one in channels that do nothing, and so in a few percent.
    pub estimated: bool,
    /// The operators that are left when what is known at compile time has been computed.
    pub graph: Vec<GraphOperator>,
    /// The operators of the quantized program.
    pub operators: Vec<OperatorReport>,
    /// The program for small cores.
    pub mcu: MemoryReport,
    /// The program for wide SIMD registers, if it is another one.
    pub simd: Option<MemoryReport>,
    /// Operators of which channels are left out, because they do nothing.
    pub pruned: Vec<PrunedChannels>,
}

/// An input or output of the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PortFacts {
    /// The name in the emitted code.
    pub name: String,
    /// The name that the model gives it.
    pub model_name: String,
    /// The file's name of the tensor.
    pub tensor: String,
    /// The shape, with the batch.
    pub shape: Vec<usize>,
    /// The element type in the file.
    pub file_element: String,
    /// The element type that callers pass or get.
    pub element: String,
    /// Scale and zero point, if the file has them.
    pub quantization: Option<(f64, i32)>,
}

/// One operator of the float graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GraphOperator {
    /// The operator's index in the file.
    pub index: usize,
    /// The operator's name.
    pub name: String,
    /// The activation that is fused to it, if any.
    pub activation: Option<String>,
    /// The tensor that it computes, as `tensors(..)` takes it.
    pub output: String,
    /// The shapes of all operands, constants included.
    pub inputs: Vec<Vec<usize>>,
    /// The shape of what it computes.
    pub shape: Vec<usize>,
    /// Multiply-accumulates of one run, or elements that are read and written.
    pub work: u64,
    /// True if it is computed in float: by the user's choice, or because no int8 step lies
    /// before or behind it.
    pub in_float: bool,
}

/// An operator with channels that do nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrunedChannels {
    /// The operator's index in the file.
    pub index: Option<usize>,
    /// The operator's name.
    pub operator: String,
    /// The output channels that are computed.
    pub computed: usize,
    /// The output channels that there are.
    pub all: usize,
}

impl Analysis {
    /// Inspects the model. If the request has a dataset, the program is the real one; else, for
    /// a float model, its ranges come from noise, which says enough of its memory.
    pub fn inspect(&self) -> Result<Inspection> {
        let options = &self.request.options;
        let needs_dataset = self.session.needs_dataset(options)?;
        let estimated = needs_dataset && self.request.dataset.is_none();
        let quantized = if estimated {
            self.session.estimate(options)?
        } else {
            self.quantize(options)?
        };
        let (mcu, simd) = quantized.program.clone().for_targets();
        let interface = self.session.interface(options.inputs_in_arena)?;
        let graph = &self.session.graph;
        let states = graph.states.iter().map(|state| state.name.clone());
        Ok(Inspection {
            file: FileFacts::read(&self.bytes)?,
            inputs: ports(graph, &graph.inputs, &self.session.inputs),
            outputs: ports(graph, &graph.outputs, &self.session.outputs),
            states: states.collect(),
            needs_dataset,
            estimated,
            graph: graph_operators(graph),
            operators: operators(
                &quantized.graph,
                &quantized.program,
                None,
                &Int16Columns::new(),
            ),
            pruned: pruned(&mcu),
            mcu: memory(&mcu, &interface)?,
            simd: simd.map(|p| memory(&p, &interface)).transpose()?,
        })
    }
}

fn ports(graph: &Graph, ports: &[Port], resolved: &[RustPort]) -> Vec<PortFacts> {
    let of = |rust: &RustPort| {
        let port = ports.get(rust.index)?;
        let params = graph.values[port.value].params();
        Some(PortFacts {
            name: rust.plain_name(),
            model_name: port.name.clone(),
            tensor: port.tensor.clone(),
            shape: port.shape.clone(),
            file_element: port.element.name().to_owned(),
            element: rust.element.name().to_owned(),
            quantization: params.map(|p| {
                let offset = if port.element == ElementType::U8 {
                    128
                } else {
                    0
                };
                (p.scale.into(), p.zero_point + offset)
            }),
        })
    };
    resolved.iter().filter_map(of).collect()
}

fn graph_operators(graph: &Graph) -> Vec<GraphOperator> {
    let shape = |v: usize| graph.values[v].shape.clone();
    graph
        .nodes
        .iter()
        .map(|node| {
            let inputs: Vec<Vec<usize>> = node.inputs.iter().flatten().map(|&v| shape(v)).collect();
            let outputs: Vec<Vec<usize>> = node.outputs.iter().map(|&v| shape(v)).collect();
            let slices: Vec<&[usize]> = inputs.iter().map(Vec::as_slice).collect();
            let clips = node
                .op
                .clips()
                .filter(|_| node.op.as_activation().is_none());
            let output = &graph.values[node.output()];
            GraphOperator {
                index: node.index,
                name: node.op.name().to_owned(),
                activation: clips.map(|a| format!("{a:?}")).filter(|a| a != "None"),
                output: output.name.clone(),
                work: node.op.work(&slices, &outputs),
                shape: output.shape.clone(),
                in_float: matches!(output.kept, Some(Kept::Clause(_) | Kept::Exact))
                    && output.element.is_real(),
                inputs,
            }
        })
        .collect()
}

fn pruned(program: &QuantGraph) -> Vec<PrunedChannels> {
    let steps = program.steps.iter();
    steps
        .filter_map(|step| {
            let [computed, all] = step.channels?;
            (computed < all).then(|| PrunedChannels {
                index: step.index,
                operator: step.label(),
                computed,
                all,
            })
        })
        .collect()
}
