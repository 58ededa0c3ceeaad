//! COS: of an angle in radians.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ir::kernel::KernelId;
use crate::ops::elementwise::unary::Unary;

/// The operator COS: of an angle in radians.
#[derive(Clone)]
pub(crate) struct Cos;

impl Cos {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for Cos {
    const NAME: &'static str = "COS";
    const FLOAT: KernelId = KernelId::new("float_cos");
    const IS_PERIODIC: bool = true;

    fn real(&self, x: f32) -> f32 {
        x.cos()
    }
}
