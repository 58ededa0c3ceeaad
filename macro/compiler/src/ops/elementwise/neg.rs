//! NEG: the opposite.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ir::kernel::KernelId;
use crate::ops::elementwise::unary::{IntegerFunction, Unary};

/// The operator NEG: the opposite.
#[derive(Clone)]
pub(crate) struct Neg;

impl Neg {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for Neg {
    const NAME: &'static str = "NEG";
    const FLOAT: KernelId = KernelId::new("float_neg");

    fn real(&self, x: f32) -> f32 {
        -x
    }

    fn integer(&self) -> Option<IntegerFunction> {
        Some(("neg_i32", i32::wrapping_neg))
    }
}
