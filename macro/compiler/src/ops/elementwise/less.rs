//! LESS: `a < b`, elementwise.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ops::elementwise::binary::Elementwise;
use crate::ops::elementwise::comparison::{Compare, Comparing};

/// The operator LESS: `a < b`, elementwise.
#[derive(Clone)]
pub(crate) struct Less;

impl Less {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Elementwise<Comparing<Self>>> {
        Ok(Elementwise(Comparing(Self)))
    }
}

impl Compare for Less {
    const NAME: &'static str = "LESS";
    const FUNCTION: &'static str = "less";
    const FUNCTION_OF_REALS: &'static str = "less_f32";

    fn holds<T: PartialOrd>(a: T, b: T) -> bool {
        a < b
    }
}
