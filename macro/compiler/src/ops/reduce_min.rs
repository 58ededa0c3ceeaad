//! REDUCE_MIN: the smallest over any axes.

use super::ParseContext;
use super::reduce_max::ReduceMax;
use crate::error::Result;

pub(crate) struct ReduceMin;

impl ReduceMin {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<ReduceMax> {
        ReduceMax::new(node, "REDUCE_MIN", true)
    }
}
