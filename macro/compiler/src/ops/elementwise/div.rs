//! DIV: `a / b`.

use proc_macro2::TokenStream;
use quote::quote;

use crate::arithmetic::fixed_point::{
    Multiplier, reciprocal, rounding_divide_by_pot, saturating_rounding_doubling_high_mul,
};
use crate::error::Result;
use crate::ir::activation::Activation;
use crate::ir::context::{LowerContext, ParseContext, Target};
use crate::ir::kernel::{Emitted, KernelId, Source};
use crate::ir::operator::Operator;
use crate::ops::elementwise::binary::{Binary, Elementwise, Integer};
use crate::ops::elementwise::fused_activation::WithActivation;
use crate::ops::elementwise::int32;
use crate::ops::elementwise::mul::Mul;
use crate::ops::shared::broadcast;
use crate::tokens::literals;

/// The operator DIV: `a / b`.
#[derive(Clone)]
pub(crate) struct Div {
    activation: Activation,
}

impl Div {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Elementwise<Self>> {
        let options = node.operator.builtin_options_as_div_options();
        let activation = match options {
            Some(o) => Activation::parse(o.fused_activation_function())?,
            None => Activation::None,
        };
        Ok(Elementwise(Self { activation }))
    }
}

impl Binary for Div {
    const NAME: &'static str = "DIV";
    const FLOAT: Option<KernelId> = Some(KernelId::new("float_div"));

    fn real(&self, a: f32, b: f32) -> f32 {
        self.activation.apply(a / b)
    }

    fn by_reciprocal(&self) -> Option<Box<dyn Operator>> {
        Some(Box::new(WithActivation::<Mul>::new(self.activation)))
    }

    fn activation(&self) -> Activation {
        self.activation
    }

    fn integer(&self, context: &LowerContext<'_>) -> Result<(Box<dyn Integer>, [Source; 2])> {
        if context.target == Target::I32 {
            return int32::function(context, self.activation, "div_i32", int32::div);
        }
        let (a, source_a) = broadcast::operand(context, 0)?;
        let (b, source_b) = broadcast::operand(context, 1)?;
        let output = context.output_params()?;
        if context.in_float {
            // The file divides real numbers: the exact quotient, rounded once.
            let scale = f64::from(b.scale) * f64::from(output.scale);
            let function = crate::ops::elementwise::floor_div::Quotient {
                offsets: [-a.zero_point, -b.zero_point],
                ratio: Multiplier::new(f64::from(a.scale) / scale),
                nearest: true,
                output: Multiplier::new(1.0),
                output_offset: output.zero_point,
                activation: self.activation.quantized_bounds(output),
            };
            return Ok((Box::new(function), [source_a, source_b]));
        }
        let factor = f64::from(a.scale) / (f64::from(b.scale) * f64::from(output.scale));
        let function = DivInteger {
            offsets: [-a.zero_point, -b.zero_point],
            output: Multiplier::new(factor),
            output_offset: output.zero_point,
            activation: self.activation.quantized_bounds(output),
        };
        Ok((Box::new(function), [source_a, source_b]))
    }
}

struct DivInteger {
    offsets: [i32; 2],
    output: Multiplier,
    output_offset: i32,
    activation: (i32, i32),
}

impl Integer for DivInteger {
    fn apply(&self, a: i32, b: i32) -> i32 {
        let (mut a, mut b) = (a + self.offsets[0], b + self.offsets[1]);
        if b < 0 {
            (a, b) = (-a, -b);
        }
        let (min, max) = self.activation;
        if b == 0 {
            // The reference leaves it open; the nearest there is to infinity.
            let q = match a.signum() {
                1 => 127,
                -1 => -128,
                _ => self.output_offset,
            };
            return q.clamp(min, max);
        }
        let (inverse, over) = reciprocal(b);
        let headroom = a.unsigned_abs().max(1).leading_zeros() - 1;
        // A negative power of two has one more bit of room.
        let headroom = headroom + u32::from(a < 0 && a.unsigned_abs().is_power_of_two());
        let quotient = saturating_rounding_doubling_high_mul(a.wrapping_shl(headroom), inverse);
        let scaled = saturating_rounding_doubling_high_mul(quotient, self.output.multiplier);
        let shift = self.output.shift - over - headroom as i32;
        let q = if shift > 0 {
            scaled.saturating_mul(1 << shift.min(30))
        } else if shift < -31 {
            0
        } else {
            rounding_divide_by_pot(scaled, -shift as u32)
        };
        q.saturating_add(self.output_offset).clamp(min, max)
    }

    fn emit(&self, broadcast: TokenStream) -> Emitted {
        let [offset1, offset2] = self.offsets.map(literals::int);
        let output = literals::multiplier(self.output);
        let offset = literals::int(self.output_offset);
        let (min, max) = (
            literals::int(self.activation.0),
            literals::int(self.activation.1),
        );
        Emitted {
            parameters_type: quote!(Div),
            parameters: quote!(rt::Div {
                broadcast: #broadcast,
                input1_offset: #offset1,
                input2_offset: #offset2,
                output_multiplier: #output,
                output_offset: #offset,
                activation_min: #min,
                activation_max: #max,
            }),
            function: KernelId::new("div"),
        }
    }
}
