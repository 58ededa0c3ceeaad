//! SUB.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::context::{LowerContext, ParseContext, Target};
use crate::ir::kernel::Lowered;
use crate::ir::operator::{Algebra, ChannelRole, Operator, Saturation};
use crate::ir::operator_traits::OperatorTraits;
use crate::ops::elementwise::add::AddKernel;
use crate::ops::shared::broadcast;

pub(crate) struct Sub {
    activation: Activation,
}

impl Sub {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let options = node.operator.builtin_options_as_sub_options();
        Ok(Self {
            activation: match options {
                Some(o) => Activation::parse(o.fused_activation_function())?,
                None => Activation::None,
            },
        })
    }
}

impl Operator for Sub {
    fn name(&self) -> &'static str {
        "SUB"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            saturation: Some(Saturation::Difference),
            channels: Some(ChannelRole::Joins),
            clips: Some(self.activation),
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            [a, b] => broadcast::shape(a, b),
            _ => Err(Error::model("it needs two operands")),
        }
    }

    fn evaluate(
        &self,
        inputs: &[Option<ArrayViewD<'_, f32>>],
        shape: &[usize],
    ) -> Result<ArrayD<f32>> {
        broadcast::evaluate(inputs, shape, |a, b| self.activation.apply(a - b))
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        if context.target == Target::I32 {
            return crate::ops::elementwise::int32::lower(
                context,
                self.activation,
                "sub_i32",
                i32::wrapping_sub,
            );
        }
        AddKernel::lower(context, self.activation, true)
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        crate::ops::shared::float_kernels::binary("SUB", context, self.activation, |a, b| a - b)
    }

    crate::ir::activation::fused_activation!();

    fn algebra(&self) -> Option<&dyn Algebra> {
        Some(self)
    }
}

impl Algebra for Sub {
    fn affine(&self, constant: &ArrayD<f32>, reversed: bool) -> Option<[ArrayD<f32>; 2]> {
        if self.activation != Activation::None {
            return None;
        }
        Some(if reversed {
            [constant.mapv(|_| -1.0), constant.clone()]
        } else {
            [constant.mapv(|_| 1.0), constant.mapv(|c| -c)]
        })
    }
}
