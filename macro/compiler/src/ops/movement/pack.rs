//! PACK: tensors of one shape side by side along a new axis.

use ndarray::{ArrayD, Axis};

use crate::error::{Error, Result};
use crate::ir::context::{LowerContext, ParseContext, QuantRule};
use crate::ir::kernel::Lowered;
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::OperatorTraits;
use crate::ops::shared::operands::operands;
use crate::ops::shared::strided;

/// The operator PACK: tensors of one shape side by side along a new axis.
pub(crate) struct Pack {
    axis: i32,
}

impl Pack {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let options = node.operator.builtin_options_as_pack_options();
        Ok(Self {
            axis: options.map_or(0, |o| o.axis()),
        })
    }
}

impl Operator for Pack {
    fn name(&self) -> &'static str {
        "PACK"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            rule: QuantRule::SameAsAllInputs,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let Some(first) = inputs.first() else {
            return Err(Error::model("it has no inputs"));
        };
        if inputs.iter().any(|i| i != first) {
            return Err(Error::model("its inputs differ in shape"));
        }
        let mut shape = first.to_vec();
        shape.insert(strided::axis(self.axis, first.len() + 1)?, inputs.len());
        Ok(shape)
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let views = operands(inputs)?;
        let axis = strided::axis(self.axis, shape.len())?;
        ndarray::stack(Axis(axis), &views).map_err(Error::internal)
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let axis = strided::axis(self.axis, context.output.shape.len())?;
        crate::ops::movement::concatenation::lower(context, |shape| shape[axis..].iter().product())
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower(context)
    }
}
