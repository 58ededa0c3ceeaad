//! TILE: the whole tensor, repeated along each dimension.

use crate::error::{Error, Result};
use crate::ir::context::ParseContext;
use crate::ops::shared::strided::{Movement, Moving, Strided};

/// The operator TILE: the whole tensor, repeated along each dimension.
pub(crate) struct Tile {
    multiples: Vec<i32>,
}

impl Tile {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Moving> {
        let multiples = node.integers(1, "multiples")?;
        Ok(Moving::new(Self { multiples }))
    }
}

impl Movement for Tile {
    fn name(&self) -> &'static str {
        "TILE"
    }

    fn shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        if self.multiples.len() != input.len() || self.multiples.iter().any(|&m| m < 1) {
            return Err(Error::model(format!(
                "multiples {:?} do not fit {input:?}",
                self.multiples
            )));
        }
        let times = self.multiples.iter().map(|&m| m as usize);
        Ok(input.iter().zip(times).map(|(&n, m)| n * m).collect())
    }

    fn walk(&self, input: &[usize]) -> Result<Strided> {
        let whole = Strided::whole(input);
        let mut walk = Strided::whole(&[]);
        for (d, &multiple) in self.multiples.iter().enumerate() {
            walk.shape.extend([multiple as usize, input[d]]);
            walk.strides.extend([0, whole.strides[d]]);
        }
        Ok(walk)
    }
}
