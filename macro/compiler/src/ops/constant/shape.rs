//! SHAPE: known at compile time.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ops::constant::known_output::Known;

/// The operator SHAPE: known at compile time.
pub(crate) struct Shape;

impl Shape {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Known> {
        let shape = &node.input(0)?.shape;
        Ok(Known {
            name: "SHAPE",
            shape: vec![shape.len()],
            data: shape.iter().map(|&n| n as f32).collect(),
        })
    }
}
