//! REDUCE_ALL: true where all of the reduced elements are.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ops::reduce::reduce_max::Extreme;
use crate::ops::reduce::reducing::Reducing;

/// The operator REDUCE_ALL: logical and over some axes.
pub(crate) struct ReduceAll;

impl ReduceAll {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Reducing<Extreme>> {
        Extreme::parse(node, "REDUCE_ALL", true)
    }
}
