//! REDUCE_MIN: the smallest over any axes.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ops::reduce::reduce_max::Extreme;
use crate::ops::reduce::reducing::Reducing;

/// The operator REDUCE_MIN: `min(x)` over some axes.
pub(crate) struct ReduceMin;

impl ReduceMin {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Reducing<Extreme>> {
        Extreme::parse(node, "REDUCE_MIN", true)
    }
}
