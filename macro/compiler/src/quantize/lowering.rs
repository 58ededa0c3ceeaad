//! Every operator becomes a kernel; inputs and outputs get their element types.

use std::collections::HashMap;

use crate::arithmetic::quant_params::QuantParams;
use crate::error::{Blame, Error, Result};
use crate::ir::activation::Activation;
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, Operand, QuantRule, Reference, Target};
use crate::ir::control::{RegionId, WHOLE};
use crate::ir::graph::{Constant, ElementType, Graph, Kept, ValueId};
use crate::ir::kernel::{Kernel, Lowered, Source};
use crate::ir::quant_graph::{QuantGraph, QuantTensor, Step, TensorId};
use crate::ops::quantization::quantize::{DequantizeKernel, QuantizeKernel};
use crate::ops::shared::lookup_table::TableKernel;
use crate::ops::shared::requantize::RequantizeKernel;
use crate::quantize::float_output::{FloatOutputChain, float_output_chain};
use crate::quantize::regions::Converted;
use crate::quantize::scales::Scales;

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
        reals: HashMap::new(),
        region: WHOLE,
        converted: Vec::new(),
        copied: HashMap::new(),
    };
    lowering.inputs(&elements.inputs)?;
    lowering.states()?;
    let ends: Vec<Option<FloatOutputChain>> = graph
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
        if let Some(end) = ends
            .iter()
            .flatten()
            .find(|end| end.nodes.contains(&position))
        {
            lowering
                .float_output_node(position, end)
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
    let mut program = lowering.program;
    program.add_scratch();
    Ok(program)
}

/// Whose rounding a model was made for: a file with scales of its own was run by
/// its authors on one of the two.
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

pub(crate) struct Lowering<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) scales: &'a Scales,
    per_channel: bool,
    reference: Reference,
    pub(crate) program: QuantGraph,
    /// The tensor that holds each value, quantized where there is a choice.
    pub(crate) tensors: HashMap<ValueId, TensorId>,
    /// The tensors that hold values in f32: inputs as they come, and what is
    /// kept in float.
    pub(crate) reals: HashMap<ValueId, TensorId>,
    /// Where steps come to lie.
    pub(crate) region: RegionId,
    /// Values whose second form, in f32 or not, was made in a branch or loop: it is there
    /// only within.
    pub(crate) converted: Vec<Converted>,
    /// What stands for the contents of a loop's variables while others are written.
    pub(crate) copied: HashMap<TensorId, TensorId>,
}

