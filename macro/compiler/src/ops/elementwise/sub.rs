//! SUB.

use ndarray::ArrayD;

use crate::error::Result;
use crate::ir::activation::Activation;
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::kernel::{KernelId, Lowered};
use crate::ir::operator::{ChannelRole, Saturation};
use crate::ops::elementwise::add::AddKernel;
use crate::ops::elementwise::fused_activation::{Arithmetic, WithActivation};

/// The operator SUB: `clamp(a - b)`.
pub(crate) struct Sub;

impl Sub {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<WithActivation<Self>> {
        let options = node.operator.builtin_options_as_sub_options();
        let code = options.map(|o| o.fused_activation_function());
        Ok(WithActivation::new(Activation::of_options(code)?))
    }
}

impl Arithmetic for Sub {
    const NAME: &'static str = "SUB";
    const FLOAT: KernelId = KernelId::new("float_sub");
    const INT32: (&'static str, fn(i32, i32) -> i32) = ("sub_i32", i32::wrapping_sub);
    const SATURATION: Option<Saturation> = Some(Saturation::Difference);
    const CHANNELS: Option<ChannelRole> = Some(ChannelRole::Joins);

    fn real(a: f32, b: f32) -> f32 {
        a - b
    }

    fn lower(context: &LowerContext<'_>, activation: Activation) -> Result<Lowered> {
        AddKernel::lower(context, activation, true)
    }

    fn affine(constant: &ArrayD<f32>, reversed: bool) -> [ArrayD<f32>; 2] {
        if reversed {
            [constant.mapv(|_| -1.0), constant.clone()]
        } else {
            [constant.mapv(|_| 1.0), constant.mapv(|c| -c)]
        }
    }
}
