//! CUMSUM along one axis.

use ndarray::{ArrayD, Axis};
use quote::quote;

use crate::arithmetic::fixed_point::Multiplier;
use crate::error::Result;
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::{FloatKernel, OperatorTraits};
use crate::ops::elementwise::add_n::LEFT_SHIFT;
use crate::ops::shared::operands::owned;
use crate::ops::shared::strided::axis;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The operator CUMSUM along one axis.
pub(crate) struct Cumsum {
    axis: i32,
    exclusive: bool,
    reverse: bool,
}

impl Cumsum {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let options = node.operator.builtin_options_as_cumsum_options();
        Ok(Self {
            axis: node.integer(1, "axis")?,
            exclusive: options.is_some_and(|o| o.exclusive()),
            reverse: options.is_some_and(|o| o.reverse()),
        })
    }
}

impl Operator for Cumsum {
    fn name(&self) -> &'static str {
        "CUMSUM"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            operands: Some(1),
            float_kernel: FloatKernel::Missing,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let input = inputs.first().copied().unwrap_or(&[]);
        axis(self.axis, input.len())?;
        Ok(input.to_vec())
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let mut output = owned(inputs, 0)?;
        let axis = axis(self.axis, shape.len())?;
        for mut lane in output.lanes_mut(Axis(axis)) {
            if self.reverse {
                lane.invert_axis(Axis(0));
            }
            let mut sum = 0.0;
            for x in lane {
                let before = sum;
                sum += *x;
                *x = if self.exclusive { before } else { sum };
            }
        }
        Ok(output)
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let (input, output) = (context.params(0)?, context.output_params()?);
        let shape = &context.input(0)?.value.shape;
        let axis = axis(self.axis, shape.len())?;
        let twice = 2.0 * f64::from(input.scale);
        let factor = Multiplier::new(f64::from(input.scale) / twice);
        let unit = f64::from(1 << LEFT_SHIFT) * f64::from(output.scale);
        let offset = -input.zero_point;
        Ok(Lowered::unary(CumsumKernel {
            outer: shape[..axis].iter().product(),
            depth: shape[axis],
            inner: shape[axis + 1..].iter().product(),
            exclusive: self.exclusive,
            reverse: self.reverse,
            offset,
            factor,
            // An int8 sum begins at the reference's zero, which is one more element of 0.
            start: if context.in_float {
                0
            } else {
                factor.apply(offset << LEFT_SHIFT)
            },
            output: Multiplier::new(twice / unit),
            output_offset: output.zero_point,
        }))
    }
}

struct CumsumKernel {
    outer: usize,
    depth: usize,
    inner: usize,
    exclusive: bool,
    reverse: bool,
    offset: i32,
    factor: Multiplier,
    start: i32,
    output: Multiplier,
    output_offset: i32,
}

impl Kernel for CumsumKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let input = inputs[0].i8();
        let mut output = vec![0; input.len()];
        for lane in 0..self.outer * self.inner {
            let (outer, inner) = (lane / self.inner, lane % self.inner);
            let mut sum = self.start;
            for step in 0..self.depth {
                let d = if self.reverse {
                    self.depth - 1 - step
                } else {
                    step
                };
                let at = (outer * self.depth + d) * self.inner + inner;
                let x = (i32::from(input[at]) + self.offset) << LEFT_SHIFT;
                let before = sum;
                sum = sum.wrapping_add(self.factor.apply(x));
                let result = if self.exclusive { before } else { sum };
                let q = self.output.apply(result).wrapping_add(self.output_offset);
                output[at] = q.clamp(-128, 127) as i8;
            }
        }
        Buffer::I8(output)
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let sizes = literals::fields(&[
            ("outer", self.outer),
            ("depth", self.depth),
            ("inner", self.inner),
        ]);
        let (exclusive, reverse) = (self.exclusive, self.reverse);
        let (offset, multiplier) = (
            literals::int(self.offset),
            literals::multiplier(self.factor),
        );
        let (start, output) = (literals::int(self.start), literals::multiplier(self.output));
        let output_offset = literals::int(self.output_offset);
        Emitted {
            parameters_type: quote!(Cumsum),
            parameters: quote!(rt::Cumsum {
                #sizes
                exclusive: #exclusive,
                reverse: #reverse,
                input: rt::AddOperand { offset: #offset, multiplier: #multiplier },
                start: #start,
                output_multiplier: #output,
                output_offset: #output_offset,
            }),
            function: KernelId::new("cumsum"),
        }
    }
}
