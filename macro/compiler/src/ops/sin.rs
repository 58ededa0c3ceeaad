//! SIN: of an angle in radians.

use super::ParseContext;
use super::unary::Unary;
use crate::error::Result;

#[derive(Clone)]
pub(crate) struct Sin;

impl Sin {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for Sin {
    const NAME: &'static str = "SIN";

    fn real(&self, x: f32) -> f32 {
        x.sin()
    }
}
