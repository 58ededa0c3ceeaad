//! SQUARE: x times x.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ir::kernel::KernelId;
use crate::ops::elementwise::unary::Unary;

/// The operator SQUARE: x times x.
#[derive(Clone)]
pub(crate) struct Square;

impl Square {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for Square {
    const NAME: &'static str = "SQUARE";
    const FLOAT: KernelId = KernelId::new("float_square");

    fn real(&self, x: f32) -> f32 {
        x * x
    }
}
