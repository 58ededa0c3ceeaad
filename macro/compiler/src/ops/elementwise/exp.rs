//! EXP: e to the power of x.

use crate::error::Result;
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::kernel::{KernelId, Lowered};
use crate::ir::operator_traits::FloatKernel;
use crate::ops::elementwise::unary::Unary;
use crate::ops::shared::lookup_table_i16::TableI16Kernel;

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

    fn lower_i16(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        TableI16Kernel::lower(context, |x| self.real(x))
    }
}
