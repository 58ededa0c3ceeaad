//! SPLIT_V: parts of given sizes.

use super::ParseContext;
use super::split::Split;
use super::strided::{Movement, Moving, Strided};
use crate::error::Result;

pub(crate) struct SplitV(Split);

impl SplitV {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Moving<Self>> {
        let sizes = node.integers(1, "sizes")?;
        let axis = node.integers(2, "axis")?;
        let axis = axis.first().copied().unwrap_or(0);
        Ok(Moving::new(Self(Split::with_sizes(
            axis,
            sizes,
            node.number,
        ))))
    }
}

impl Movement for SplitV {
    const NAME: &'static str = "SPLIT_V";

    fn shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        self.0.shape(input)
    }

    fn walk(&self, input: &[usize]) -> Result<Strided> {
        self.0.walk(input)
    }
}
