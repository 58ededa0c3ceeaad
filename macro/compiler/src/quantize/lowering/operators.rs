//! One operator becomes one kernel, with rescaled operands where scales differ.

use super::builder::Lowering;
use crate::arithmetic::quant_params::{QuantParams, symmetric_i16};
use crate::error::{Blame, Error, Result};
use crate::ir::activation::Activation;
use crate::ir::context::{LowerContext, Operand, QuantRule, Target};
use crate::ir::graph::{ElementType, Kept, ValueId};
use crate::ir::kernel::{Kernel, Lowered, Source};
use crate::ir::operator_traits::FloatKernel;
use crate::ir::quant_graph::TensorId;
use crate::ops::shared::lookup_table::TableKernel;
use crate::ops::shared::requantize::RequantizeKernel;
use crate::quantize::scales::reach;

impl Lowering<'_> {
    /// The context in which the operator at `position` is lowered; `in_f32` if it computes in
    /// f32.
    pub(super) fn context(
        &self,
        position: usize,
        target: Target,
        in_f32: bool,
    ) -> Result<LowerContext<'_>> {
        let node = &self.graph.nodes[position];
        let reads_f32 = in_f32 || self.reads_reals(position);
        let width = self.computes_in(position);
        let operand = |v: &Option<ValueId>| {
            v.map(|v| {
                let value = &self.graph.values[v];
                let computed = value.constant.is_none();
                let element = match value.element {
                    element if reads_f32 && element.is_real() => ElementType::F32,
                    ElementType::F32 => ElementType::I8,
                    other => other.storage_type(),
                };
                let mut operand = Operand {
                    value,
                    params: computed.then(|| self.scales.find(v)).flatten(),
                    element,
                    rounding: self.roundings.get(&v),
                };
                let converted = width.filter(|&w| w != element && self.is_convertible(v));
                if let (Some(width), false) = (converted, reads_f32) {
                    operand.params = self.scales.in_type(v, width);
                    operand.element = width;
                }
                operand
            })
        };
        Ok(LowerContext {
            inputs: node.inputs.iter().map(operand).collect(),
            output: &self.graph.values[node.output()],
            target,
            other_targets: self.other_targets(position)?,
            in_float: node.in_float,
            in_uint8: node.in_uint8,
            per_channel: self.per_channel,
            reference: self.reference,
        })
    }

    /// What an operator writes to its outputs behind the first.
    fn other_targets(&self, position: usize) -> Result<Vec<Target>> {
        let others = self.graph.nodes[position].outputs.iter().skip(1);
        others.map(|&value| self.target(value)).collect()
    }

    /// The tensors that a lowered operator reads; `in_f32` if it computes in f32.
    pub(super) fn sources(
        &mut self,
        position: usize,
        sources: Vec<Source>,
        in_f32: bool,
    ) -> Result<Vec<TensorId>> {
        let reads_f32 = in_f32 || self.reads_reals(position);
        let width = self.computes_in(position);
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
                    match self.f32_tensors.get(&value) {
                        Some(&id) if as_it_comes => id,
                        _ if reads_f32 && self.graph.values[value].element.is_real() => {
                            self.tensor_f32(value)?
                        }
                        _ => match width.filter(|_| self.is_convertible(value)) {
                            Some(width) => self.tensor_of_type(value, width)?,
                            None => self.tensor_quantized(value)?,
                        },
                    }
                }
            });
        }
        Ok(ids)
    }

    /// The type in which an operator computes where tensors of int8 and int16 meet: int16, if
    /// one of its operands or outputs is that. An operator with weights, whose sums are exact,
    /// reads int8 all the same, and writes either type. `None` if nothing has to be converted.
    fn computes_in(&self, position: usize) -> Option<ElementType> {
        let node = &self.graph.nodes[position];
        if node.op.cast().is_some() {
            return None;
        }
        let is_wide =
            |v: ValueId| self.is_convertible(v) && self.graph.values[v].element == ElementType::I16;
        let reads_wide = node.inputs.iter().flatten().any(|&v| is_wide(v));
        let writes_wide = node.outputs.iter().any(|&v| is_wide(v));
        if !reads_wide && (!writes_wide || node.op.writes_f32()) {
            return None;
        }
        // What the file prescribes, and several outputs, are computed as the first output is held.
        let output = node.output();
        let is_ours = node.outputs.len() == 1 && self.graph.values[output].params().is_none();
        let is_narrow = self.is_convertible(output) && !is_wide(output) && !is_ours;
        Some(if is_narrow || self.narrowed.contains(&position) {
            ElementType::I8
        } else {
            ElementType::I16
        })
    }

    /// What an operator that computes in int16 writes where its output is held in int8: int16,
    /// which is converted. One with weights writes int8 itself.
    fn widened(&self, position: usize, target: Target) -> Target {
        let node = &self.graph.nodes[position];
        let (Target::I8(params), Some(ElementType::I16)) = (target, self.computes_in(position))
        else {
            return target;
        };
        if node.op.writes_f32() || !self.is_convertible(node.output()) {
            return target;
        }
        Target::I16(match node.op.rule() {
            QuantRule::Fixed {
                int16: Some(int16), ..
            } => int16,
            _ => {
                let reach = reach(params, ElementType::I8);
                symmetric_i16(reach.min, reach.max)
            }
        })
    }

    /// True for a computed real number that is not kept in float. States that an operator
    /// defines as int16 stay what they are.
    fn is_convertible(&self, value: ValueId) -> bool {
        let value = &self.graph.values[value];
        let is_state = value.element == ElementType::I16 && value.quantization.is_some();
        value.constant.is_none() && value.element.is_real() && value.kept.is_none() && !is_state
    }

    /// True if an operator whose output is not f32 reads f32: all of its real operands are
    /// there in f32.
    fn reads_reals(&self, position: usize) -> bool {
        let node = &self.graph.nodes[position];
        let is_there = |&v: &ValueId| {
            let value = &self.graph.values[v];
            value.constant.is_some()
                || !value.element.is_real()
                || self.f32_tensors.contains_key(&v)
        };
        node.op.reads_reals() && node.inputs.iter().flatten().all(is_there)
    }

    /// Adds the steps of the operator at `position`.
    pub(super) fn node(&mut self, position: usize) -> Result<()> {
        self.end_of_round(position)?;
        let node = &self.graph.nodes[position];
        let target = self.target(node.output())?;
        let in_f32 = target == Target::F32 || node.op.is_float_only();
        if node.op.is_view()
            && let Some(input) = node.inputs.first().copied().flatten()
        {
            let id = self.tensor_in(input, in_f32)?;
            let tensor = &self.program.tensors[id];
            if tensor.element == target.element() && tensor.params == target.params() {
                let kind = if in_f32 {
                    &mut self.f32_tensors
                } else {
                    &mut self.tensors
                };
                kind.insert(node.output(), id);
                return Ok(());
            }
        }
        if in_f32 && self.table_f32(position)? {
            return Ok(());
        }
        let written = self.widened(position, self.written(position, target)?);
        let (lowered, written, target) = match self.lowered(position, written, in_f32) {
            Err(error)
                if !in_f32
                    && node.outputs.len() == 1
                    && self.computes_in(position) == Some(ElementType::I16) =>
            {
                self.without_int16(position, target, error)?
            }
            lowered => (lowered?, written, target),
        };
        let in_f32 = in_f32 || target == Target::F32;
        let Lowered { kernel, sources } = lowered;
        let others = self.other_targets(position)?;
        let targets: Vec<Target> = [written].into_iter().chain(others).collect();
        let mut inputs = self.sources(position, sources, in_f32)?;
        if self.graph.regions.handed_on(node.output()).is_some() {
            for id in &mut inputs {
                *id = self.copied.get(id).copied().unwrap_or(*id);
            }
        }
        if let (QuantRule::SameAsAllInputs | QuantRule::SelectsInputs, Some(params)) =
            (node.op.rule(), target.params())
        {
            self.rescale(position, params, &mut inputs);
        }
        self.check_widths(position, written, &inputs)?;
        let mut outputs = Vec::new();
        for (&value, target) in node.outputs.iter().zip(targets) {
            let id = self.tensor(value, target.element(), target.params());
            if target == Target::F32 {
                self.f32_tensors.insert(value, id);
            } else {
                self.tensors.insert(value, id);
            }
            outputs.push(id);
        }
        self.push_step(Some(node.index), node.op.name(), inputs, outputs, kernel);
        if let (Some(from), Some(to)) = (written.params(), target.params())
            && written != target
        {
            let value = node.output();
            let moved = self.tensors[&value];
            let id = self.tensor(value, target.element(), Some(to));
            let kernel = match (written, target) {
                (Target::I16(_), Target::I8(_)) => Box::new(RequantizeKernel::new(
                    from,
                    to,
                    ElementType::I8,
                    Activation::None,
                )),
                _ => requantize(from, to, target.element()),
            };
            self.push_step(Some(node.index), "(rescale)", vec![moved], vec![id], kernel);
            self.tensors.insert(value, id);
        }
        Ok(())
    }

    /// The kernel of an operator that has none for int16, with what it writes and what its output
    /// is: in float, or, where the output is int8, in int8 if float takes libm.
    fn without_int16(
        &mut self,
        position: usize,
        target: Target,
        error: Error,
    ) -> Result<(Lowered, Target, Target)> {
        let is_int8 = target.element() == ElementType::I8;
        let takes_libm = self.graph.nodes[position].op.traits().float_kernel == FloatKernel::Libm;
        match self.lowered(position, Target::F32, true) {
            Ok(lowered) if !(is_int8 && takes_libm) => Ok((lowered, Target::F32, Target::F32)),
            _ if is_int8 => {
                self.narrowed.insert(position);
                let written = self.written(position, target)?;
                Ok((self.lowered(position, written, false)?, written, target))
            }
            _ => Err(error),
        }
    }

    /// The kernel of the operator at `position`, which writes `written`.
    fn lowered(&self, position: usize, written: Target, in_f32: bool) -> Result<Lowered> {
        let node = &self.graph.nodes[position];
        let context = self.context(position, written, in_f32)?;
        if !in_f32 {
            return node.op.lower(&context);
        }
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
                return Err(Error::model(format!("input {i} is not a real number")));
            }
        }
        Ok(lowered)
    }

    /// The type and scale that an operator writes. One that only moves values keeps its input's
    /// scale, and a rescaling follows where the file goes on with another; in int8 files such
    /// operators copy bytes, as the reference does.
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
            QuantRule::SameAsInput | QuantRule::SameAsAllInputs | QuantRule::SelectsInputs
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

    /// Rescales operands that have another scale than the output.
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
            self.push_step(
                Some(node.index),
                "(rescale)",
                vec![*id],
                vec![rescaled],
                kernel,
            );
            *id = rescaled;
        }
    }
}

/// The kernel that brings a tensor to another scale.
fn requantize(from: QuantParams, to: QuantParams, element: ElementType) -> Box<dyn Kernel> {
    match element {
        ElementType::I8 => Box::new(TableKernel::requantize(from, to)),
        _ => Box::new(RequantizeKernel::new(from, to, element, Activation::None)),
    }
}
