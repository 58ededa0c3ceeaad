//! ARG_MIN: the first index of the smallest along one axis.

use super::ParseContext;
use super::arg_max::ArgMax;
use crate::error::Result;

pub(crate) struct ArgMin;

impl ArgMin {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<ArgMax> {
        ArgMax::new(node, true)
    }
}
