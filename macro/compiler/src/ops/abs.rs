//! ABS: the magnitude.

use super::ParseContext;
use super::table::TableKernel;
use super::unary::Unary;
use crate::error::Result;
use crate::graph::QuantParams;
use crate::quantize::arithmetic::Multiplier;

#[derive(Clone)]
pub(crate) struct Abs;

impl Abs {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for Abs {
    const NAME: &'static str = "ABS";

    fn real(&self, x: f32) -> f32 {
        x.abs()
    }

    fn integer(&self) -> Option<(&'static str, fn(i32) -> i32)> {
        Some(("abs_i32", i32::wrapping_abs))
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
