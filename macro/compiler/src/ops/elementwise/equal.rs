//! EQUAL: `a == b`, elementwise.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ops::elementwise::binary::Elementwise;
use crate::ops::elementwise::comparison::{Compare, Comparing};

/// The operator EQUAL: `a == b`, elementwise.
#[derive(Clone)]
pub(crate) struct Equal;

impl Equal {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Elementwise<Comparing<Self>>> {
        Ok(Elementwise(Comparing(Self)))
    }
}

impl Compare for Equal {
    const NAME: &'static str = "EQUAL";
    const FUNCTION: &'static str = "equal";
    const FUNCTION_OF_REALS: &'static str = "equal_f32";

    fn holds<T: PartialOrd>(a: T, b: T) -> bool {
        a == b
    }
}
