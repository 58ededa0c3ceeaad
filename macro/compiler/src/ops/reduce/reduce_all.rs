//! REDUCE_ALL: true where all of the reduced elements are.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ops::reduce::reduce_max::ReduceMax;

pub(crate) struct ReduceAll;

impl ReduceAll {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<ReduceMax> {
        ReduceMax::new(node, "REDUCE_ALL", true)
    }
}
