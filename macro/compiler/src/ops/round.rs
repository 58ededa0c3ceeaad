//! ROUND: the nearest integer, ties to even.

use super::ParseContext;
use super::unary::Unary;
use crate::error::Result;

#[derive(Clone)]
pub(crate) struct Round;

impl Round {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for Round {
    const NAME: &'static str = "ROUND";

    fn real(&self, x: f32) -> f32 {
        x.round_ties_even()
    }
}
