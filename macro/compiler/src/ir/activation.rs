//! Fused activations: clamps, in real and in quantized values.

use crate::arithmetic::quant_params::QuantParams;
use crate::error::{Error, Result};
use crate::ir::element_type::ElementType;
use crate::tflite::ActivationFunctionType;

/// A clamp that a kernel applies to its output for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Activation {
    None,
    Relu,
    ReluN1To1,
    Relu6,
    Relu0To1,
}

impl Activation {
    pub(crate) fn parse(code: ActivationFunctionType) -> Result<Self> {
        Ok(match code {
            ActivationFunctionType::NONE => Activation::None,
            ActivationFunctionType::RELU => Activation::Relu,
            ActivationFunctionType::RELU_N1_TO_1 => Activation::ReluN1To1,
            ActivationFunctionType::RELU6 => Activation::Relu6,
            other => {
                return Err(Error::model(format!(
                    "fused activation {} is not supported; supported: NONE, RELU, RELU_N1_TO_1, RELU6",
                    other.variant_name().unwrap_or("unknown")
                )));
            }
        })
    }

    /// The activation that the options of an operator name; none if it has no options.
    pub(crate) fn of_options(code: Option<ActivationFunctionType>) -> Result<Self> {
        code.map_or(Ok(Activation::None), Self::parse)
    }

    /// The real range of the output.
    pub(crate) fn bounds(self) -> (f32, f32) {
        match self {
            Activation::None => (f32::NEG_INFINITY, f32::INFINITY),
            Activation::Relu => (0.0, f32::INFINITY),
            Activation::ReluN1To1 => (-1.0, 1.0),
            Activation::Relu6 => (0.0, 6.0),
            Activation::Relu0To1 => (0.0, 1.0),
        }
    }

    pub(crate) fn apply(self, x: f32) -> f32 {
        let (min, max) = self.bounds();
        x.max(min).min(max)
    }

    /// The int8 range of the output (specification: clamp after rescaling).
    pub(crate) fn quantized_bounds(self, output: QuantParams) -> (i32, i32) {
        self.bounds_in(output, ElementType::I8)
    }

    /// The range of a quantized output of this element type: the real bounds in steps of its scale.
    pub(crate) fn bounds_in(self, output: QuantParams, element: ElementType) -> (i32, i32) {
        let (min, max) = self.bounds();
        let (low, high) = element.limits();
        let q = |real: f32, limit: i32| {
            if real.is_finite() {
                let steps = (real / output.scale).round();
                (steps as i32)
                    .saturating_add(output.zero_point)
                    .clamp(low, high)
            } else {
                limit
            }
        };
        (q(min, low), q(max, high))
    }

    /// Takes over a following activation if the result is again one clamp.
    pub(crate) fn then(self, next: Activation) -> Option<Activation> {
        match (self, next) {
            (Activation::None, next) => Some(next),
            (same, next) if same == next => Some(same),
            (Activation::Relu, Activation::Relu6) | (Activation::Relu6, Activation::Relu) => {
                Some(Activation::Relu6)
            }
            _ => None,
        }
    }
}
