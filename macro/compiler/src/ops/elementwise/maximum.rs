//! MAXIMUM: the larger of two.

use crate::error::Result;
use crate::ir::activation::Activation;
use crate::ir::context::{LowerContext, ParseContext, QuantRule};
use crate::ir::kernel::{KernelId, Source};
use crate::ops::elementwise::binary::{Binary, Elementwise, Integer};
use crate::ops::elementwise::int32;

/// The operator MAXIMUM: `max(a, b)`.
#[derive(Clone)]
pub(crate) struct Maximum;

impl Maximum {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Elementwise<Self>> {
        Ok(Elementwise(Self))
    }
}

impl Binary for Maximum {
    const NAME: &'static str = "MAXIMUM";
    const FLOAT: Option<KernelId> = Some(KernelId::new("float_maximum"));
    const RULE: QuantRule = QuantRule::SelectsInputs;

    fn real(&self, a: f32, b: f32) -> f32 {
        a.max(b)
    }

    fn integer(&self, context: &LowerContext<'_>) -> Result<(Box<dyn Integer>, [Source; 2])> {
        // Quantized values of one scale compare as the real ones do.
        int32::function(context, Activation::None, "maximum", i32::max)
    }
}
