//! GREATER_EQUAL: `a >= b`, elementwise.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ops::elementwise::binary::Elementwise;
use crate::ops::elementwise::comparison::{Compare, Comparing};

/// The operator GREATER_EQUAL: `a >= b`, elementwise.
#[derive(Clone)]
pub(crate) struct GreaterEqual;

impl GreaterEqual {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Elementwise<Comparing<Self>>> {
        Ok(Elementwise(Comparing(Self)))
    }
}

impl Compare for GreaterEqual {
    const NAME: &'static str = "GREATER_EQUAL";
    const FUNCTION: &'static str = "greater_equal";
    const FUNCTION_OF_REALS: &'static str = "greater_equal_f32";

    fn holds<T: PartialOrd>(a: T, b: T) -> bool {
        a >= b
    }
}
