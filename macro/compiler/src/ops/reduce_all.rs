//! REDUCE_ALL: true where all of the reduced elements are.

use super::ParseContext;
use super::reduce_max::ReduceMax;
use crate::error::Result;

pub(crate) struct ReduceAll;

impl ReduceAll {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<ReduceMax> {
        ReduceMax::new(node, "REDUCE_ALL", true)
    }
}
