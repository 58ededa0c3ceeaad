//! BITWISE_XOR of int32.

use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::context::{LowerContext, ParseContext, Target};
use crate::ir::kernel::Source;
use crate::ops::elementwise::binary::{Binary, Elementwise, Integer};
use crate::ops::elementwise::int32;

/// The operator BITWISE_XOR of int32.
#[derive(Clone)]
pub(crate) struct BitwiseXor;

impl BitwiseXor {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Elementwise<Self>> {
        Ok(Elementwise(Self))
    }
}

impl Binary for BitwiseXor {
    const NAME: &'static str = "BITWISE_XOR";

    fn real(&self, a: f32, b: f32) -> f32 {
        (a as i32 ^ b as i32) as f32
    }

    fn integer(&self, context: &LowerContext<'_>) -> Result<(Box<dyn Integer>, [Source; 2])> {
        if context.target != Target::I32 {
            return Err(Error::model("its operands are not int32"));
        }
        int32::function(context, Activation::None, "bitwise_xor_i32", |a, b| a ^ b)
    }
}
