//! SQRT: the square root; of negative numbers, 0.

use super::ParseContext;
use super::unary::Unary;
use crate::error::Result;

#[derive(Clone)]
pub(crate) struct Sqrt;

impl Sqrt {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for Sqrt {
    const NAME: &'static str = "SQRT";

    fn real(&self, x: f32) -> f32 {
        x.sqrt()
    }
}
