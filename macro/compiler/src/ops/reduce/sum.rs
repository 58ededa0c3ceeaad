//! SUM over any axes.

use ndarray::{ArrayD, ArrayViewD, Axis};

use crate::error::Result;
use crate::ir::context::{LowerContext, ParseContext, Target};
use crate::ir::kernel::Lowered;
use crate::ir::operator_traits::OperatorTraits;
use crate::ops::reduce::mean::SumKernel;
use crate::ops::reduce::mean_f32::MeanF32Kernel;
use crate::ops::reduce::reducing::{Reduce, Reducing};
use crate::ops::reduce::reduction::{Axes, Integers, IntegersKernel};

/// The operator SUM: `sum(x)` over some axes.
pub(crate) struct Sum;

impl Sum {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Reducing<Self>> {
        Reducing::parse(node, Self)
    }
}

impl Reduce for Sum {
    fn name(&self) -> &'static str {
        "SUM"
    }

    fn traits(&self, _: bool) -> OperatorTraits {
        OperatorTraits::default()
    }

    fn evaluate(&self, input: ArrayViewD<'_, f32>, axis: Axis) -> ArrayD<f32> {
        input.sum_axis(axis)
    }

    fn lower(&self, context: &LowerContext<'_>, axes: &Axes) -> Result<Lowered> {
        if context.target == Target::I32 {
            return IntegersKernel::lower(context, axes, Integers::Sum);
        }
        SumKernel::lower(context, axes, false)
    }

    fn lower_float(&self, context: &LowerContext<'_>, axes: &Axes) -> Result<Lowered> {
        let dims = axes.dims(&context.input(0)?.value.shape)?;
        Ok(Lowered::unary(MeanF32Kernel { dims, factor: 1.0 }))
    }
}
