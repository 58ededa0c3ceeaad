//! ARG_MIN: the first index of the smallest along one axis.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ops::reduce::arg_max::ArgMax;

/// The operator ARG_MIN: the first index of the smallest along one axis.
pub(crate) struct ArgMin;

impl ArgMin {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<ArgMax> {
        ArgMax::new(node, true)
    }
}
