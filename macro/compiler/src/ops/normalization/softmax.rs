//! SOFTMAX over the last dimension; output scale 1/256, zero point -128.

use ndarray::ArrayD;
use quote::quote;

use crate::arithmetic::fixed_point::{
    Multiplier, exp_on_negative_values, input_radius, one_over_one_plus_x, rounding_divide_by_pot,
    saturating_rounding_doubling_high_mul,
};
use crate::arithmetic::quant_params::UNIT_I16;
use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext, QuantRule, Target};
use crate::ir::float_functions::FloatEpilogue;
use crate::ir::graph::ElementType;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered};
use crate::ir::operator::{Operator, RealOperands, Saturation};
use crate::ir::operator_traits::OperatorTraits;
use crate::ops::normalization::softmax_i16::SoftmaxI16Kernel;
use crate::ops::shared::float_epilogue::{FloatEpilogueKernel, softmax};
use crate::ops::shared::operands::evaluate_rows;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The operator SOFTMAX over the last dimension; output scale 1/256, zero point -128.
pub(crate) struct Softmax {
    beta: f32,
    depth: usize,
}

impl Softmax {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let options = node.operator.builtin_options_as_softmax_options();
        Ok(Self {
            beta: options.map_or(1.0, |o| o.beta()),
            depth: node.input(0)?.shape.last().copied().unwrap_or(1),
        })
    }
}

impl Operator for Softmax {
    fn name(&self) -> &'static str {
        "SOFTMAX"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            rule: QuantRule::Fixed {
                int8: crate::ops::elementwise::logistic::OUTPUT,
                int16: Some(UNIT_I16),
            },
            saturation: {
                // exp(-12) is a 640th of an output step.
                (self.beta > 0.0).then(|| Saturation::BelowRowMax(12.0 / self.beta))
            },
            epilogue: Some(FloatEpilogue::Softmax {
                beta: self.beta,
                depth: self.depth,
            }),
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(inputs.first().map_or(Vec::new(), |shape| shape.to_vec()))
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        evaluate_rows(inputs, self.depth, shape, |row| softmax(row, self.beta))
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        if context.element(0)? == ElementType::I16 {
            return SoftmaxI16Kernel::lower(context, self.beta, self.depth);
        }
        let input = context.params(0)?;
        let is_i16 = matches!(context.target, Target::I16(_));
        // LiteRT writes the same int16 whatever scale the file gives it.
        let output = context.params_of_output()?;
        if output != crate::ops::elementwise::logistic::OUTPUT && !is_i16 {
            return Err(Error::model(format!(
                "its output has scale {} and zero point {}; the 8-bit specification asks for 1/256 and -128",
                output.scale, output.zero_point
            )));
        }
        Ok(Lowered::unary(SoftmaxKernel {
            is_short: context.input(0)?.value.shape.iter().product::<usize>() <= SHORT && !is_i16,
            is_i16,
            ..SoftmaxKernel::int8(self.beta, input.scale, self.depth)?
        }))
    }

    fn lower_float(&self, _: &LowerContext<'_>) -> Result<Lowered> {
        Ok(Lowered::unary(FloatEpilogueKernel(
            FloatEpilogue::Softmax {
                beta: self.beta,
                depth: self.depth,
            },
        )))
    }
}

/// Up to this number of elements, a table of exponentials is larger than it is worth.
const SHORT: usize = 64;

#[derive(Clone)]
pub(crate) struct SoftmaxKernel {
    depth: usize,
    /// The input's scale in Q5.26.
    scale: Multiplier,
    /// The largest difference whose exponential counts.
    radius: i32,
    is_short: bool,
    /// The output is int16, from -32768 on.
    is_i16: bool,
    /// exp(-d * scale * beta) in Q0.31; differences beyond its end give 0.
    exponentials: Vec<i32>,
}

impl SoftmaxKernel {
    /// Rows of `depth` int8 with this scale, to int8.
    pub(crate) fn int8(beta: f32, scale: f32, depth: usize) -> Result<Self> {
        let factor = f64::from(beta) * f64::from(scale) * f64::from(1 << 26);
        let factor = Multiplier::new(factor.min(2f64.powi(31) - 1.0));
        if factor.shift < 0 {
            return Err(Error::model(format!(
                "its input scale {scale} is too small"
            )));
        }
        let radius = input_radius(5, factor.shift, 31);
        // One exponential for each difference to the row's maximum.
        let exponentials = (0..256.min(i64::from(radius) + 1) as i32)
            .map(|d| {
                let rescaled = saturating_rounding_doubling_high_mul(
                    (-d).wrapping_shl(factor.shift as u32),
                    factor.multiplier,
                );
                exp_on_negative_values(rescaled, 5)
            })
            .collect::<Vec<i32>>();
        Ok(Self {
            depth,
            scale: factor,
            radius: exponentials.len() as i32 - 1,
            is_short: false,
            is_i16: false,
            exponentials,
        })
    }

    /// exp(-d) of a difference of `d` steps, if it counts.
    #[cfg(test)]
    pub(crate) fn exponential(&self, d: usize) -> Option<i32> {
        self.exponentials.get(d).copied()
    }
}

impl Kernel for SoftmaxKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let (bits, min) = if self.is_i16 { (16, -32768) } else { (8, -128) };
        let mut output = Vec::with_capacity(inputs[0].i8().len());
        for row in inputs[0].i8().chunks(self.depth.max(1)) {
            let max = row.iter().copied().max().unwrap_or(0);
            let exp = |&q: &i8| {
                self.exponentials
                    .get((i32::from(max) - i32::from(q)) as usize)
                    .copied()
            };
            // Q12.19: room for 4096 ones; the sum of more says enough, too.
            let sum = row.iter().filter_map(exp).fold(0_i32, |sum, e| {
                sum.saturating_add(rounding_divide_by_pot(e, 12))
            });
            let headroom = sum.leading_zeros();
            let fraction = ((sum as u32) << headroom).wrapping_sub(1 << 31) as i32;
            let reciprocal = one_over_one_plus_x(fraction);
            // Above 31 (512 ones, for which the reference has no answer) outputs are less than
            // half a step.
            let exponent = 12 - headroom as i32 + 31 - bits;
            output.extend(row.iter().map(|q| match exp(q) {
                Some(e) if exponent <= 31 => {
                    let product = saturating_rounding_doubling_high_mul(reciprocal, e);
                    rounding_divide_by_pot(product, exponent as u32) + min
                }
                _ => min,
            }));
        }
        let element = if self.is_i16 {
            ElementType::I16
        } else {
            ElementType::I8
        };
        Buffer::saturated(element, output)
    }

    fn vectorized(&self) -> Option<Box<dyn Kernel>> {
        // A kilobyte does not matter there.
        Some(Box::new(Self {
            is_short: false,
            ..self.clone()
        }))
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let depth = literals::fields(&[("depth", self.depth)]);
        let (exponentials, ty) = if self.is_short {
            let scale = literals::multiplier(self.scale);
            let radius = literals::int(self.radius);
            (quote!((#scale, #radius)), quote!((rt::Multiplier, i32)))
        } else {
            let table = constants.words("EXPONENTIALS", &self.exponentials);
            (table, quote!(&'static [i32]))
        };
        Emitted {
            parameters_type: quote!(Softmax<#ty>),
            parameters: quote!(rt::Softmax { #depth exponentials: #exponentials }),
            function: KernelId::new(if self.is_i16 {
                "softmax_i8_i16"
            } else {
                "softmax"
            }),
        }
    }
}
