//! EXPAND_DIMS: inserts a dimension of 1.

use crate::error::{Error, Result};
use crate::ir::context::ParseContext;
use crate::ops::movement::view::{View, Viewing};

/// The operator EXPAND_DIMS: inserts a dimension of 1.
pub(crate) struct ExpandDims {
    axis: i32,
}

impl ExpandDims {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Viewing<Self>> {
        Ok(Viewing::new(Self {
            axis: node.integer(1, "axis")?,
        }))
    }
}

impl View for ExpandDims {
    const NAME: &'static str = "EXPAND_DIMS";

    fn shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let rank = input.len() as i32;
        let axis = if self.axis < 0 {
            self.axis + rank + 1
        } else {
            self.axis
        };
        let axis = usize::try_from(axis)
            .ok()
            .filter(|&a| a <= input.len())
            .ok_or_else(|| Error::model(format!("axis {} does not fit {input:?}", self.axis)))?;
        let mut shape = input.to_vec();
        shape.insert(axis, 1);
        Ok(shape)
    }
}
