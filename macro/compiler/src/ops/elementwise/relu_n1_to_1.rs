//! RELU_N1_TO_1: clamps to [-1.0, 1.0].

use crate::error::Result;
use crate::ir::activation::Activation;
use crate::ir::context::ParseContext;
use crate::ir::kernel::KernelId;
use crate::ops::elementwise::unary::Unary;

/// The operator RELU_N1_TO_1: clamps to [-1.0, 1.0].
#[derive(Clone)]
pub(crate) struct ReluN1To1;

impl ReluN1To1 {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for ReluN1To1 {
    const NAME: &'static str = "RELU_N1_TO_1";
    const FLOAT: KernelId = KernelId::new("float_relu_n1_to_1");

    fn real(&self, x: f32) -> f32 {
        x.clamp(-1.0, 1.0)
    }

    fn activation(&self) -> Option<Activation> {
        Some(Activation::ReluN1To1)
    }
}
