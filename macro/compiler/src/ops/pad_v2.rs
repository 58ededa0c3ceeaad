//! PADV2: PAD with a constant of choice.

use super::ParseContext;
use super::pad::Pad;
use crate::error::Result;

pub(crate) struct PadV2;

impl PadV2 {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Pad> {
        Pad::with_value(node)
    }
}
