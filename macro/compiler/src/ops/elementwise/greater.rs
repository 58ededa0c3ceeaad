//! GREATER: `a > b`, elementwise.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ops::elementwise::binary::Elementwise;
use crate::ops::elementwise::comparison::{Compare, Comparing};

/// The operator GREATER: `a > b`, elementwise.
#[derive(Clone)]
pub(crate) struct Greater;

impl Greater {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Elementwise<Comparing<Self>>> {
        Ok(Elementwise(Comparing(Self)))
    }
}

impl Compare for Greater {
    const NAME: &'static str = "GREATER";
    const FUNCTION: &'static str = "greater";
    const FUNCTION_OF_REALS: &'static str = "greater_f32";

    fn holds<T: PartialOrd>(a: T, b: T) -> bool {
        a > b
    }
}
