//! RELU: max(x, 0).

use crate::arithmetic::quant_params::QuantParams;
use crate::error::Result;
use crate::ir::activation::Activation;
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::kernel::{KernelId, Lowered};
use crate::ops::elementwise::unary::Unary;
use crate::ops::shared::lookup_table::TableKernel;

/// The operator RELU: max(x, 0).
#[derive(Clone)]
pub(crate) struct Relu;

impl Relu {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for Relu {
    const NAME: &'static str = "RELU";
    const FLOAT: KernelId = KernelId::new("float_relu");

    fn real(&self, x: f32) -> f32 {
        x.max(0.0)
    }

    fn table(&self, input: QuantParams, output: QuantParams) -> TableKernel {
        TableKernel::clamp(input, output, Activation::Relu)
    }

    fn lower_i16(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        crate::ops::shared::requantize::RequantizeKernel::lower(context, Activation::Relu)
    }

    fn activation(&self) -> Option<Activation> {
        Some(Activation::Relu)
    }
}
