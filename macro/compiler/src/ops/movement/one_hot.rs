//! ONE_HOT: a row per index, `on` at the index and `off` elsewhere.

use ndarray::ArrayD;
use quote::quote;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext, Target};
use crate::ir::graph::Constant;
use crate::ir::graph::array;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::{FloatKernel, OperatorTraits};
use crate::ops::shared::exact_int32;
use crate::ops::shared::operands::owned;
use crate::ops::shared::strided::axis;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The operator ONE_HOT: a row per index, `on` at the index and `off` elsewhere.
pub(crate) struct OneHot {
    axis: i32,
    depth: usize,
    on: f32,
    off: f32,
    /// The bytes of an int8 model, which the reference copies whatever their scale.
    raw: Option<[i8; 2]>,
}

impl OneHot {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let options = node.operator.builtin_options_as_one_hot_options();
        let depth = node.integer(1, "depth")?;
        let negative = |_| Error::model(format!("its depth is {depth}"));
        let depth = usize::try_from(depth).map_err(negative)?;
        let number = |i: usize| {
            let real = node.input(i)?.real();
            let first = real.and_then(|v| v.first().copied());
            match first {
                Some(x) if x.abs() > exact_int32::LARGEST as f32 && !node.output.is_real() => Err(
                    Error::model(format!("input {i} is {x}; supported are smaller integers")),
                ),
                Some(x) => Ok(x),
                None => Err(Error::model(format!("input {i} is computed at run time"))),
            }
        };
        let byte = |i: usize| {
            Ok::<_, Error>(match &node.input(i)?.constant {
                Some(Constant::I8(data)) => data.first().copied(),
                _ => None,
            })
        };
        Ok(Self {
            axis: options.map_or(-1, |o| o.axis()),
            depth,
            on: number(2)?,
            off: number(3)?,
            raw: byte(2)?.zip(byte(3)?).map(|(on, off)| [on, off]),
        })
    }

    fn axis(&self, indices: &[usize]) -> Result<usize> {
        axis(self.axis, indices.len() + 1)
    }
}

impl Operator for OneHot {
    fn name(&self) -> &'static str {
        "ONE_HOT"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            operands: Some(1),
            float_kernel: FloatKernel::Missing,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let mut shape = inputs.first().copied().unwrap_or(&[]).to_vec();
        shape.insert(self.axis(&shape)?, self.depth);
        Ok(shape)
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let indices = owned(inputs, 0)?;
        let axis = self.axis(indices.shape())?;
        let inner: usize = indices.shape()[axis..].iter().product();
        let data: Vec<f32> = indices.iter().copied().collect();
        let total = shape.iter().product::<usize>();
        let hot = (0..total).map(|i| {
            let (rest, k) = (i / inner, i % inner);
            let index = data[rest / self.depth * inner + k];
            if index == (rest % self.depth) as f32 {
                self.on
            } else {
                self.off
            }
        });
        array(shape, hot.collect())
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let indices = &context.input(0)?.value.shape;
        let axis = self.axis(indices)?;
        let q = |x: f32| match context.target {
            Target::I8(params) => i32::from(params.quantize(x)),
            Target::I16(params) => i32::from(params.quantize_i16(x)),
            _ => x as i32,
        };
        Ok(Lowered::unary(OneHotKernel {
            outer: indices[..axis].iter().product(),
            depth: self.depth,
            inner: indices[axis..].iter().product(),
            on: self.raw.map_or_else(|| q(self.on), |r| r[0].into()),
            off: self.raw.map_or_else(|| q(self.off), |r| r[1].into()),
            target: context.target,
        }))
    }
}

struct OneHotKernel {
    outer: usize,
    depth: usize,
    inner: usize,
    on: i32,
    off: i32,
    target: Target,
}

impl Kernel for OneHotKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let indices = inputs[0].i32();
        let total = self.outer * self.depth * self.inner;
        let values = Buffer::I32(vec![self.off, self.on]);
        let hot = (0..total).map(|i| {
            let (rest, k) = (i / self.inner, i % self.inner);
            let index = indices[rest / self.depth * self.inner + k];
            Some(usize::from(index == (rest % self.depth) as i32))
        });
        let picked = values.pick(hot, 0.0);
        match self.target {
            Target::I32 => picked,
            Target::I16(_) => Buffer::I16(picked.i32().iter().map(|&x| x as i16).collect()),
            _ => Buffer::I8(picked.i32().iter().map(|&x| x as i8).collect()),
        }
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let element = literals::ident(self.target.element().name());
        let sizes = literals::fields(&[
            ("outer", self.outer),
            ("depth", self.depth),
            ("inner", self.inner),
        ]);
        let (on, off) = (literals::int(self.on), literals::int(self.off));
        Emitted {
            parameters_type: quote!(OneHot<#element>),
            parameters: quote!(rt::OneHot { #sizes on: #on, off: #off }),
            function: KernelId::new("one_hot"),
        }
    }
}
