//! FLOOR: the next integer below.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ir::kernel::KernelId;
use crate::ops::elementwise::unary::Unary;

/// The operator FLOOR: the next integer below.
#[derive(Clone)]
pub(crate) struct Floor;

impl Floor {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for Floor {
    const NAME: &'static str = "FLOOR";
    const FLOAT: KernelId = KernelId::new("float_floor");

    fn real(&self, x: f32) -> f32 {
        x.floor()
    }
}
