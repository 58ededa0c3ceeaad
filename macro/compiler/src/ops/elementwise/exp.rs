//! EXP: e to the power of x.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ir::kernel::KernelId;
use crate::ir::operator_traits::FloatKernel;
use crate::ops::elementwise::unary::Unary;

/// The operator EXP: e to the power of x.
#[derive(Clone)]
pub(crate) struct Exp;

impl Exp {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for Exp {
    const NAME: &'static str = "EXP";
    const FLOAT: KernelId = KernelId::new("float_exp");
    const FLOAT_KERNEL: FloatKernel = FloatKernel::Libm;

    fn real(&self, x: f32) -> f32 {
        x.exp()
    }
}
