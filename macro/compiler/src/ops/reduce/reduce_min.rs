//! REDUCE_MIN: the smallest over any axes.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ops::reduce::reduce_max::ReduceMax;

pub(crate) struct ReduceMin;

impl ReduceMin {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<ReduceMax> {
        ReduceMax::new(node, "REDUCE_MIN", true)
    }
}
