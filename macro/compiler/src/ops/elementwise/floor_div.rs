//! FLOOR_DIV: the integer below `a / b`. TFLite leaves real ones in float.

use proc_macro2::TokenStream;
use quote::quote;

use crate::arithmetic::fixed_point::Multiplier;
use crate::error::Result;
use crate::ir::activation::Activation;
use crate::ir::context::{LowerContext, ParseContext, Target};
use crate::ir::kernel::{Emitted, KernelId, Source};
use crate::ops::elementwise::binary::{Binary, Elementwise, Integer};
use crate::ops::elementwise::int32;
use crate::ops::shared::broadcast;
use crate::tokens::literals;

/// The operator FLOOR_DIV: the integer below `a / b`.
#[derive(Clone)]
pub(crate) struct FloorDiv;

impl FloorDiv {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Elementwise<Self>> {
        Ok(Elementwise(Self))
    }
}

impl Binary for FloorDiv {
    const NAME: &'static str = "FLOOR_DIV";
    const FLOAT: Option<KernelId> = Some(KernelId::new("float_floor_div"));

    fn real(&self, a: f32, b: f32) -> f32 {
        (a / b).floor()
    }

    fn integer(&self, context: &LowerContext<'_>) -> Result<(Box<dyn Integer>, [Source; 2])> {
        if context.target == Target::I32 {
            let (name, f) = ("floor_div_i32", int32::floor_div);
            return int32::function(context, Activation::None, name, f);
        }
        let (a, source_a) = broadcast::operand(context, 0)?;
        let (b, source_b) = broadcast::operand(context, 1)?;
        let output = context.output_params()?;
        let function = Quotient {
            offsets: [-a.zero_point, -b.zero_point],
            ratio: Multiplier::new(f64::from(a.scale) / f64::from(b.scale)),
            nearest: false,
            output: Multiplier::new(1.0 / f64::from(output.scale)),
            output_offset: output.zero_point,
            activation: (-128, 127),
        };
        Ok((Box::new(function), [source_a, source_b]))
    }
}

/// A quotient in 64 bits, rounded down or to nearest.
pub(crate) struct Quotient {
    pub offsets: [i32; 2],
    /// Scale a by scale b (and by the output's, if rounded to nearest).
    pub ratio: Multiplier,
    pub nearest: bool,
    pub output: Multiplier,
    pub output_offset: i32,
    pub activation: (i32, i32),
}

impl Integer for Quotient {
    fn apply(&self, a: i32, b: i32) -> i32 {
        let (a, b) = (a + self.offsets[0], b + self.offsets[1]);
        // a * ratio / b, both sides scaled by 2^31.
        let shift = self.ratio.shift.clamp(-20, 20);
        let (up, down) = (shift.max(0) as u32, (-shift).max(0) as u32);
        let numerator = (i64::from(a) * i64::from(self.ratio.multiplier)) << up;
        let denominator = i64::from(b) << (31 + down).min(54);
        let q = match denominator {
            0 if a == 0 => 0,
            0 => i32::MAX / 2 * a.signum(),
            d => {
                let (quotient, rest) = (numerator / d, numerator % d);
                let negative = (rest < 0) != (d < 0);
                let whole = if self.nearest {
                    let away = rest.unsigned_abs() * 2 >= d.unsigned_abs();
                    quotient + i64::from(away) * if negative { -1 } else { 1 }
                } else {
                    quotient - i64::from(rest != 0 && negative)
                };
                self.output.apply(whole.clamp(-(1 << 20), 1 << 20) as i32)
            }
        };
        q.saturating_add(self.output_offset)
            .clamp(self.activation.0, self.activation.1)
    }

    fn emit(&self, broadcast: TokenStream) -> Emitted {
        let [offset1, offset2] = self.offsets.map(literals::int);
        let (ratio, output) = (
            literals::multiplier(self.ratio),
            literals::multiplier(self.output),
        );
        let (offset, nearest) = (literals::int(self.output_offset), self.nearest);
        let (min, max) = (
            literals::int(self.activation.0),
            literals::int(self.activation.1),
        );
        Emitted {
            parameters_type: quote!(FloorDiv),
            parameters: quote!(rt::FloorDiv {
                broadcast: #broadcast,
                input1_offset: #offset1,
                input2_offset: #offset2,
                ratio: #ratio,
                nearest: #nearest,
                output_multiplier: #output,
                output_offset: #offset,
                activation_min: #min,
                activation_max: #max,
            }),
            function: KernelId::new("floor_div"),
        }
    }
}
