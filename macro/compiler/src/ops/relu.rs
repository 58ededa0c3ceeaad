//! RELU: max(x, 0).

use super::table::TableKernel;
use super::unary::Unary;
use super::{Activation, LowerContext, Lowered, ParseContext};
use crate::error::Result;
use crate::graph::QuantParams;
use crate::quantize::arithmetic::Multiplier;

#[derive(Clone)]
pub(crate) struct Relu;

impl Relu {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for Relu {
    const NAME: &'static str = "RELU";

    fn real(&self, x: f32) -> f32 {
        x.max(0.0)
    }

    fn table(&self, input: QuantParams, output: QuantParams) -> TableKernel {
        // The reference divides the scales in single precision.
        let factor = Multiplier::new(f64::from(input.scale / output.scale));
        let (min, max) = Activation::Relu.quantized_bounds(output);
        TableKernel::new(|q| {
            factor
                .apply(q - input.zero_point)
                .saturating_add(output.zero_point)
                .clamp(min, max)
        })
    }

    fn lower_i16(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        super::requantize::RequantizeKernel::lower(context, Activation::Relu)
    }

    fn activation(&self) -> Option<Activation> {
        Some(Activation::Relu)
    }
}
