//! SIGN: -1, 0 or 1.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ir::kernel::KernelId;
use crate::ops::elementwise::unary::Unary;

/// The operator SIGN: -1, 0 or 1.
#[derive(Clone)]
pub(crate) struct Sign;

impl Sign {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for Sign {
    const NAME: &'static str = "SIGN";
    const FLOAT: KernelId = KernelId::new("float_sign");

    fn real(&self, x: f32) -> f32 {
        if x > 0.0 {
            1.0
        } else if x < 0.0 {
            -1.0
        } else {
            0.0
        }
    }
}
