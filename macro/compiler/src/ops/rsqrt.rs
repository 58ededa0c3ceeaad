//! RSQRT: one by the square root.

use super::ParseContext;
use super::table::TableKernel;
use super::unary::Unary;
use crate::error::Result;
use crate::graph::QuantParams;
use crate::quantize::arithmetic::{Multiplier, inverse_sqrt};

#[derive(Clone)]
pub(crate) struct Rsqrt;

impl Rsqrt {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for Rsqrt {
    const NAME: &'static str = "RSQRT";

    fn real(&self, x: f32) -> f32 {
        1.0 / x.sqrt()
    }

    fn table(&self, input: QuantParams, output: QuantParams) -> TableKernel {
        const SHIFT: i32 = 20;
        let root = input.scale.sqrt();
        let factor = Multiplier::new(1.0 / f64::from(root * output.scale));
        let back = Multiplier {
            shift: factor.shift - SHIFT,
            ..factor
        };
        TableKernel::new(|q| {
            let x = q - input.zero_point;
            if x <= 0 {
                // Undefined: the largest value, as the reference has it for 0.
                return 127;
            }
            let root = inverse_sqrt(x);
            let root = Multiplier {
                shift: root.shift + SHIFT,
                ..root
            };
            back.apply(root.apply(1)).saturating_add(output.zero_point)
        })
    }
}
