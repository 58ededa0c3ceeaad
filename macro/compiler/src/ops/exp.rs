//! EXP: e to the power of x.

use super::ParseContext;
use super::unary::Unary;
use crate::error::Result;

#[derive(Clone)]
pub(crate) struct Exp;

impl Exp {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for Exp {
    const NAME: &'static str = "EXP";

    fn real(&self, x: f32) -> f32 {
        x.exp()
    }
}
