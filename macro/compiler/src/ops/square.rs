//! SQUARE: x times x.

use super::ParseContext;
use super::unary::Unary;
use crate::error::Result;

#[derive(Clone)]
pub(crate) struct Square;

impl Square {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for Square {
    const NAME: &'static str = "SQUARE";

    fn real(&self, x: f32) -> f32 {
        x * x
    }
}
