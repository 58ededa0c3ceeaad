//! RELU_0_TO_1: clamps to [0.0, 1.0].

use crate::error::Result;
use crate::ir::activation::Activation;
use crate::ir::context::{ParseContext, QuantRule};
use crate::ir::kernel::KernelId;
use crate::ops::elementwise::unary::Unary;

/// The operator RELU_0_TO_1: clamps to [0.0, 1.0].
#[derive(Clone)]
pub(crate) struct Relu0To1;

impl Relu0To1 {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for Relu0To1 {
    const NAME: &'static str = "RELU_0_TO_1";
    const FLOAT: KernelId = KernelId::new("float_relu_0_to_1");

    fn real(&self, x: f32) -> f32 {
        x.clamp(0.0, 1.0)
    }

    fn output_rule(&self) -> QuantRule {
        QuantRule::Fixed {
            int8: crate::arithmetic::quant_params::asymmetric(0.0, 1.0),
            int16: None,
        }
    }

    fn activation(&self) -> Option<Activation> {
        Some(Activation::Relu0To1)
    }
}
