//! Every operator becomes a kernel; inputs and outputs get their element types.

use std::collections::HashMap;

use super::{QuantGraph, QuantTensor, Scales, Step, TensorId};
use crate::error::{Error, Result};
use crate::graph::{ElementType, Graph, QuantParams, ValueId};
use crate::ops::quantize::{DequantizeKernel, QuantizeKernel};
use crate::ops::table::TableKernel;
use crate::ops::tail::{Function, TailKernel};
use crate::ops::{Kernel, LowerContext, Operand, Reference, Source, Target};

/// How callers see the inputs and outputs.
pub(crate) struct Elements {
    pub inputs: Vec<ElementType>,
    pub outputs: Vec<ElementType>,
}

/// Lowers a rewritten graph.
pub(crate) fn lower(
    graph: &Graph,
    scales: &Scales,
    elements: &Elements,
    per_channel: bool,
) -> Result<QuantGraph> {
    let mut lowering = Lowering {
        graph,
        scales,
        per_channel,
        reference: reference(graph),
        program: QuantGraph::default(),
        tensors: HashMap::new(),
        raw_inputs: HashMap::new(),
    };
    lowering.inputs(&elements.inputs)?;
    let ends: Vec<Option<F32End>> = graph
        .outputs
        .iter()
        .zip(&elements.outputs)
        .map(|(port, element)| {
            (*element == ElementType::F32)
                .then(|| f32_end(graph, port.value))
                .flatten()
        })
        .collect();
    for (position, node) in graph.nodes.iter().enumerate() {
        if let Some(end) = ends
            .iter()
            .flatten()
            .find(|end| end.nodes.contains(&position))
        {
            lowering
                .f32_node(position, end)
                .map_err(|e| e.at(node.place(graph)))?;
        } else {
            lowering
                .node(position)
                .map_err(|e| e.at(node.place(graph)))?;
        }
    }
    for (port, element) in graph.outputs.iter().zip(&elements.outputs) {
        lowering.output(port.value, *element)?;
    }
    Ok(lowering.program)
}

/// Whose rounding a model was made for: a file with scales of its own was run by
/// its authors on one of the two.
fn reference(graph: &Graph) -> Reference {
    let prescribed = graph
        .nodes
        .iter()
        .any(|n| graph.values[n.output].params().is_some());
    if prescribed && graph.nodes.iter().any(|n| !n.op.in_tflite_micro()) {
        Reference::LiteRt
    } else {
        Reference::TfliteMicro
    }
}

/// The operators at the end of an f32 output that need no int8 step: they
/// write real values, straight from the accumulators.
struct F32End {
    /// Positions, all before `value` exists as f32.
    nodes: Vec<usize>,
    /// The tensor whose int8 form is dequantized first, if no operator of the
    /// chain has accumulators.
    start: Option<ValueId>,
}

fn f32_end(graph: &Graph, output: ValueId) -> Option<F32End> {
    let (uses, producers) = (graph.uses(), graph.producers());
    let mut end = F32End {
        nodes: Vec::new(),
        start: None,
    };
    let mut value = output;
    loop {
        let position = producers[value];
        // Quantization that the file prescribes is kept to the letter.
        let ours = uses[value] == 1 && graph.values[value].quantization.is_none();
        let Some(position) = position.filter(|_| ours) else {
            end.start = Some(value);
            break;
        };
        let node = &graph.nodes[position];
        if node.op.writes_f32() {
            end.nodes.push(position);
            break;
        }
        if !(node.op.is_view() || node.op.tail().is_some()) {
            end.start = Some(value);
            break;
        }
        end.nodes.push(position);
        value = node.inputs.first().copied().flatten()?;
    }
    (!end.nodes.is_empty()).then_some(end)
}

struct Lowering<'a> {
    graph: &'a Graph,
    scales: &'a Scales,
    per_channel: bool,
    reference: Reference,
    program: QuantGraph,
    /// The tensor that holds each value, int8 where there is a choice.
    tensors: HashMap<ValueId, TensorId>,
    /// f32 inputs as they come.
    raw_inputs: HashMap<ValueId, TensorId>,
}

