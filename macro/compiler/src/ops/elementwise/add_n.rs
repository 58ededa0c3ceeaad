//! ADD_N: the sum of any number of tensors of one shape and scale.

use ndarray::ArrayD;
use quote::quote;

use crate::arithmetic::fixed_point::Multiplier;
use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::{FloatKernel, OperatorTraits};
use crate::ops::shared::broadcast;
use crate::ops::shared::operands::operand;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The operator ADD_N: the sum of any number of tensors of one shape and scale.
pub(crate) struct AddN;

impl AddN {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

/// Bits that operands gain before they are added.
pub(crate) const LEFT_SHIFT: u32 = 20;

impl Operator for AddN {
    fn name(&self) -> &'static str {
        "ADD_N"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            float_kernel: FloatKernel::Missing,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            [first, rest @ ..] if rest.iter().all(|i| i == first) => Ok(first.to_vec()),
            _ => Err(Error::model("its inputs differ in shape")),
        }
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let mut sum = ArrayD::zeros(shape);
        for i in 0..inputs.len() {
            sum += operand(inputs, i)?;
        }
        Ok(sum)
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let output = context.output_params()?;
        let mut sources = Vec::new();
        let mut operands = Vec::new();
        for i in 0..context.inputs.len() {
            let (params, source) = broadcast::operand(context, i)?;
            operands.push(params);
            sources.push(source);
        }
        let larger = operands.iter().fold(0.0_f32, |m, p| m.max(p.scale));
        let twice = 2.0 * f64::from(larger);
        let unit = f64::from(1 << LEFT_SHIFT) * f64::from(output.scale);
        let scaled: Vec<(i32, Multiplier)> = operands
            .iter()
            .map(|p| (-p.zero_point, Multiplier::new(f64::from(p.scale) / twice)))
            .collect();
        // An int8 sum begins at the reference's zero, which is one more operand of 0.
        let start = match scaled.first() {
            Some(&(offset, factor)) if !context.in_float => factor.apply(offset << LEFT_SHIFT),
            _ => 0,
        };
        let kernel = AddNKernel {
            operands: scaled,
            start,
            output: Multiplier::new(twice / unit),
            output_offset: output.zero_point,
        };
        Ok(Lowered::new(kernel, sources))
    }
}

struct AddNKernel {
    /// The negated zero point and the multiplier of each operand.
    operands: Vec<(i32, Multiplier)>,
    start: i32,
    output: Multiplier,
    output_offset: i32,
}

impl Kernel for AddNKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let element = |i: usize| {
            let mut sum = self.start;
            for (input, (offset, factor)) in inputs.iter().zip(&self.operands) {
                let x = (i32::from(input.i8()[i]) + offset) << LEFT_SHIFT;
                sum = sum.wrapping_add(factor.apply(x));
            }
            let q = self.output.apply(sum).wrapping_add(self.output_offset);
            q.clamp(-128, 127) as i8
        };
        Buffer::I8((0..inputs[0].len()).map(element).collect())
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let count = self.operands.len();
        let operands = self.operands.iter().map(|(offset, multiplier)| {
            let (offset, multiplier) = (literals::int(*offset), literals::multiplier(*multiplier));
            quote!(rt::AddOperand { offset: #offset, multiplier: #multiplier })
        });
        let (start, offset) = (literals::int(self.start), literals::int(self.output_offset));
        let output = literals::multiplier(self.output);
        Emitted {
            parameters_type: quote!(AddN<#count>),
            parameters: quote!(rt::AddN {
                operands: [#(#operands),*],
                start: #start,
                output_multiplier: #output,
                output_offset: #offset,
            }),
            function: KernelId::gathering("add_n"),
        }
    }
}
