//! SELECT_V2: SELECT with broadcasting of all three operands.

use super::ParseContext;
use super::select::Select;
use crate::error::Result;

pub(crate) struct SelectV2;

impl SelectV2 {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Select> {
        Ok(Select::broadcasting())
    }
}
