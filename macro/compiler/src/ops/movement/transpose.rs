//! TRANSPOSE: dimensions in another order, known at compile time.

use crate::error::{Error, Result};
use crate::ir::context::ParseContext;
use crate::ops::shared::strided::{Movement, Moving, Strided, axis};

/// The operator TRANSPOSE: dimensions in another order, known at compile time.
pub(crate) struct Transpose {
    permutation: Vec<i32>,
}

impl Transpose {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Moving> {
        let permutation = node.integers(1, "permutation")?;
        Ok(Moving::new(Self { permutation }))
    }
}

impl Movement for Transpose {
    fn name(&self) -> &'static str {
        "TRANSPOSE"
    }

    fn shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        Ok(self.walk(input)?.shape)
    }

    fn walk(&self, input: &[usize]) -> Result<Strided> {
        let order = self
            .permutation
            .iter()
            .map(|&d| axis(d, input.len()))
            .collect::<Result<Vec<_>>>()?;
        let each_once = (0..input.len()).all(|d| order.contains(&d));
        if order.len() != input.len() || !each_once {
            return Err(Error::model(format!(
                "{:?} is not a permutation of {} dimensions",
                self.permutation,
                input.len()
            )));
        }
        Ok(Strided::whole(input).permuted(&order))
    }
}
