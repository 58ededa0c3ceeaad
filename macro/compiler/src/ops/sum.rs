//! SUM over any axes.

use ndarray::{ArrayD, ArrayViewD};

use super::float::MeanKernel;
use super::mean::SumKernel;
use super::reduce::{Axes, Integers, IntegersKernel};
use super::{LowerContext, Lowered, Operator, ParseContext, Target, operand};
use crate::error::Result;

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

    fn operands(&self) -> usize {
        1
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
        Ok(Lowered::unary(MeanKernel { dims, factor: 1.0 }))
    }
}
