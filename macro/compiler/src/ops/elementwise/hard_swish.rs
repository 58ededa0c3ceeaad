//! HARD_SWISH (Howard et al., "Searching for MobileNetV3", 2019):
//! x * relu6(x + 3) / 6.

use crate::arithmetic::fixed_point::Multiplier;
use crate::arithmetic::quant_params::QuantParams;
use crate::error::Result;
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::kernel::{KernelId, Lowered};
use crate::ops::elementwise::unary::Unary;
use crate::ops::shared::lookup_table::TableKernel;
use crate::ops::shared::lookup_table_i16::TableI16Kernel;

/// The operator HARD_SWISH (Howard et al., "Searching for MobileNetV3", 2019): x * relu6(x + 3) /
/// 6.
#[derive(Clone)]
pub(crate) struct HardSwish;

impl HardSwish {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for HardSwish {
    const NAME: &'static str = "HARD_SWISH";
    const FLOAT: KernelId = KernelId::new("float_hard_swish");

    fn real(&self, x: f32) -> f32 {
        x * (x + 3.0).clamp(0.0, 6.0) / 6.0
    }

    fn lower_i16(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        TableI16Kernel::lower(context, |x| self.real(x))
    }

    fn table(&self, input: QuantParams, output: QuantParams) -> TableKernel {
        // 16-bit fixed point throughout: real 3.0 is 32768 on the relu's scale.
        let high_scale = (1.0 / 128.0) * input.scale;
        let output_factor = Multiplier::new(f64::from(high_scale / output.scale));
        let relu_factor = Multiplier::new(f64::from(high_scale / (3.0 / 32768.0)));
        if output_factor.shift > 0 {
            // The reference refuses such scales.
            return TableKernel::real(input, output, |x| self.real(x));
        }
        TableKernel::new(|q| {
            let high = ((q - input.zero_point) * 128) as i16;
            let output_value = rounding_doubling_high(high, to_i16(output_factor.multiplier));
            let mut relu = high;
            if relu_factor.shift > 0 {
                relu = saturating_left(relu, relu_factor.shift - 1);
            }
            relu = rounding_doubling_high(relu, to_i16(relu_factor.multiplier));
            if relu_factor.shift > 0 {
                relu = saturating_left(relu, 1);
            }
            if relu_factor.shift < 0 {
                relu = rounding_right(relu, -relu_factor.shift);
            }
            let relu = ((i32::from(relu) + (1 << 15)) >> 1) as i16;
            let product = doubling_high(relu, output_value);
            i32::from(rounding_right(product, -output_factor.shift)) + output.zero_point
        })
    }
}

/// A Q31 significand as Q15.
fn to_i16(multiplier: i32) -> i16 {
    let rounded = (i64::from(multiplier) + (1 << 15)) >> 16;
    rounded.min(i16::MAX.into()) as i16
}

fn saturating_left(x: i16, amount: i32) -> i16 {
    (i64::from(x) << amount.clamp(0, 40)).clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

fn rounding_doubling_high(a: i16, b: i16) -> i16 {
    if a == i16::MIN && b == i16::MIN {
        return i16::MAX;
    }
    let product = i32::from(a) * i32::from(b);
    let nudge = if product >= 0 { 1 << 14 } else { 1 - (1 << 14) };
    ((product + nudge) / (1 << 15)) as i16
}

/// Rounds towards zero, which cancels the bias of the two roundings before.
fn doubling_high(a: i16, b: i16) -> i16 {
    if a == i16::MIN && b == i16::MIN {
        return i16::MAX;
    }
    (i32::from(a) * i32::from(b) / (1 << 15)) as i16
}

fn rounding_right(x: i16, amount: i32) -> i16 {
    crate::arithmetic::fixed_point::rounding_divide_by_pot(i32::from(x), amount.clamp(0, 31) as u32)
        as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_follows_the_real_function_within_one_step() {
        let input = QuantParams {
            scale: 0.05,
            zero_point: -10,
        };
        let output = QuantParams {
            scale: 0.03,
            zero_point: -120,
        };
        let exact = TableKernel::real(input, output, |x| HardSwish.real(x));
        for (a, b) in HardSwish.table(input, output).table.iter().zip(exact.table) {
            assert!((i32::from(*a) - i32::from(b)).abs() <= 1, "{a} {b}");
        }
    }
}
