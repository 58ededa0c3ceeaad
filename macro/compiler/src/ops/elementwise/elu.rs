//! ELU: x for x >= 0, exp(x) - 1 below.

use crate::error::Result;
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::kernel::{KernelId, Lowered};
use crate::ir::operator_traits::FloatKernel;
use crate::ops::elementwise::unary::Unary;
use crate::ops::shared::lookup_table_i16::TableI16Kernel;

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

    fn lower_i16(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        TableI16Kernel::lower(context, |x| self.real(x))
    }
}
