//! REDUCE_ANY: true where any of the reduced elements is.

use super::ParseContext;
use super::reduce_max::ReduceMax;
use crate::error::Result;

pub(crate) struct ReduceAny;

impl ReduceAny {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<ReduceMax> {
        ReduceMax::new(node, "REDUCE_ANY", false)
    }
}
