//! REVERSE_V2: dimensions read from the end.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ops::shared::strided::{Movement, Moving, Strided, axis};

/// The operator REVERSE_V2: dimensions read from the end.
pub(crate) struct ReverseV2 {
    axes: Vec<i32>,
}

impl ReverseV2 {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Moving> {
        let axes = node.integers(1, "axes")?;
        Ok(Moving::new(Self { axes }))
    }
}

impl Movement for ReverseV2 {
    fn name(&self) -> &'static str {
        "REVERSE_V2"
    }

    fn shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        Ok(input.to_vec())
    }

    fn walk(&self, input: &[usize]) -> Result<Strided> {
        let mut reversed = vec![false; input.len()];
        for &a in &self.axes {
            reversed[axis(a, input.len())?] = true;
        }
        let mut walk = Strided::whole(input);
        for d in (0..input.len()).filter(|&d| reversed[d]) {
            walk.slice(d, input[d] - 1, input[d], -1);
        }
        Ok(walk)
    }
}
