//! COS: of an angle in radians.

use super::ParseContext;
use super::unary::Unary;
use crate::error::Result;

#[derive(Clone)]
pub(crate) struct Cos;

impl Cos {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for Cos {
    const NAME: &'static str = "COS";

    fn real(&self, x: f32) -> f32 {
        x.cos()
    }
}
