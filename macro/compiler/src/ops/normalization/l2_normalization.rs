//! L2_NORMALIZATION over the last dimension; output scale 1/128, zero point 0.

use ndarray::{ArrayD, Axis};
use quote::quote;

use crate::arithmetic::fixed_point::{Multiplier, inverse_sqrt};
use crate::arithmetic::quant_params::QuantParams;
use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext, QuantRule};
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::{FloatKernel, OperatorTraits};
use crate::ops::shared::operands::owned;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The operator L2_NORMALIZATION over the last dimension; output scale 1/128, zero point 0.
pub(crate) struct L2Normalization;

const OUTPUT: QuantParams = QuantParams {
    scale: 1.0 / 128.0,
    zero_point: 0,
};

impl L2Normalization {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let options = node.operator.builtin_options_as_l2_norm_options();
        let activation = options.map(|o| Activation::parse(o.fused_activation_function()));
        match activation.transpose()? {
            None | Some(Activation::None) => Ok(Self),
            Some(_) => Err(Error::model("a fused activation is not supported here")),
        }
    }
}

impl Operator for L2Normalization {
    fn name(&self) -> &'static str {
        "L2_NORMALIZATION"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            rule: QuantRule::Fixed {
                int8: OUTPUT,
                int16: None,
            },
            float_kernel: FloatKernel::Missing,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(inputs.first().map_or(Vec::new(), |shape| shape.to_vec()))
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let mut output = owned(inputs, 0)?;
        for mut row in output.lanes_mut(Axis(shape.len().max(1) - 1)) {
            let norm = row.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-6);
            row.mapv_inplace(|x| x / norm);
        }
        Ok(output)
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let output = context.output_params()?;
        if output != OUTPUT {
            return Err(Error::model(format!(
                "its output has scale {} and zero point {}; the 8-bit specification asks for 1/128 and 0",
                output.scale, output.zero_point
            )));
        }
        Ok(Lowered::unary(L2NormalizationKernel {
            depth: context.output.shape.last().copied().unwrap_or(1),
            input_offset: -context.params(0)?.zero_point,
            in_uint8: context.in_uint8,
        }))
    }
}

struct L2NormalizationKernel {
    depth: usize,
    input_offset: i32,
    /// LiteRT's kernel for uint8 multiplies by 128 before it rounds.
    in_uint8: bool,
}

impl Kernel for L2NormalizationKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let rows = inputs[0].i8().chunks(self.depth);
        Buffer::I8(
            rows.flat_map(|row| {
                let centered: Vec<i32> = row
                    .iter()
                    .map(|&q| i32::from(q) + self.input_offset)
                    .collect();
                let sum = centered
                    .iter()
                    .fold(0_i32, |sum, x| sum.wrapping_add(x * x));
                let inverse = inverse_sqrt(sum);
                let (before, after) = if self.in_uint8 { (7, 0) } else { (0, 7) };
                let factor = Multiplier {
                    shift: inverse.shift + after,
                    ..inverse
                };
                centered
                    .into_iter()
                    .map(|x| factor.apply(x << before).clamp(-128, 127) as i8)
                    .collect::<Vec<_>>()
            })
            .collect(),
        )
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let depth = literals::fields(&[("depth", self.depth)]);
        let offset = literals::int(self.input_offset);
        Emitted {
            parameters_type: quote!(L2Normalization),
            parameters: quote!(rt::L2Normalization { #depth input_offset: #offset }),
            function: KernelId::new(if self.in_uint8 {
                "l2_normalization_uint8"
            } else {
                "l2_normalization"
            }),
        }
    }
}
