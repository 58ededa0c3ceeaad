//! RSQRT: one divided by the square root.

use crate::arithmetic::fixed_point::Multiplier;
use crate::arithmetic::quant_params::QuantParams;
use crate::error::{Error, Result};
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::kernel::{KernelId, Lowered};
use crate::ops::elementwise::unary::Unary;
use crate::ops::elementwise::unary_i16::{RsqrtKernel, rsqrt};
use crate::ops::shared::lookup_table::TableKernel;

/// The operator RSQRT: one divided by the square root.
#[derive(Clone)]
pub(crate) struct Rsqrt;

impl Rsqrt {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

/// One divided by the square root of the input's scale and by the output's scale.
fn factor(input: QuantParams, output: QuantParams) -> Multiplier {
    Multiplier::new(1.0 / f64::from(input.scale.sqrt() * output.scale))
}

impl Unary for Rsqrt {
    const NAME: &'static str = "RSQRT";
    const FLOAT: KernelId = KernelId::new("float_rsqrt");

    fn real(&self, x: f32) -> f32 {
        1.0 / x.sqrt()
    }

    fn lower_i16(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let (input, output) = (context.params(0)?, context.params_of_output()?);
        if input.zero_point != 0 || output.zero_point != 0 {
            return Err(Error::model("its int16 tensors have zero points"));
        }
        Ok(Lowered::unary(RsqrtKernel(factor(input, output))))
    }

    fn table(&self, input: QuantParams, output: QuantParams) -> TableKernel {
        let factor = factor(input, output);
        TableKernel::new(|q| {
            let x = q - input.zero_point;
            if x <= 0 {
                // Undefined: the largest value, as the reference has it for 0.
                return 127;
            }
            rsqrt(x, factor).saturating_add(output.zero_point)
        })
    }
}
