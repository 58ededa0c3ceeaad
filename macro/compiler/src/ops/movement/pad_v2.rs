//! PADV2: PAD with a constant of choice.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ops::movement::pad::Pad;

/// The operator PADV2: PAD with a constant of choice.
pub(crate) struct PadV2;

impl PadV2 {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Pad> {
        Pad::with_value(node)
    }
}
