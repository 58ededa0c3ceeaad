//! SUM over any axes.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::Result;
use crate::ir::context::{LowerContext, ParseContext, Target};
use crate::ir::kernel::Lowered;
use crate::ir::operator::Operator;
use crate::ir::operator_traits::OperatorTraits;
use crate::ops::reduce::mean::SumKernel;
use crate::ops::reduce::mean_f32::MeanF32Kernel;
use crate::ops::reduce::reduction::{Axes, Integers, IntegersKernel};
use crate::ops::shared::operands::operand;

pub(crate) struct Sum {
    axes: Axes,
}

impl Sum {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        Ok(Self {
            axes: Axes::parse(node)?,
        })
    }
}

impl Operator for Sum {
    fn name(&self) -> &'static str {
        "SUM"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            operands: Some(1),
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        self.axes
            .output_shape(inputs.first().copied().unwrap_or(&[]))
    }

    fn evaluate(
        &self,
        inputs: &[Option<ArrayViewD<'_, f32>>],
        shape: &[usize],
    ) -> Result<ArrayD<f32>> {
        let input = operand(inputs, 0)?;
        self.axes.evaluate(input, shape, |x, axis| x.sum_axis(axis))
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        if context.target == Target::I32 {
            return IntegersKernel::lower(context, &self.axes, Integers::Sum);
        }
        SumKernel::lower(context, &self.axes, false)
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let dims = self.axes.dims(&context.input(0)?.value.shape)?;
        Ok(Lowered::unary(MeanF32Kernel { dims, factor: 1.0 }))
    }
}
