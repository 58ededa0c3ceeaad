//! ZEROS_LIKE: zeros in the shape of another tensor.

use crate::error::{Error, Result};
use crate::ir::context::ParseContext;
use crate::ops::constant::known_output::Known;

/// The operator ZEROS_LIKE: zeros in the shape of another tensor.
pub(crate) struct ZerosLike;

impl ZerosLike {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Known> {
        let input = node.input(0)?;
        if input.len() > 1 << 25 {
            return Err(Error::model("so many zeros are not supported"));
        }
        Ok(Known {
            name: "ZEROS_LIKE",
            shape: input.shape.clone(),
            data: vec![0.0; input.len()],
        })
    }
}
