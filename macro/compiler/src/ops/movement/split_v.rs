//! SPLIT_V: parts of given sizes.

use crate::error::{Error, Result};
use crate::ir::context::ParseContext;
use crate::ops::movement::split::Split;
use crate::ops::shared::strided::{Movement, Moving, Strided};

/// The operator SPLIT_V: parts of given sizes.
pub(crate) struct SplitV(Split);

impl SplitV {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Moving> {
        let sizes = node.integers(1, "sizes")?;
        let axis = node.integer(2, "axis")?;
        if sizes.len() != node.outputs {
            return Err(Error::model(format!(
                "it has {} outputs, but {} sizes",
                node.outputs,
                sizes.len()
            )));
        }
        let split = Split::with_sizes(axis, sizes, node.number);
        Ok(Moving::new(Self(split)))
    }
}

impl Movement for SplitV {
    fn name(&self) -> &'static str {
        "SPLIT_V"
    }

    fn shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        self.0.shape(input)
    }

    fn walk(&self, input: &[usize]) -> Result<Strided> {
        self.0.walk(input)
    }
}
