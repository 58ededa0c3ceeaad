//! Operators that the user keeps in float.

use super::{LowerContext, Lowered};
use crate::error::{Error, Result};

/// What operators without a float kernel do.
pub(crate) fn lower(name: &str, _: &LowerContext<'_>) -> Result<Lowered> {
    Err(Error::model(format!("{name} cannot be kept in float")))
}
