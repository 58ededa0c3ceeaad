//! RIGHT_SHIFT of int32, which keeps the sign.

use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::context::{LowerContext, ParseContext, Target};
use crate::ir::kernel::Source;
use crate::ops::elementwise::binary::{Binary, Elementwise, Integer};
use crate::ops::elementwise::int32;

/// The operator RIGHT_SHIFT of int32, which keeps the sign.
#[derive(Clone)]
pub(crate) struct RightShift;

impl RightShift {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Elementwise<Self>> {
        Ok(Elementwise(Self))
    }
}

/// By 0 to 31 bits; what is outside counts as the nearest.
fn shift(a: i32, b: i32) -> i32 {
    a >> b.clamp(0, 31)
}

impl Binary for RightShift {
    const NAME: &'static str = "RIGHT_SHIFT";

    fn real(&self, a: f32, b: f32) -> f32 {
        shift(a as i32, b as i32) as f32
    }

    fn integer(&self, context: &LowerContext<'_>) -> Result<(Box<dyn Integer>, [Source; 2])> {
        if context.target != Target::I32 {
            return Err(Error::model("its operands are not int32"));
        }
        int32::function(context, Activation::None, "right_shift_i32", shift)
    }
}
