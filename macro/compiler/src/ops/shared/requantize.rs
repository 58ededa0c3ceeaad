//! To another scale, zero point or width: QUANTIZE of a quantized tensor, and
//! what clamps on the way.

use quote::quote;

use crate::arithmetic::fixed_point::Multiplier;
use crate::arithmetic::quant_params::QuantParams;
use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, Target};
use crate::ir::graph::ElementType;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered};
use crate::ops::shared::lookup_table::TableKernel;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// One multiplication per element; int8 to int8 is a table instead.
pub(crate) struct RequantizeKernel {
    input_offset: i32,
    multiplier: Multiplier,
    output_offset: i32,
    activation: (i32, i32),
    element: ElementType,
}

impl RequantizeKernel {
    /// From operand 0 to the output.
    pub(crate) fn lower(context: &LowerContext<'_>, activation: Activation) -> Result<Lowered> {
        // int32 tensors have the file's scales only.
        let (from, to) = (context.input(0)?, context.output);
        let missing = || Error::model("it changes scales, but an int32 tensor has none");
        let input = match from.element {
            ElementType::I32 => from.value.params().ok_or_else(missing)?,
            _ => context.params(0)?,
        };
        let output = match context.target {
            Target::I32 => to.params().ok_or_else(missing)?,
            _ => context.params_of_output()?,
        };
        let element = context.target.element();
        if activation == Activation::None
            && [context.element(0)?, element] == [ElementType::I8, ElementType::I8]
        {
            return Ok(Lowered::unary(TableKernel::requantize(input, output)));
        }
        Ok(Lowered::unary(Self::new(
            input, output, element, activation,
        )))
    }

    pub(crate) fn new(
        input: QuantParams,
        output: QuantParams,
        element: ElementType,
        activation: Activation,
    ) -> Self {
        // The reference divides the scales of activations in single precision.
        let factor = if activation == Activation::None {
            f64::from(input.scale) / f64::from(output.scale)
        } else {
            f64::from(input.scale / output.scale)
        };
        Self {
            input_offset: -input.zero_point,
            multiplier: Multiplier::new(factor),
            output_offset: output.zero_point,
            activation: activation.bounds_in(output, element),
            element,
        }
    }
}

impl Kernel for RequantizeKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let (min, max) = self.activation;
        let one = |q: i32| {
            let scaled = self.multiplier.apply(q.wrapping_add(self.input_offset));
            scaled.saturating_add(self.output_offset).clamp(min, max)
        };
        Buffer::saturated(self.element, inputs[0].integers().into_iter().map(one))
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let [input_offset, output_offset] =
            [self.input_offset, self.output_offset].map(literals::int);
        let multiplier = literals::multiplier(self.multiplier);
        let (min, max) = (
            literals::int(self.activation.0),
            literals::int(self.activation.1),
        );
        Emitted {
            parameters_type: quote!(Requantization),
            parameters: quote!(rt::Requantization {
                input_offset: #input_offset,
                multiplier: #multiplier,
                output_offset: #output_offset,
                activation_min: #min,
                activation_max: #max,
            }),
            function: KernelId::new("requantize"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn int16_saturates_and_clamps() {
        let params = |scale, zero_point| QuantParams { scale, zero_point };
        let run = |activation| {
            let kernel = RequantizeKernel::new(
                params(0.5, 0),
                params(0.25, 1),
                ElementType::I16,
                activation,
            );
            kernel.simulate(&[&Buffer::I16(vec![-20_000, -3, 0, 7, 20_000])])
        };
        assert_eq!(
            run(Activation::None),
            Buffer::I16(vec![-32768, -5, 1, 15, 32767])
        );
        assert_eq!(run(Activation::Relu6), Buffer::I16(vec![1, 1, 1, 15, 25]));
    }
}
