//! ATAN2: the angle of the point whose height is the first operand.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ir::kernel::KernelId;
use crate::ir::operator_traits::FloatKernel;
use crate::ops::elementwise::binary_f32::{OfReals, Real};

/// The operator ATAN2: the angle of the point whose height is the first operand.
#[derive(Clone)]
pub(crate) struct Atan2;

impl Atan2 {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<OfReals<Self>> {
        Ok(OfReals(Self))
    }
}

impl Real for Atan2 {
    const NAME: &'static str = "ATAN2";
    const FLOAT: KernelId = KernelId::new("float_atan2");
    const FLOAT_KERNEL: FloatKernel = FloatKernel::Libm;
    const RUNTIME: &'static str = "atan2";

    fn real(&self, a: f32, b: f32) -> f32 {
        a.atan2(b)
    }

    fn run(&self, a: f32, b: f32) -> f32 {
        libm::atan2f(a, b)
    }
}
