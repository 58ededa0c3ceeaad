//! UNPACK: each output is a slice of 1 along the axis, without that axis.

use crate::error::{Error, Result};
use crate::ir::context::ParseContext;
use crate::ops::shared::strided::{Movement, Moving, Strided, axis};

/// The operator UNPACK: each output is a slice of 1 along the axis, without that axis.
pub(crate) struct Unpack {
    axis: i32,
    number: usize,
}

impl Unpack {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Moving> {
        let options = node.operator.builtin_options_as_unpack_options();
        Ok(Moving::new(Self {
            axis: options.map_or(0, |o| o.axis()),
            number: node.number,
        }))
    }
}

impl Movement for Unpack {
    fn name(&self) -> &'static str {
        "UNPACK"
    }

    fn shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let mut shape = input.to_vec();
        shape.remove(axis(self.axis, input.len())?);
        Ok(shape)
    }

    fn walk(&self, input: &[usize]) -> Result<Strided> {
        let axis = axis(self.axis, input.len())?;
        if self.number >= input[axis] {
            return Err(Error::model(format!(
                "has more outputs than {input:?} gives"
            )));
        }
        let mut walk = Strided::whole(input);
        walk.slice(axis, self.number, 1, 1);
        Ok(walk)
    }
}
