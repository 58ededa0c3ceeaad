//! RANK: the number of dimensions, known at compile time.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ops::constant::known_output::Known;

/// The operator RANK: the number of dimensions, known at compile time.
pub(crate) struct Rank;

impl Rank {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Known> {
        Ok(Known {
            name: "RANK",
            shape: Vec::new(),
            data: vec![node.input(0)?.shape.len() as f32],
        })
    }
}
