//! DEQUANTIZE: int8 (or a float16 constant) to float32.
//!
//! The graph stage folds it away: the float32 tensor is the int8 one.

use ndarray::ArrayD;

use crate::error::Result;
use crate::ir::activation::Activation;
use crate::ir::context::{LowerContext, ParseContext, QuantRule};
use crate::ir::kernel::Lowered;
use crate::ir::operator::{Cast, Operator, RealOperands};
use crate::ir::operator_traits::OperatorTraits;
use crate::ops::shared::operands::owned;
use crate::ops::shared::requantize::RequantizeKernel;

/// The operator DEQUANTIZE: int8 (or a float16 constant) to float32.
pub(crate) struct Dequantize;

impl Dequantize {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Operator for Dequantize {
    fn name(&self) -> &'static str {
        "DEQUANTIZE"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            rule: QuantRule::SameAsInput,
            cast: Some(Cast::Dequantize),
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(inputs.first().map_or(Vec::new(), |shape| shape.to_vec()))
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, _: &[usize]) -> Result<ArrayD<f32>> {
        owned(inputs, 0)
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        RequantizeKernel::lower(context, Activation::None)
    }
}
