//! REDUCE_ANY: true where any of the reduced elements is.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ops::reduce::reduce_max::Extreme;
use crate::ops::reduce::reducing::Reducing;

/// The operator REDUCE_ANY: logical or over some axes.
pub(crate) struct ReduceAny;

impl ReduceAny {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Reducing<Extreme>> {
        Extreme::parse(node, "REDUCE_ANY", false)
    }
}
