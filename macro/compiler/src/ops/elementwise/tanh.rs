//! TANH; output scale 1/128, zero point 0.

use crate::arithmetic::fixed_point::tanh_q4;
use crate::arithmetic::quant_params::{QuantParams, UNIT_I16};
use crate::error::Result;
use crate::ir::context::{LowerContext, ParseContext, QuantRule};
use crate::ir::float_functions::FloatEpilogue;
use crate::ir::kernel::{KernelId, Lowered};
use crate::ops::elementwise::logistic::q4_table;
use crate::ops::elementwise::unary::Unary;
use crate::ops::shared::lookup_table::TableKernel;

/// The operator TANH; output scale 1/128, zero point 0.
#[derive(Clone)]
pub(crate) struct Tanh;

impl Tanh {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

/// The output range of the 8-bit specification.
const OUTPUT: QuantParams = QuantParams {
    scale: 1.0 / 128.0,
    zero_point: 0,
};

impl Unary for Tanh {
    const NAME: &'static str = "TANH";
    const FLOAT: KernelId = KernelId::new("float_tanh");
    const KEEPS_TABLE: bool = true;

    fn real(&self, x: f32) -> f32 {
        x.tanh()
    }

    fn table(&self, input: QuantParams, output: QuantParams) -> TableKernel {
        if output == OUTPUT {
            q4_table(input, 0, 7, tanh_q4)
        } else {
            TableKernel::real(input, output, |x| self.real(x))
        }
    }

    fn lower_i16(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        crate::ops::elementwise::sigmoid_i16::SigmoidKernel::lower(context, true)
    }

    fn output_rule(&self) -> QuantRule {
        QuantRule::Fixed {
            int8: OUTPUT,
            int16: Some(UNIT_I16),
        }
    }

    fn ends(&self) -> Option<[f32; 2]> {
        Some([-8.0, 8.0])
    }

    fn epilogue(&self) -> Option<FloatEpilogue> {
        Some(FloatEpilogue::Tanh)
    }
}
