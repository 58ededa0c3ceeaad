//! ADD, SUB and MUL of int32 tensors: indices and counts, which wrap.

use proc_macro2::TokenStream;
use quote::quote;

use super::binary::{BinaryKernel, Integer};
use super::broadcast::Broadcast;
use super::{Emitted, LowerContext, Lowered, constant_source};
use crate::error::Result;

/// The kernel of `f`, which the runtime calls `runtime`.
pub(super) fn lower(
    context: &LowerContext<'_>,
    runtime: &'static str,
    f: fn(i32, i32) -> i32,
) -> Result<Lowered> {
    let (a, b) = (context.input(0)?, context.input(1)?);
    let kernel = BinaryKernel {
        broadcast: Broadcast::new(&a.value.shape, &b.value.shape)?,
        function: Box::new(Wrapping { runtime, f }),
    };
    let sources = vec![constant_source(context, 0)?, constant_source(context, 1)?];
    Ok(Lowered::new(kernel, sources))
}

struct Wrapping {
    runtime: &'static str,
    f: fn(i32, i32) -> i32,
}

impl Integer for Wrapping {
    fn apply(&self, a: i32, b: i32) -> i32 {
        (self.f)(a, b)
    }

    fn emit(&self, broadcast: TokenStream) -> Emitted {
        Emitted {
            parameters_type: quote!(Broadcast),
            parameters: broadcast,
            function: self.runtime,
        }
    }

    fn keeps_type(&self) -> bool {
        true
    }
}
