//! SQUARED_DIFFERENCE: `(a - b)^2`.

use proc_macro2::TokenStream;
use quote::quote;

use crate::arithmetic::fixed_point::Multiplier;
use crate::error::Result;
use crate::ir::activation::Activation;
use crate::ir::context::{LowerContext, ParseContext, Target};
use crate::ir::graph::ElementType;
use crate::ir::kernel::{Emitted, KernelId, Source};
use crate::ops::elementwise::binary::{Binary, Elementwise, Integer};
use crate::ops::elementwise::int32;
use crate::ops::shared::broadcast;
use crate::tokens::literals;

/// The operator SQUARED_DIFFERENCE: `(a - b)^2`.
#[derive(Clone)]
pub(crate) struct SquaredDifference;

impl SquaredDifference {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Elementwise<Self>> {
        Ok(Elementwise(Self))
    }
}

/// Bits that operands of int8 gain before they are rescaled.
const LEFT_SHIFT: u32 = 7;

impl Binary for SquaredDifference {
    const NAME: &'static str = "SQUARED_DIFFERENCE";
    const FLOAT: Option<KernelId> = Some(KernelId::new("float_squared_difference"));

    fn real(&self, a: f32, b: f32) -> f32 {
        (a - b) * (a - b)
    }

    fn integer(&self, context: &LowerContext<'_>) -> Result<(Box<dyn Integer>, [Source; 2])> {
        if context.target == Target::I32 {
            let f = int32::squared_difference;
            return int32::function(context, Activation::None, "squared_difference_i32", f);
        }
        let (a, source_a) = broadcast::operand(context, 0)?;
        let (b, source_b) = broadcast::operand(context, 1)?;
        let (output, element) = (context.params_of_output()?, context.target.element());
        let left_shift = if element == ElementType::I16 {
            0
        } else {
            LEFT_SHIFT
        };
        let twice = 2.0 * f64::from(a.scale.max(b.scale));
        // The reference multiplies the last product in single precision.
        let unit = f64::from((1 << (2 * left_shift)) as f32 * output.scale);
        let function = SquaredDifferenceInteger {
            offsets: [-a.zero_point, -b.zero_point],
            multipliers: [a, b].map(|p| Multiplier::new(f64::from(p.scale) / twice)),
            output: Multiplier::new(twice * twice / unit),
            output_offset: output.zero_point,
            element,
            left_shift,
        };
        Ok((Box::new(function), [source_a, source_b]))
    }
}

struct SquaredDifferenceInteger {
    offsets: [i32; 2],
    multipliers: [Multiplier; 2],
    output: Multiplier,
    output_offset: i32,
    element: ElementType,
    left_shift: u32,
}

impl Integer for SquaredDifferenceInteger {
    fn apply(&self, a: i32, b: i32) -> i32 {
        let scaled =
            |i: usize, q: i32| self.multipliers[i].apply((q + self.offsets[i]) << self.left_shift);
        let difference = scaled(0, a).wrapping_sub(scaled(1, b));
        let square = difference.wrapping_mul(difference);
        let q = self.output.apply(square).wrapping_add(self.output_offset);
        match self.element {
            ElementType::I16 => q.clamp(-32768, 32767),
            _ => q.clamp(-128, 127),
        }
    }

    fn keeps_type(&self) -> bool {
        true
    }

    fn emit(&self, broadcast: TokenStream) -> Emitted {
        let [input1, input2] = [0, 1].map(|i| {
            let offset = literals::int(self.offsets[i]);
            let multiplier = literals::multiplier(self.multipliers[i]);
            quote!(rt::CompareOperand { offset: #offset, multiplier: #multiplier })
        });
        let output = literals::multiplier(self.output);
        let offset = literals::int(self.output_offset);
        Emitted {
            parameters_type: quote!(SquaredDifference),
            parameters: quote!(rt::SquaredDifference {
                broadcast: #broadcast,
                input1: #input1,
                input2: #input2,
                output_multiplier: #output,
                output_offset: #offset,
            }),
            function: KernelId::new(if self.element == ElementType::I16 {
                "squared_difference_i16"
            } else {
                "squared_difference"
            }),
        }
    }
}
