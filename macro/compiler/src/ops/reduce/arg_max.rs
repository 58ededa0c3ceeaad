//! ARG_MAX and ARG_MIN: the first index of an extreme along one axis.

use ndarray::ArrayD;
use quote::quote;

use crate::error::Result;
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::graph::array;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::OperatorTraits;
use crate::ops::shared::operands::owned;
use crate::ops::shared::strided::axis;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The operator ARG_MAX and ARG_MIN: the first index of an extreme along one axis.
pub(crate) struct ArgMax {
    axis: i32,
    smallest: bool,
}

impl ArgMax {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        Self::new(node, false)
    }

    pub(crate) fn new(node: &ParseContext<'_>, smallest: bool) -> Result<Self> {
        Ok(Self {
            axis: node.integer(1, "axis")?,
            smallest,
        })
    }

    fn kernel(&self, shape: &[usize]) -> Result<ArgMaxKernel> {
        let axis = axis(self.axis, shape.len())?;
        Ok(ArgMaxKernel {
            outer: shape[..axis].iter().product(),
            depth: shape[axis],
            inner: shape[axis + 1..].iter().product(),
            smallest: self.smallest,
        })
    }
}

impl Operator for ArgMax {
    fn name(&self) -> &'static str {
        if self.smallest { "ARG_MIN" } else { "ARG_MAX" }
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            operands: Some(1),
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let mut shape = inputs.first().copied().unwrap_or(&[]).to_vec();
        shape.remove(axis(self.axis, shape.len())?);
        Ok(shape)
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let input = owned(inputs, 0)?;
        let data: Vec<f32> = input.iter().copied().collect();
        let found = self.kernel(input.shape())?.find(&data);
        array(shape, found.iter().map(|&i| i as f32).collect())
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        Ok(Lowered::unary(self.kernel(&context.input(0)?.value.shape)?))
    }
}

struct ArgMaxKernel {
    outer: usize,
    depth: usize,
    inner: usize,
    smallest: bool,
}

impl ArgMaxKernel {
    fn find<T: PartialOrd + Copy>(&self, data: &[T]) -> Vec<i32> {
        let better = |a: T, b: T| if self.smallest { a < b } else { a > b };
        (0..self.outer * self.inner)
            .map(|lane| {
                let (outer, inner) = (lane / self.inner, lane % self.inner);
                let at = |d: usize| data[(outer * self.depth + d) * self.inner + inner];
                (1..self.depth).fold(0, |best, d| if better(at(d), at(best)) { d } else { best })
                    as i32
            })
            .collect()
    }
}

impl Kernel for ArgMaxKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        Buffer::I32(match inputs[0] {
            Buffer::I16(data) => self.find(data),
            Buffer::I32(data) => self.find(data),
            other => self.find(other.i8()),
        })
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let sizes = literals::fields(&[
            ("outer", self.outer),
            ("depth", self.depth),
            ("inner", self.inner),
        ]);
        Emitted {
            parameters_type: quote!(ArgMax),
            parameters: quote!(rt::ArgMax { #sizes }),
            function: KernelId::new(if self.smallest { "arg_min" } else { "arg_max" }),
        }
    }
}
