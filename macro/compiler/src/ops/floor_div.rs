//! FLOOR_DIV: the integer below `a / b`. TFLite leaves it in float.

use proc_macro2::TokenStream;
use quote::quote;

use super::binary::{Binary, Elementwise, Integer};
use super::{Emitted, LowerContext, ParseContext, Source, broadcast};
use crate::emit;
use crate::error::Result;
use crate::quantize::arithmetic::Multiplier;

#[derive(Clone)]
pub(crate) struct FloorDiv;

impl FloorDiv {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Elementwise<Self>> {
        Ok(Elementwise(Self))
    }
}

impl Binary for FloorDiv {
    const NAME: &'static str = "FLOOR_DIV";

    fn real(&self, a: f32, b: f32) -> f32 {
        (a / b).floor()
    }

    fn integer(&self, context: &LowerContext<'_>) -> Result<(Box<dyn Integer>, [Source; 2])> {
        let (a, source_a) = broadcast::operand(context, 0)?;
        let (b, source_b) = broadcast::operand(context, 1)?;
        let output = context.output_params()?;
        let function = FloorDivInteger {
            offsets: [-a.zero_point, -b.zero_point],
            ratio: Multiplier::new(f64::from(a.scale) / f64::from(b.scale)),
            output: Multiplier::new(1.0 / f64::from(output.scale)),
            output_offset: output.zero_point,
        };
        Ok((Box::new(function), [source_a, source_b]))
    }
}

struct FloorDivInteger {
    offsets: [i32; 2],
    /// Scale a by scale b.
    ratio: Multiplier,
    output: Multiplier,
    output_offset: i32,
}

impl Integer for FloorDivInteger {
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
                let floor = quotient - i64::from(rest != 0 && (rest < 0) != (d < 0));
                self.output.apply(floor.clamp(-(1 << 20), 1 << 20) as i32)
            }
        };
        q.saturating_add(self.output_offset).clamp(-128, 127)
    }

    fn emit(&self, broadcast: TokenStream) -> Emitted {
        let [offset1, offset2] = self.offsets.map(emit::int);
        let (ratio, output) = (emit::multiplier(self.ratio), emit::multiplier(self.output));
        let offset = emit::int(self.output_offset);
        Emitted {
            parameters_type: quote!(FloorDiv),
            parameters: quote!(rt::FloorDiv {
                broadcast: #broadcast,
                input1_offset: #offset1,
                input2_offset: #offset2,
                ratio: #ratio,
                output_multiplier: #output,
                output_offset: #offset,
            }),
            function: "floor_div",
        }
    }
}
