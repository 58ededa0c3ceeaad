//! SELECT_V2: SELECT with broadcasting of all three operands.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ops::elementwise::select::Select;

/// The operator SELECT_V2: SELECT with broadcasting of all three operands.
pub(crate) struct SelectV2;

impl SelectV2 {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Select> {
        Ok(Select::broadcasting())
    }
}
