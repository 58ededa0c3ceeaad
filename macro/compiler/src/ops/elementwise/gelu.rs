//! GELU (Hendrycks and Gimpel, 2016): x times the normal distribution function,
//! or its tanh approximation.

use crate::error::Result;
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::kernel::{KernelId, Lowered};
use crate::ir::operator_traits::FloatKernel;
use crate::ops::elementwise::unary::Unary;
use crate::ops::shared::lookup_table_i16::TableI16Kernel;

/// The operator GELU (Hendrycks and Gimpel, 2016): x times the normal distribution function, or its
/// tanh approximation.
#[derive(Clone)]
pub(crate) struct Gelu {
    approximate: bool,
}

impl Gelu {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let options = node.operator.builtin_options_as_gelu_options();
        Ok(Self {
            approximate: options.is_some_and(|o| o.approximate()),
        })
    }
}

impl Unary for Gelu {
    const NAME: &'static str = "GELU";
    const FLOAT: KernelId = KernelId::new("float_gelu");
    const FLOAT_KERNEL: FloatKernel = FloatKernel::Libm;

    fn parameter(&self) -> f32 {
        f32::from(self.approximate)
    }

    fn real(&self, x: f32) -> f32 {
        if self.approximate {
            let inner = 0.797_884_6 * (x + 0.044_715 * x * x * x);
            0.5 * x * (1.0 + inner.tanh())
        } else {
            0.5 * x * libm::erfcf(-x * std::f32::consts::FRAC_1_SQRT_2)
        }
    }

    fn lower_i16(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        TableI16Kernel::lower(context, |x| self.real(x))
    }
}
