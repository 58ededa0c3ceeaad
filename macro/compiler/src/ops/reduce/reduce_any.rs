//! REDUCE_ANY: true where any of the reduced elements is.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ops::reduce::reduce_max::ReduceMax;

pub(crate) struct ReduceAny;

impl ReduceAny {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<ReduceMax> {
        ReduceMax::new(node, "REDUCE_ANY", false)
    }
}
