//! ROUND: the nearest integer, ties to even.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ir::kernel::KernelId;
use crate::ops::elementwise::unary::Unary;

/// The operator ROUND: the nearest integer, ties to even.
#[derive(Clone)]
pub(crate) struct Round;

impl Round {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for Round {
    const NAME: &'static str = "ROUND";
    const FLOAT: KernelId = KernelId::new("float_round");

    fn real(&self, x: f32) -> f32 {
        x.round_ties_even()
    }
}
