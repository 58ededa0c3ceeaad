//! MINIMUM: the smaller of two.

use proc_macro2::TokenStream;
use quote::quote;

use crate::error::Result;
use crate::ir::context::{LowerContext, ParseContext, QuantRule, constant_source};
use crate::ir::kernel::{Emitted, KernelId, Source};
use crate::ops::elementwise::binary::{Binary, Elementwise, Integer};

#[derive(Clone)]
pub(crate) struct Minimum;

impl Minimum {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Elementwise<Self>> {
        Ok(Elementwise(Self))
    }
}

impl Binary for Minimum {
    const NAME: &'static str = "MINIMUM";
    const RULE: QuantRule = QuantRule::Choice;

    fn real(&self, a: f32, b: f32) -> f32 {
        a.min(b)
    }

    fn integer(&self, context: &LowerContext<'_>) -> Result<(Box<dyn Integer>, [Source; 2])> {
        let sources = [constant_source(context, 0)?, constant_source(context, 1)?];
        Ok((Box::new(Minimum), sources))
    }
}

/// Quantized values of one scale compare as the real ones do.
impl Integer for Minimum {
    fn apply(&self, a: i32, b: i32) -> i32 {
        a.min(b)
    }

    fn emit(&self, broadcast: TokenStream) -> Emitted {
        Emitted {
            parameters_type: quote!(Broadcast),
            parameters: broadcast,
            function: KernelId::new("minimum"),
        }
    }

    fn keeps_type(&self) -> bool {
        true
    }
}
