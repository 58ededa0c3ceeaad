//! LOGICAL_NOT of a bool tensor.

use ndarray::ArrayD;

use crate::error::Result;
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::kernel::Lowered;
use crate::ir::operator::{Operator, RealOperands};
use crate::ops::shared::lookup_table::TableKernel;
use crate::ops::shared::operands::owned;

/// The operator LOGICAL_NOT of a bool tensor.
pub(crate) struct LogicalNot;

impl LogicalNot {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Operator for LogicalNot {
    fn name(&self) -> &'static str {
        "LOGICAL_NOT"
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(inputs.first().map_or(Vec::new(), |shape| shape.to_vec()))
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, _: &[usize]) -> Result<ArrayD<f32>> {
        Ok(owned(inputs, 0)?.mapv(|x| f32::from(u8::from(x == 0.0))))
    }

    fn lower(&self, _: &LowerContext<'_>) -> Result<Lowered> {
        Ok(Lowered::unary(TableKernel::new(|q| (q == 0).into())))
    }
}
