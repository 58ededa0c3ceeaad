//! ABS: the magnitude.

use crate::arithmetic::fixed_point::Multiplier;
use crate::arithmetic::quant_params::QuantParams;
use crate::error::Result;
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::kernel::{KernelId, Lowered};
use crate::ops::elementwise::unary::{IntegerFunction, Unary};
use crate::ops::elementwise::unary_i16::TwoSlopesKernel;
use crate::ops::shared::lookup_table::TableKernel;

/// The operator ABS: the magnitude.
#[derive(Clone)]
pub(crate) struct Abs;

impl Abs {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for Abs {
    const NAME: &'static str = "ABS";
    const FLOAT: KernelId = KernelId::new("float_abs");

    fn real(&self, x: f32) -> f32 {
        x.abs()
    }

    fn integer(&self) -> Option<IntegerFunction> {
        Some(("abs_i32", i32::wrapping_abs))
    }

    fn lower_i16(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let (input, output) = (context.params(0)?, context.params_of_output()?);
        let factor = f64::from(input.scale / output.scale);
        Ok(Lowered::unary(TwoSlopesKernel {
            input_offset: -input.zero_point,
            positive: Multiplier::new(factor),
            negative: Multiplier::new(-factor),
            output_offset: output.zero_point,
        }))
    }

    fn table(&self, input: QuantParams, output: QuantParams) -> TableKernel {
        // The reference divides the scales in single precision.
        let factor = Multiplier::new(f64::from(input.scale / output.scale));
        TableKernel::new(|q| {
            let magnitude = (q - input.zero_point).abs();
            let rescaled = if input.scale == output.scale {
                magnitude
            } else {
                factor.apply(magnitude)
            };
            rescaled.saturating_add(output.zero_point)
        })
    }
}
