//! NOT_EQUAL: `a != b`, elementwise.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ops::elementwise::binary::Elementwise;
use crate::ops::elementwise::comparison::{Compare, Comparing};

/// The operator NOT_EQUAL: `a != b`, elementwise.
#[derive(Clone)]
pub(crate) struct NotEqual;

impl NotEqual {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Elementwise<Comparing<Self>>> {
        Ok(Elementwise(Comparing(Self)))
    }
}

impl Compare for NotEqual {
    const NAME: &'static str = "NOT_EQUAL";
    const FUNCTION: &'static str = "not_equal";
    const FUNCTION_OF_REALS: &'static str = "not_equal_f32";

    fn holds<T: PartialOrd>(a: T, b: T) -> bool {
        a != b
    }
}
