//! LOG: the natural logarithm; below 0, 0.

use super::ParseContext;
use super::unary::Unary;
use crate::error::Result;

#[derive(Clone)]
pub(crate) struct Log;

impl Log {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for Log {
    const NAME: &'static str = "LOG";

    fn real(&self, x: f32) -> f32 {
        x.ln()
    }
}
