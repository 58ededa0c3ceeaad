//! LOG_SOFTMAX over the last dimension; output scale 1/16, zero point 127.

use ndarray::ArrayD;
use quote::quote;

use crate::arithmetic::fixed_point::{
    Multiplier, exp_on_negative_values, input_radius, log_of_q12, rounding_divide_by_pot,
};
use crate::arithmetic::quant_params::QuantParams;
use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext, QuantRule};
use crate::ir::float_functions::FloatEpilogue;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::OperatorTraits;
use crate::ops::shared::float_epilogue::{FloatEpilogueKernel, log_softmax};
use crate::ops::shared::operands::evaluate_rows;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The operator LOG_SOFTMAX over the last dimension; output scale 1/16, zero point 127.
pub(crate) struct LogSoftmax {
    depth: usize,
}

const OUTPUT: QuantParams = QuantParams {
    scale: 1.0 / 16.0,
    zero_point: 127,
};

impl LogSoftmax {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        Ok(Self {
            depth: node.input(0)?.shape.last().copied().unwrap_or(1),
        })
    }
}

impl Operator for LogSoftmax {
    fn name(&self) -> &'static str {
        "LOG_SOFTMAX"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            rule: QuantRule::Fixed {
                int8: OUTPUT,
                int16: None,
            },
            epilogue: Some(FloatEpilogue::LogSoftmax { depth: self.depth }),
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(inputs.first().map_or(Vec::new(), |shape| shape.to_vec()))
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        evaluate_rows(inputs, self.depth, shape, log_softmax)
    }

    fn lower_float(&self, _: &LowerContext<'_>) -> Result<Lowered> {
        let function = FloatEpilogue::LogSoftmax { depth: self.depth };
        Ok(Lowered::unary(FloatEpilogueKernel(function)))
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let (input, output) = (context.params(0)?, context.output_params()?);
        if output != OUTPUT {
            return Err(Error::model(format!(
                "its output has scale {} and zero point {}; the 8-bit specification asks for 1/16 and 127",
                output.scale, output.zero_point
            )));
        }
        let factor = f64::from(input.scale) * f64::from(1 << 26);
        let factor = Multiplier::new(factor.min(2f64.powi(31) - 1.0));
        if factor.shift < 0 {
            return Err(Error::model(format!(
                "its input scale {} is too small",
                input.scale
            )));
        }
        let divisor = 2f64.powi(31 - factor.shift) / f64::from(factor.multiplier);
        let radius = input_radius(5, factor.shift, 31);
        let differences: Vec<i32> = (0..256.min(i64::from(radius) + 1) as i32)
            .map(|d| factor.apply(-d))
            .collect();
        Ok(Lowered::unary(LogSoftmaxKernel {
            depth: self.depth,
            exponentials: differences
                .iter()
                .map(|&d| rounding_divide_by_pot(exp_on_negative_values(d, 5), 12))
                .collect(),
            differences,
            reverse: Multiplier::new(divisor),
            min_difference: -radius,
        }))
    }
}

struct LogSoftmaxKernel {
    depth: usize,
    /// exp(-d * scale) in Q12.19 for a difference of d steps.
    exponentials: Vec<i32>,
    /// -d * scale in Q5.26.
    differences: Vec<i32>,
    /// From Q5.26 back to steps.
    reverse: Multiplier,
    min_difference: i32,
}

impl Kernel for LogSoftmaxKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let mut output = Vec::new();
        for row in inputs[0].i8().chunks(self.depth) {
            let max = i32::from(row.iter().copied().max().unwrap_or(0));
            let sum = row.iter().fold(0_i32, |sum, &q| {
                let difference = (max - i32::from(q)) as usize;
                sum.saturating_add(self.exponentials.get(difference).copied().unwrap_or(0))
            });
            let log = log_of_q12(sum);
            let lowest = self.reverse.apply(log.wrapping_add(i32::MIN));
            let lowest = lowest.max(self.min_difference - 1);
            output.extend(row.iter().map(|&q| {
                let difference = i32::from(q) - max;
                match self.differences.get(-difference as usize) {
                    Some(d) if difference > lowest => {
                        let q = rounding_divide_by_pot(d.wrapping_sub(log), 22) + 127;
                        q.clamp(-128, 127) as i8
                    }
                    _ => -128,
                }
            }));
        }
        Buffer::I8(output)
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let exponentials = constants.words("EXPONENTIALS", &self.exponentials);
        let differences = constants.words("DIFFERENCES", &self.differences);
        let depth = literals::fields(&[("depth", self.depth)]);
        let reverse = literals::multiplier(self.reverse);
        let min = literals::int(self.min_difference);
        Emitted {
            parameters_type: quote!(LogSoftmax<'static>),
            parameters: quote!(rt::LogSoftmax {
                #depth
                exponentials: #exponentials,
                differences: #differences,
                reverse: #reverse,
                min_difference: #min,
            }),
            function: KernelId::new("log_softmax"),
        }
    }
}
