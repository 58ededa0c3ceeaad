//! LOGICAL_AND of two bool tensors.

use proc_macro2::TokenStream;
use quote::quote;

use crate::error::Result;
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::kernel::{Emitted, KernelId, Source};
use crate::ops::elementwise::binary::{Binary, Elementwise, Integer};

/// The operator LOGICAL_AND of two bool tensors.
#[derive(Clone)]
pub(crate) struct LogicalAnd;

impl LogicalAnd {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Elementwise<Self>> {
        Ok(Elementwise(Self))
    }
}

impl Binary for LogicalAnd {
    const NAME: &'static str = "LOGICAL_AND";

    fn real(&self, a: f32, b: f32) -> f32 {
        f32::from(u8::from(a != 0.0 && b != 0.0))
    }

    fn integer(&self, _: &LowerContext<'_>) -> Result<(Box<dyn Integer>, [Source; 2])> {
        Ok((Box::new(Self), [Source::Operand(0), Source::Operand(1)]))
    }
}

impl Integer for LogicalAnd {
    fn apply(&self, a: i32, b: i32) -> i32 {
        a & b
    }

    fn emit(&self, broadcast: TokenStream) -> Emitted {
        Emitted {
            parameters_type: quote!(Broadcast),
            parameters: broadcast,
            function: KernelId::new("logical_and"),
        }
    }
}
