//! LOGISTIC: 1 / (1 + exp(-x)); output scale 1/256, zero point -128.

use crate::arithmetic::fixed_point::{
    Multiplier, frexp, input_radius, logistic_q4, rounding_divide_by_pot,
};
use crate::arithmetic::quant_params::{QuantParams, UNIT_I16};
use crate::error::Result;
use crate::ir::context::{LowerContext, ParseContext, QuantRule};
use crate::ir::float_functions::FloatEpilogue;
use crate::ir::kernel::{KernelId, Lowered};
use crate::ops::elementwise::unary::Unary;
use crate::ops::shared::lookup_table::TableKernel;

/// The operator LOGISTIC: 1 / (1 + exp(-x)); output scale 1/256, zero point -128.
#[derive(Clone)]
pub(crate) struct Logistic;

impl Logistic {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

/// The output range of the 8-bit specification.
pub(crate) const OUTPUT: QuantParams = QuantParams {
    scale: 1.0 / 256.0,
    zero_point: -128,
};

/// A fixed-point function of a Q4.27 input, as LOGISTIC and TANH share it:
/// `f` gives Q0.31, of which `fractional_bits` are kept.
pub(crate) fn q4_table(
    input: QuantParams,
    zero_point: i32,
    fractional_bits: u32,
    f: fn(i32) -> i32,
) -> TableKernel {
    let real_multiplier = f64::from(input.scale) * f64::from(1 << 27);
    let left_shift = frexp(real_multiplier).1;
    let radius = input_radius(4, left_shift, 31);
    let factor = Multiplier::new(real_multiplier);
    TableKernel::new(|q| {
        let x = q - input.zero_point;
        if x <= -radius {
            -128
        } else if x >= radius {
            127
        } else {
            rounding_divide_by_pot(f(factor.apply(x)), 31 - fractional_bits) + zero_point
        }
    })
}

impl Unary for Logistic {
    const NAME: &'static str = "LOGISTIC";
    const FLOAT: KernelId = KernelId::new("float_logistic");
    const KEEPS_TABLE: bool = true;

    fn real(&self, x: f32) -> f32 {
        1.0 / (1.0 + (-x).exp())
    }

    fn table(&self, input: QuantParams, output: QuantParams) -> TableKernel {
        if output == OUTPUT {
            q4_table(input, -128, 8, logistic_q4)
        } else {
            TableKernel::real(input, output, |x| self.real(x))
        }
    }

    fn lower_i16(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        crate::ops::elementwise::sigmoid_i16::SigmoidKernel::lower(context, false)
    }

    fn output_rule(&self) -> QuantRule {
        QuantRule::Fixed {
            int8: OUTPUT,
            int16: Some(UNIT_I16),
        }
    }

    fn ends(&self) -> Option<[f32; 2]> {
        // 0.000006 there.
        Some([-12.0, 12.0])
    }

    fn epilogue(&self) -> Option<FloatEpilogue> {
        Some(FloatEpilogue::Logistic)
    }
}
