//! POW of two tensors, or by a constant: then a function of one value.

use super::real::{Integers, OfReals, Real};
use super::{Activation, LowerContext, Lowered, ParseContext, float, integer};
use crate::error::Result;

#[derive(Clone)]
pub(crate) struct Pow;

impl Pow {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<OfReals<Self>> {
        Ok(OfReals(Self))
    }
}

impl Real for Pow {
    const NAME: &'static str = "POW";
    const RUNTIME: &'static str = "pow";

    fn real(&self, a: f32, b: f32) -> f32 {
        a.powf(b)
    }

    fn run(&self, a: f32, b: f32) -> f32 {
        libm::powf(a, b)
    }

    fn integers(&self) -> Option<Integers> {
        Some(("pow_i32", integer::pow))
    }

    fn lower_float(&self, context: &LowerContext<'_>, numbers: &[Option<f32>]) -> Result<Lowered> {
        match *numbers {
            [None, Some(exponent)] => {
                float::unary(Self::NAME, 0, exponent, move |x| x.powf(exponent))
            }
            _ => float::binary(Self::NAME, context, Activation::None, libm::powf),
        }
    }
}