impl Lowering<'_> {
    fn tensor(
        &mut self,
        value: ValueId,
        element: ElementType,
        params: Option<QuantParams>,
    ) -> TensorId {
        self.program.tensors.push(QuantTensor {
            name: self.graph.values[value].name.clone(),
            len: self.graph.values[value].len(),
            element,
            params,
            constant: None,
            value: Some(value),
        });
        self.program.tensors.len() - 1
    }

    fn constant(&mut self, name: String, data: Vec<i8>, params: Option<QuantParams>) -> TensorId {
        self.program.tensors.push(QuantTensor {
            name,
            len: data.len(),
            element: ElementType::I8,
            params,
            constant: Some(data),
            value: None,
        });
        self.program.tensors.len() - 1
    }

    fn step(
        &mut self,
        index: usize,
        operator: &'static str,
        inputs: Vec<TensorId>,
        output: TensorId,
        kernel: Box<dyn Kernel>,
    ) {
        self.program.steps.push(Step {
            index,
            operator,
            inputs,
            output,
            kernel,
        });
    }

    fn inputs(&mut self, elements: &[ElementType]) -> Result<()> {
        for (port, element) in self.graph.inputs.iter().zip(elements) {
            let params = self.scales.find(port.value);
            self.program.input_params.push(params);
            let id = match element {
                ElementType::I8 => {
                    let params = self.scales.get(self.graph, port.value)?;
                    let id = self.tensor(port.value, ElementType::I8, Some(params));
                    self.tensors.insert(port.value, id);
                    id
                }
                ElementType::F32 => {
                    let id = self.tensor(port.value, ElementType::F32, None);
                    self.raw_inputs.insert(port.value, id);
                    id
                }
            };
            self.program.inputs.push(id);
        }
        Ok(())
    }

    /// The int8 tensor of a value; f32 inputs are quantized on first use.
    fn int8(&mut self, value: ValueId) -> Result<TensorId> {
        if let Some(&id) = self.tensors.get(&value) {
            return Ok(id);
        }
        let params = self.scales.get(self.graph, value)?;
        if let Some(real) = self.graph.values[value].real() {
            let data = real.iter().map(|&x| params.quantize(x)).collect();
            return Ok(self.constant(self.graph.values[value].name.clone(), data, Some(params)));
        }
        let Some(&raw) = self.raw_inputs.get(&value) else {
            return Err(Error::model(format!(
                "tensor {:?} is not there yet",
                self.graph.values[value].name
            )));
        };
        let id = self.tensor(value, ElementType::I8, Some(params));
        self.step(
            usize::MAX,
            "(input)",
            vec![raw],
            id,
            Box::new(QuantizeKernel(params)),
        );
        self.tensors.insert(value, id);
        Ok(id)
    }

    fn context(&self, position: usize, target: Target) -> LowerContext<'_> {
        let node = &self.graph.nodes[position];
        let operand = |v: &Option<ValueId>| {
            v.map(|v| Operand {
                value: &self.graph.values[v],
                params: self.graph.values[v]
                    .constant
                    .is_none()
                    .then(|| self.scales.find(v))
                    .flatten(),
            })
        };
        LowerContext {
            inputs: node.inputs.iter().map(operand).collect(),
            output: &self.graph.values[node.output],
            target,
            per_channel: self.per_channel,
            reference: self.reference,
        }
    }

    /// The tensors that a lowered operator reads.
    fn sources(&mut self, position: usize, sources: Vec<Source>) -> Result<Vec<TensorId>> {
        let mut ids = Vec::new();
        for source in sources {
            ids.push(match source {
                Source::Constant(data) => {
                    let name = self.graph.values[self.graph.nodes[position].output]
                        .name
                        .clone();
                    self.constant(name, data, None)
                }
                Source::Operand(i) => {
                    let value = self.graph.nodes[position].inputs[i].unwrap_or_default();
                    match self.raw_inputs.get(&value) {
                        Some(&raw) if self.graph.nodes[position].op.reads_f32() => raw,
                        _ => self.int8(value)?,
                    }
                }
            });
        }
        Ok(ids)
    }

    fn node(&mut self, position: usize) -> Result<()> {
        let node = &self.graph.nodes[position];
        let params = self.scales.get(self.graph, node.output)?;
        if node.op.is_view()
            && let Some(input) = node.inputs.first().copied().flatten()
            && self.scales.find(input) == Some(params)
        {
            let id = self.int8(input)?;
            self.tensors.insert(node.output, id);
            return Ok(());
        }
        let lowered = node.op.lower(&self.context(position, Target::I8(params)))?;
        let mut inputs = self.sources(position, lowered.sources)?;
        if node.op.rule() == crate::ops::QuantRule::SameAsAllInputs {
            self.rescale(position, params, &mut inputs);
        }
        let output = self.tensor(node.output, ElementType::I8, Some(params));
        self.tensors.insert(node.output, output);
        self.step(node.index, node.op.name(), inputs, output, lowered.kernel);
        Ok(())
    }

    /// Brings operands that have another scale to the one of the output.
    fn rescale(&mut self, position: usize, params: QuantParams, inputs: &mut [TensorId]) {
        let node = &self.graph.nodes[position];
        for id in inputs {
            let tensor = &self.program.tensors[*id];
            let (Some(from), Some(value)) = (tensor.params, tensor.value) else {
                continue;
            };
            // A model's own int8 tensors are copied as the reference copies them.
            if from == params || self.graph.values[value].params().is_some() {
                continue;
            }
            let rescaled = self.tensor(value, ElementType::I8, Some(params));
            let kernel = Box::new(TableKernel::requantize(from, params));
            self.step(node.index, "(rescale)", vec![*id], rescaled, kernel);
            *id = rescaled;
        }
    }

    /// A node of an [`F32End`]: writes f32.
    fn f32_node(&mut self, position: usize, end: &F32End) -> Result<()> {
        let node = &self.graph.nodes[position];
        let Some(input) = node.inputs.first().copied().flatten() else {
            return Err(Error::model("it has no input"));
        };
        if node.op.writes_f32() {
            let lowered = node.op.lower(&self.context(position, Target::F32))?;
            let inputs = self.sources(position, lowered.sources)?;
            let output = self.tensor(node.output, ElementType::F32, None);
            self.tensors.insert(node.output, output);
            self.step(node.index, node.op.name(), inputs, output, lowered.kernel);
            return Ok(());
        }
        let real = if end.start == Some(input) {
            self.dequantized(input)?
        } else {
            self.tensors[&input]
        };
        if node.op.is_view() {
            self.tensors.insert(node.output, real);
            return Ok(());
        }
        let function = node.op.tail().unwrap_or(Function::Logistic);
        let output = self.tensor(node.output, ElementType::F32, None);
        self.tensors.insert(node.output, output);
        self.step(
            node.index,
            node.op.name(),
            vec![real],
            output,
            Box::new(TailKernel(function)),
        );
        Ok(())
    }

    fn dequantized(&mut self, value: ValueId) -> Result<TensorId> {
        let id = self.int8(value)?;
        let params = self.scales.get(self.graph, value)?;
        let real = self.tensor(value, ElementType::F32, None);
        self.step(
            usize::MAX,
            "(output)",
            vec![id],
            real,
            Box::new(DequantizeKernel(params)),
        );
        Ok(real)
    }

    fn output(&mut self, value: ValueId, element: ElementType) -> Result<()> {
        let params = self.scales.find(value);
        self.program.output_params.push(params);
        let existing = self.tensors.get(&value).copied();
        // An f32 input that is also an output goes through untouched.
        let raw = self.raw_inputs.get(&value).copied();
        let id = match (existing, raw, element) {
            (_, Some(raw), ElementType::F32) => raw,
            (Some(id), ..) if self.program.tensors[id].element == element => id,
            (_, _, ElementType::F32) => self.dequantized(value)?,
            (_, _, ElementType::I8) => self.int8(value)?,
        };
        self.program.outputs.push(id);
        Ok(())
    }
}
