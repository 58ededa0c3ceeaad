//! RELU6: min(max(x, 0), 6).

use crate::arithmetic::quant_params::QuantParams;
use crate::error::Result;
use crate::ir::activation::Activation;
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::kernel::{KernelId, Lowered};
use crate::ops::elementwise::unary::Unary;
use crate::ops::shared::lookup_table::TableKernel;

/// The operator RELU6: min(max(x, 0), 6).
#[derive(Clone)]
pub(crate) struct Relu6;

impl Relu6 {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for Relu6 {
    const NAME: &'static str = "RELU6";
    const FLOAT: KernelId = KernelId::new("float_relu6");

    fn real(&self, x: f32) -> f32 {
        x.clamp(0.0, 6.0)
    }

    fn table(&self, input: QuantParams, output: QuantParams) -> TableKernel {
        if input != output {
            return TableKernel::real(input, output, |x| self.real(x));
        }
        // The reference clamps without rescaling: both scales are the same.
        let (min, max) = Activation::Relu6.quantized_bounds(input);
        TableKernel::new(|q| q.clamp(min, max))
    }

    fn lower_i16(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        crate::ops::shared::requantize::RequantizeKernel::lower(context, Activation::Relu6)
    }

    fn activation(&self) -> Option<Activation> {
        Some(Activation::Relu6)
    }
}
