//! FAKE_QUANT: the int8 rounding that quantization-aware training simulated.
//!
//! The graph stage folds it away and keeps its range.

use ndarray::ArrayD;

use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::kernel::Lowered;
use crate::ir::operator::{Cast, Operator, RealOperands};
use crate::ir::operator_traits::OperatorTraits;
use crate::ops::shared::operands::owned;
use crate::ops::shared::requantize::RequantizeKernel;

/// The operator FAKE_QUANT: the int8 rounding that quantization-aware training simulated.
pub(crate) struct FakeQuant {
    min: f32,
    max: f32,
    steps: f32,
}

impl FakeQuant {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let options = node
            .operator
            .builtin_options_as_fake_quant_options()
            .ok_or_else(|| Error::model("it has no FakeQuantOptions"))?;
        let (min, max, bits) = (options.min(), options.max(), options.num_bits());
        if bits != 8 {
            return Err(Error::model(format!(
                "it simulates {bits} bits, expected 8"
            )));
        }
        if !(min.is_finite() && max.is_finite() && min <= 0.0 && max >= 0.0 && min < max) {
            return Err(Error::model(format!(
                "its range [{min}, {max}] does not contain zero"
            )));
        }
        Ok(Self {
            min,
            max,
            steps: if options.narrow_range() { 254.0 } else { 255.0 },
        })
    }
}

impl Operator for FakeQuant {
    fn name(&self) -> &'static str {
        "FAKE_QUANT"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            cast: Some(Cast::FakeQuant {
                min: self.min,
                max: self.max,
            }),
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(inputs.first().map_or(Vec::new(), |shape| shape.to_vec()))
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, _: &[usize]) -> Result<ArrayD<f32>> {
        let scale = (self.max - self.min) / self.steps;
        let zero_point = (-self.min / scale).round();
        let mut output = owned(inputs, 0)?;
        output.mapv_inplace(|x| {
            ((x / scale)
                .round()
                .clamp(-zero_point, self.steps - zero_point))
                * scale
        });
        Ok(output)
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        RequantizeKernel::lower(context, Activation::None)
    }
}
