//! SIN: of an angle in radians.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ir::kernel::KernelId;
use crate::ops::elementwise::unary::Unary;

/// The operator SIN: of an angle in radians.
#[derive(Clone)]
pub(crate) struct Sin;

impl Sin {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for Sin {
    const NAME: &'static str = "SIN";
    const FLOAT: KernelId = KernelId::new("float_sin");
    const IS_PERIODIC: bool = true;

    fn real(&self, x: f32) -> f32 {
        x.sin()
    }
}
