//! RANK: the number of dimensions, known at compile time.

use super::ParseContext;
use super::known::Known;
use crate::error::Result;

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
