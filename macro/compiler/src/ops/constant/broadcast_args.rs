//! BROADCAST_ARGS: the shape that two shapes broadcast to.

use crate::error::{Error, Result};
use crate::ir::context::ParseContext;
use crate::ops::constant::known_output::Known;
use crate::ops::shared::broadcast;

/// The operator BROADCAST_ARGS: the shape that two shapes broadcast to.
pub(crate) struct BroadcastArgs;

impl BroadcastArgs {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Known> {
        let sizes = |i: usize| {
            let size = |n: i32| {
                usize::try_from(n).map_err(|_| Error::model(format!("a size of its shape is {n}")))
            };
            let list = node.integers(i, "shape")?;
            list.into_iter().map(size).collect::<Result<Vec<_>>>()
        };
        let shape = broadcast::shape(&sizes(0)?, &sizes(1)?)?;
        Ok(Known {
            name: "BROADCAST_ARGS",
            shape: vec![shape.len()],
            data: shape.iter().map(|&n| n as f32).collect(),
        })
    }
}
