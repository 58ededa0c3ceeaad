//! The program while it is built: its tensors, and the forms in which values are there.

use std::collections::{HashMap, HashSet};

use crate::arithmetic::quant_params::QuantParams;
use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::buffer::Buffer;
use crate::ir::context::{Reference, Target};
use crate::ir::control::RegionId;
use crate::ir::graph::{Constant, ElementType, Graph, ValueId};
use crate::ir::kernel::Kernel;
use crate::ir::quant_graph::{QuantGraph, QuantTensor, Step, TensorId};
use crate::ops::quantization::quantize::{DequantizeKernel, QuantizeKernel};
use crate::ops::shared::requantize::RequantizeKernel;
use crate::quantize::round_weights::Roundings;
use crate::quantize::scales::Scales;

/// A program while it is built from a graph.
pub(super) struct Lowering<'a> {
    pub(super) graph: &'a Graph,
    pub(super) scales: &'a Scales,
    /// Whether weights have one scale for each output channel.
    pub(super) per_channel: bool,
    /// How weights are rounded that do not all go to their nearest step.
    pub(super) roundings: &'a Roundings,
    pub(super) reference: Reference,
    pub(super) program: QuantGraph,
    /// The tensor that holds each value, quantized where there is a choice.
    pub(super) tensors: HashMap<ValueId, TensorId>,
    /// The tensors that hold values in f32: inputs as callers pass them, and what is
    /// kept in float.
    pub(super) f32_tensors: HashMap<ValueId, TensorId>,
    /// The tensors that hold int8 values as int16, or int16 values as int8.
    pub(super) other_types: HashMap<ValueId, TensorId>,
    /// Operators that compute in int8 although an operand is int16: they have no other kernel.
    pub(super) narrowed: HashSet<usize>,
    /// The region that steps are added to.
    pub(super) region: RegionId,
    /// The conversions inside of branches and loops, which are there only within.
    pub(super) converted: Vec<Converted>,
    /// The copies of a loop's variables, which keep their contents while the variables are
    /// written.
    pub(super) copied: HashMap<TensorId, TensorId>,
}

/// A value's second form, beside the one that its operator writes.
pub(super) struct Converted {
    pub value: ValueId,
    pub form: Form,
    /// The region that the conversion lies in.
    pub region: RegionId,
}

/// A form in which a value may be there.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// In its own type: [`Lowering::tensors`].
    Own,
    /// In f32: [`Lowering::f32_tensors`].
    F32,
    /// In int16 in place of int8, or the other way round: [`Lowering::other_types`].
    OtherType,
}

impl Lowering<'_> {
    /// Adds a tensor that holds a value.
    pub(super) fn tensor(
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

    /// Adds a tensor with constant data.
    pub(super) fn constant(
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

    /// Adds a step for the file's operator number `index`, or for none of them.
    pub(super) fn push_step(
        &mut self,
        index: Option<usize>,
        operator: &'static str,
        inputs: Vec<TensorId>,
        outputs: Vec<TensorId>,
        kernel: Box<dyn Kernel>,
    ) {
        self.program.steps.push(Step {
            index,
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

    /// Adds a step of the compiler's own, which stands for no operator of the file.
    pub(super) fn push_compiler_step(
        &mut self,
        operator: &'static str,
        from: TensorId,
        to: TensorId,
        kernel: impl Kernel + 'static,
    ) {
        self.push_step(None, operator, vec![from], vec![to], Box::new(kernel));
    }

    /// The element type and scale in which the program holds a value.
    pub(super) fn target(&self, value: ValueId) -> Result<Target> {
        Ok(match self.graph.values[value].element {
            ElementType::I32 | ElementType::U32 => Target::I32,
            ElementType::Bool => Target::Bool,
            _ if self.graph.values[value].kept.is_some() => Target::F32,
            ElementType::I16 => Target::I16(self.scales.get(self.graph, value)?),
            _ => Target::I8(self.scales.get(self.graph, value)?),
        })
    }

    /// The tensor that holds a value as int8, int16, int32 or bool; a value in f32 is
    /// quantized on first use.
    pub(super) fn tensor_quantized(&mut self, value: ValueId) -> Result<TensorId> {
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
        let Some(&raw) = self.f32_tensors.get(&value) else {
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
        self.convert(value, Form::Own);
        Ok(id)
    }

    /// The tensor that holds a computed value as int8 or int16; it is converted on first use.
    pub(super) fn tensor_of_type(
        &mut self,
        value: ValueId,
        element: ElementType,
    ) -> Result<TensorId> {
        let own = self.tensor_quantized(value)?;
        let tensor = &self.program.tensors[own];
        let (Some(from), false) = (tensor.params, tensor.element == element) else {
            return Ok(own);
        };
        if let Some(&id) = self.other_types.get(&value) {
            return Ok(id);
        }
        let to = self.scales.in_type(value, element);
        let to = to.ok_or_else(|| Error::internal("a converted tensor without a scale"))?;
        let id = self.tensor(value, element, Some(to));
        let kernel = RequantizeKernel::new(from, to, element, Activation::None);
        self.push_compiler_step("(convert)", own, id, kernel);
        self.other_types.insert(value, id);
        self.convert(value, Form::OtherType);
        Ok(id)
    }

    /// The tensor that holds a value in f32; a quantized value is dequantized on first use.
    pub(super) fn tensor_f32(&mut self, value: ValueId) -> Result<TensorId> {
        if let Some(&id) = self.f32_tensors.get(&value) {
            return Ok(id);
        }
        let v = &self.graph.values[value];
        if let Some(real) = v.real() {
            let data = Buffer::F32(real.iter().copied().collect());
            return Ok(self.constant(v.name.clone(), data, None));
        }
        let id = self.dequantized(value)?;
        self.f32_tensors.insert(value, id);
        self.convert(value, Form::F32);
        Ok(id)
    }

    /// Adds a step that dequantizes a value, and gives its output.
    pub(super) fn dequantized(&mut self, value: ValueId) -> Result<TensorId> {
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

    /// The tensor that holds a value in f32, or else the quantized one.
    pub(super) fn tensor_in(&mut self, value: ValueId, in_f32: bool) -> Result<TensorId> {
        if in_f32 {
            self.tensor_f32(value)
        } else {
            self.tensor_quantized(value)
        }
    }

    /// Goes on in another region. Conversions inside of regions that are left may not have run:
    /// they are forgotten.
    pub(super) fn enter(&mut self, region: RegionId) {
        if region == self.region {
            return;
        }
        self.region = region;
        let regions = &self.graph.regions;
        let (tensors, f32_tensors) = (&mut self.tensors, &mut self.f32_tensors);
        let other_types = &mut self.other_types;
        self.converted.retain(|converted| {
            let is_there = regions.contains(converted.region, region);
            if !is_there {
                let tensors_of_form = match converted.form {
                    Form::Own => &mut *tensors,
                    Form::F32 => &mut *f32_tensors,
                    Form::OtherType => &mut *other_types,
                };
                tensors_of_form.remove(&converted.value);
            }
            is_there
        });
    }

    /// Notes that a value has a second form from here on.
    pub(super) fn convert(&mut self, value: ValueId, form: Form) {
        self.converted.push(Converted {
            value,
            form,
            region: self.region,
        });
    }
}
