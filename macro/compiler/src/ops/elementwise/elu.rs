//! ELU: x for x >= 0, exp(x) - 1 below.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ir::kernel::KernelId;
use crate::ir::operator_traits::FloatKernel;
use crate::ops::elementwise::unary::Unary;

/// The operator ELU: x for x >= 0, exp(x) - 1 below.
#[derive(Clone)]
pub(crate) struct Elu;

impl Elu {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for Elu {
    const NAME: &'static str = "ELU";
    const FLOAT: KernelId = KernelId::new("float_elu");
    const FLOAT_KERNEL: FloatKernel = FloatKernel::Libm;

    fn real(&self, x: f32) -> f32 {
        if x < 0.0 { x.exp() - 1.0 } else { x }
    }
}
