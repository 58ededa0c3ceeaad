//! CEIL: the next integer above.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ir::kernel::KernelId;
use crate::ops::elementwise::unary::Unary;

/// The operator CEIL: the next integer above.
#[derive(Clone)]
pub(crate) struct Ceil;

impl Ceil {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for Ceil {
    const NAME: &'static str = "CEIL";
    const FLOAT: KernelId = KernelId::new("float_ceil");

    fn real(&self, x: f32) -> f32 {
        x.ceil()
    }
}
