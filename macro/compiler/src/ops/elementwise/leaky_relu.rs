//! LEAKY_RELU: x for x >= 0, alpha * x below.

use crate::arithmetic::fixed_point::Multiplier;
use crate::arithmetic::quant_params::QuantParams;
use crate::error::{Error, Result};
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::kernel::{KernelId, Lowered};
use crate::ops::elementwise::unary::Unary;
use crate::ops::elementwise::unary_i16::TwoSlopesKernel;
use crate::ops::shared::lookup_table::TableKernel;

/// The operator LEAKY_RELU: x for x >= 0, alpha * x below.
#[derive(Clone)]
pub(crate) struct LeakyRelu {
    pub(crate) alpha: f32,
}

impl LeakyRelu {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let options = node
            .operator
            .builtin_options_as_leaky_relu_options()
            .ok_or_else(|| Error::model("it has no LeakyReluOptions"))?;
        Ok(Self {
            alpha: options.alpha(),
        })
    }
}

impl Unary for LeakyRelu {
    const NAME: &'static str = "LEAKY_RELU";
    const FLOAT: KernelId = KernelId::new("float_leaky_relu");

    fn parameter(&self) -> f32 {
        self.alpha
    }

    fn real(&self, x: f32) -> f32 {
        if x > 0.0 { x } else { x * self.alpha }
    }

    fn lower_i16(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let (input, output) = (context.params(0)?, context.params_of_output()?);
        Ok(Lowered::unary(TwoSlopesKernel {
            input_offset: -input.zero_point,
            positive: Multiplier::new(f64::from(input.scale / output.scale)),
            negative: Multiplier::new(f64::from(input.scale * self.alpha / output.scale)),
            output_offset: output.zero_point,
        }))
    }

    fn table(&self, input: QuantParams, output: QuantParams) -> TableKernel {
        let identity = Multiplier::new(f64::from(input.scale / output.scale));
        // The reference takes the sign out of a negative slope.
        let slope = Multiplier::new(f64::from(input.scale * self.alpha / output.scale).abs());
        let sign = if self.alpha < 0.0 { -1 } else { 1 };
        TableKernel::new(|q| {
            let x = q - input.zero_point;
            let y = if x >= 0 {
                identity.apply(x)
            } else {
                slope.apply(x).saturating_mul(sign)
            };
            y.saturating_add(output.zero_point)
        })
    }
}