impl Lowering<'_> {
    pub(crate) fn tensor(
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

    pub(crate) fn constant(
        &mut self,
        name: String,
        data: Buffer,
        params: Option<QuantParams>,
    ) -> TensorId {
        let element = match data {
            Buffer::I8(_) => ElementType::I8,
            Buffer::I16(_) => ElementType::I16,
            Buffer::I32(_) => ElementType::I32,
            Buffer::F32(_) => ElementType::F32,
        };
        self.program.tensors.push(QuantTensor {
            name,
            len: data.len(),
            element,
            params,
            constant: Some(data),
            value: None,
        });
        self.program.tensors.len() - 1
    }

    pub(crate) fn push_step(
        &mut self,
        index: impl Into<Option<usize>>,
        operator: &'static str,
        inputs: Vec<TensorId>,
        outputs: Vec<TensorId>,
        kernel: Box<dyn Kernel>,
    ) {
        self.program.steps.push(Step {
            index: index.into(),
            operator,
            fused: None,
            inputs,
            results: outputs.len(),
            outputs,
            kernel: kernel.into(),
            channels: None,
            region: self.region,
        });
    }

    /// A step of the compiler's own, beside the file's operators.
    pub(crate) fn push_compiler_step(
        &mut self,
        operator: &'static str,
        from: TensorId,
        to: TensorId,
        kernel: impl Kernel + 'static,
    ) {
        self.push_step(None, operator, vec![from], vec![to], Box::new(kernel));
    }

    /// How the program holds a value.
    pub(crate) fn target(&self, value: ValueId) -> Result<Target> {
        Ok(match self.graph.values[value].element {
            ElementType::I32 | ElementType::U32 => Target::I32,
            ElementType::Bool => Target::Bool,
            _ if self.graph.values[value].kept.is_some() => Target::F32,
            ElementType::I16 => Target::I16(self.scales.get(self.graph, value)?),
            _ => Target::I8(self.scales.get(self.graph, value)?),
        })
    }

    /// The quantized (or integer) tensor of a value; f32 ones are quantized on
    /// first use.
    pub(crate) fn tensor_quantized(&mut self, value: ValueId) -> Result<TensorId> {
        if let Some(&id) = self.tensors.get(&value) {
            return Ok(id);
        }
        let v = &self.graph.values[value];
        match &v.constant {
            Some(Constant::I32(data)) if v.element.storage_type() == ElementType::I32 => {
                let data = Buffer::I32(data.iter().copied().collect());
                return Ok(self.constant(v.name.clone(), data, None));
            }
            Some(Constant::I64(_)) if v.element == ElementType::I32 => return Err(v.too_wide()),
            Some(Constant::I8(data)) if v.element == ElementType::Bool => {
                let data = Buffer::I8(data.iter().copied().collect());
                return Ok(self.constant(v.name.clone(), data, None));
            }
            _ => {}
        }
        let params = match v.params() {
            Some(params) => params,
            None => self.scales.get(self.graph, value)?,
        };
        if let Some(real) = v.real() {
            let data = if v.element == ElementType::I16 {
                Buffer::I16(real.iter().map(|&x| params.quantize_i16(x)).collect())
            } else {
                Buffer::I8(real.iter().map(|&x| params.quantize(x)).collect())
            };
            return Ok(self.constant(v.name.clone(), data, Some(params)));
        }
        let Some(&raw) = self.reals.get(&value) else {
            return Err(Error::model(format!(
                "tensor {:?} is not there yet",
                self.graph.values[value].name
            )));
        };
        let element = match self.graph.values[value].element {
            ElementType::I16 => ElementType::I16,
            _ => ElementType::I8,
        };
        let id = self.tensor(value, element, Some(params));
        self.push_compiler_step("(input)", raw, id, QuantizeKernel { params, element });
        self.tensors.insert(value, id);
        self.convert(value, false);
        Ok(id)
    }

    /// A value in f32.
    pub(crate) fn tensor_f32(&mut self, value: ValueId) -> Result<TensorId> {
        if let Some(&id) = self.reals.get(&value) {
            return Ok(id);
        }
        let v = &self.graph.values[value];
        if let Some(real) = v.real() {
            let data = Buffer::F32(real.iter().copied().collect());
            return Ok(self.constant(v.name.clone(), data, None));
        }
        let id = self.dequantized(value)?;
        self.reals.insert(value, id);
        self.convert(value, true);
        Ok(id)
    }

    /// `real` if it reads f32.
    pub(crate) fn context(
        &self,
        position: usize,
        target: Target,
        real: bool,
    ) -> Result<LowerContext<'_>> {
        let node = &self.graph.nodes[position];
        let raw = real || self.reads_reals(position);
        let operand = |v: &Option<ValueId>| {
            v.map(|v| {
                let value = &self.graph.values[v];
                let computed = value.constant.is_none();
                Operand {
                    value,
                    params: computed.then(|| self.scales.find(v)).flatten(),
                    element: match value.element {
                        element if raw && element.is_real() => ElementType::F32,
                        ElementType::F32 => ElementType::I8,
                        other => other.storage_type(),
                    },
                }
            })
        };
        Ok(LowerContext {
            inputs: node.inputs.iter().map(operand).collect(),
            output: &self.graph.values[node.output()],
            target,
            other_targets: node.outputs[1..]
                .iter()
                .map(|&v| self.target(v))
                .collect::<Result<_>>()?,
            in_float: node.in_float,
            in_uint8: node.in_uint8,
            per_channel: self.per_channel,
            reference: self.reference,
        })
    }

    /// The tensors that a lowered operator reads; `real` if it computes in f32.
    pub(crate) fn sources(
        &mut self,
        position: usize,
        sources: Vec<Source>,
        real: bool,
    ) -> Result<Vec<TensorId>> {
        let raw = real || self.reads_reals(position);
        let mut ids = Vec::new();
        for source in sources {
            ids.push(match source {
                Source::Constant(data) => {
                    let name = self.graph.values[self.graph.nodes[position].output()]
                        .name
                        .clone();
                    self.constant(name, data, None)
                }
                Source::Operand(i) => {
                    let value = self.graph.nodes[position].input(i)?;
                    let as_it_comes = self.graph.nodes[position].op.reads_f32();
                    match self.reals.get(&value) {
                        Some(&raw) if as_it_comes => raw,
                        _ if raw && self.graph.values[value].element.is_real() => {
                            self.tensor_f32(value)?
                        }
                        _ => self.tensor_quantized(value)?,
                    }
                }
            });
        }
        Ok(ids)
    }

    /// True if an operator whose output is no f32 reads f32: all of its real operands are
    /// there in f32.
    fn reads_reals(&self, position: usize) -> bool {
        let node = &self.graph.nodes[position];
        let is_there = |&v: &ValueId| {
            let value = &self.graph.values[v];
            value.constant.is_some() || !value.element.is_real() || self.reals.contains_key(&v)
        };
        node.op.reads_reals() && node.inputs.iter().flatten().all(is_there)
    }

    fn node(&mut self, position: usize) -> Result<()> {
        self.end_of_round(position)?;
        let node = &self.graph.nodes[position];
        let target = self.target(node.output())?;
        let real = target == Target::F32 || node.op.is_float_only();
        if node.op.is_view()
            && let Some(input) = node.inputs.first().copied().flatten()
        {
            let id = if real {
                self.tensor_f32(input)?
            } else {
                self.tensor_quantized(input)?
            };
            let tensor = &self.program.tensors[id];
            if tensor.element == target.element() && tensor.params == target.params() {
                let kind = if real {
                    &mut self.reals
                } else {
                    &mut self.tensors
                };
                kind.insert(node.output(), id);
                return Ok(());
            }
        }
        if real && self.table_f32(position)? {
            return Ok(());
        }
        let written = self.written(position, target)?;
        let context = self.context(position, written, real)?;
        let Lowered { kernel, sources } = if real {
            let kept = self.graph.values[node.output()].kept;
            let blamed = |e: Error| match kept {
                Some(Kept::Clause(clause)) => Error::new(Blame::Tensor(clause), e.message),
                _ => e,
            };
            let lowered = node.op.lower_float(&context).map_err(blamed)?;
            for source in &lowered.sources {
                if let Source::Operand(i) = source
                    && !node.op.takes_integers(*i)
                    && context.element(*i)? != ElementType::F32
                {
                    return Err(Error::model(format!("input {i} is no real number")));
                }
            }
            lowered
        } else {
            node.op.lower(&context)?
        };
        let targets: Vec<Target> = [written].into_iter().chain(context.other_targets).collect();
        let mut inputs = self.sources(position, sources, real)?;
        if self.graph.regions.handed_on(node.output()).is_some() {
            for id in &mut inputs {
                *id = self.copied.get(id).copied().unwrap_or(*id);
            }
        }
        if let (QuantRule::SameAsAllInputs | QuantRule::Choice, Some(params)) =
            (node.op.rule(), target.params())
        {
            self.rescale(position, params, &mut inputs);
        }
        self.check_widths(position, written, &inputs)?;
        let mut outputs = Vec::new();
        for (&value, target) in node.outputs.iter().zip(targets) {
            let id = self.tensor(value, target.element(), target.params());
            if target == Target::F32 {
                self.reals.insert(value, id);
            } else {
                self.tensors.insert(value, id);
            }
            outputs.push(id);
        }
        self.push_step(node.index, node.op.name(), inputs, outputs, kernel);
        if let (Some(from), Some(to)) = (written.params(), target.params())
            && written != target
        {
            let value = node.output();
            let moved = self.tensors[&value];
            let id = self.tensor(value, target.element(), Some(to));
            let kernel = requantize(from, to, target.element());
            self.push_step(node.index, "(rescale)", vec![moved], vec![id], kernel);
            self.tensors.insert(value, id);
        }
        Ok(())
    }

    /// What an operator that only moves values writes where the file goes on with another
    /// scale: its input's. In int8 files such operators copy bytes, as the reference does.
    fn written(&self, position: usize, target: Target) -> Result<Target> {
        let node = &self.graph.nodes[position];
        let moves = node.op.rule() == QuantRule::SameAsInput
            && node.op.cast().is_none()
            && !node.op.is_view();
        if !node.in_float || !moves || target.params().is_none() {
            return Ok(target);
        }
        let input = node.inputs.iter().flatten().copied().find(|&v| {
            let value = &self.graph.values[v];
            value.constant.is_none() && value.element.is_real()
        });
        Ok(match input.map(|v| self.target(v)).transpose()? {
            Some(from) if from.element() == target.element() => from,
            _ => target,
        })
    }

    /// Refuses an operator that takes elements of its operands as they are, where a file
    /// goes on with 8 bits from 16 or the other way round.
    fn check_widths(&self, position: usize, written: Target, inputs: &[TensorId]) -> Result<()> {
        let op = &self.graph.nodes[position].op;
        let moves = matches!(
            op.rule(),
            QuantRule::SameAsInput | QuantRule::SameAsAllInputs | QuantRule::Choice
        );
        if !moves || op.cast().is_some() {
            return Ok(());
        }
        let is_quantized = |e: ElementType| matches!(e, ElementType::I8 | ElementType::I16);
        let to = written.element();
        let other = inputs.iter().map(|&id| &self.program.tensors[id]);
        let mut other = other.filter(|t| t.params.is_some() && is_quantized(t.element));
        match other.find(|t| is_quantized(to) && t.element != to) {
            Some(tensor) => Err(Error::model(format!(
                "it moves elements of {:?}, which are {}, to an output of {}; convert them by QUANTIZE first",
                tensor.name,
                tensor.element.name(),
                to.name()
            ))),
            None => Ok(()),
        }
    }

    /// Brings operands that have another scale to the one of the output.
    fn rescale(&mut self, position: usize, params: QuantParams, inputs: &mut [TensorId]) {
        let node = &self.graph.nodes[position];
        let rescales = node.in_uint8 && node.op.name() == "CONCATENATION";
        for id in inputs {
            let tensor = &self.program.tensors[*id];
            let (Some(from), Some(value)) = (tensor.params, tensor.value) else {
                continue;
            };
            // A model's own int8 tensors are copied as the reference copies them, but not
            // where the file converts them to real numbers first.
            let own = self.graph.values[value].params().is_some();
            let is_copied = own && !node.in_float && !rescales;
            if from == params || is_copied {
                continue;
            }
            let element = tensor.element;
            let rescaled = self.tensor(value, element, Some(params));
            let kernel: Box<dyn Kernel> = if rescales {
                Box::new(TableKernel::concatenated_uint8(from, params))
            } else {
                requantize(from, params, element)
            };
            self.push_step(node.index, "(rescale)", vec![*id], vec![rescaled], kernel);
            *id = rescaled;
        }
    }

    pub(crate) fn dequantized(&mut self, value: ValueId) -> Result<TensorId> {
        let id = self.tensor_quantized(value)?;
        let params = self.program.tensors[id].params;
        let params = match params {
            Some(params) => params,
            None => self.scales.get(self.graph, value)?,
        };
        let real = self.tensor(value, ElementType::F32, None);
        self.push_compiler_step("(output)", id, real, DequantizeKernel(params));
        Ok(real)
    }
}

/// To another scale.
fn requantize(from: QuantParams, to: QuantParams, element: ElementType) -> Box<dyn Kernel> {
    match element {
        ElementType::I8 => Box::new(TableKernel::requantize(from, to)),
        _ => Box::new(RequantizeKernel::new(from, to, element, Activation::None)),
    }
}
