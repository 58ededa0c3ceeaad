//! LOG: the natural logarithm; below 0, 0.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ir::kernel::KernelId;
use crate::ir::operator_traits::FloatKernel;
use crate::ops::elementwise::unary::Unary;

/// The operator LOG: the natural logarithm; below 0, 0.
#[derive(Clone)]
pub(crate) struct Log;

impl Log {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for Log {
    const NAME: &'static str = "LOG";
    const FLOAT: KernelId = KernelId::new("float_log");
    const FLOAT_KERNEL: FloatKernel = FloatKernel::Libm;

    fn real(&self, x: f32) -> f32 {
        x.ln()
    }
}
