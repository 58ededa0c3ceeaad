//! BROADCAST_TO a shape known at compile time (NumPy's rule).

use crate::error::{Error, Result};
use crate::ir::context::ParseContext;
use crate::ops::shared::strided::{Movement, Moving, Strided};

/// The operator BROADCAST_TO a shape known at compile time (NumPy's rule).
pub(crate) struct BroadcastTo {
    target: Vec<i32>,
}

impl BroadcastTo {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Moving> {
        let target = node.integers(1, "shape")?;
        Ok(Moving::new(Self { target }))
    }
}

impl Movement for BroadcastTo {
    fn name(&self) -> &'static str {
        "BROADCAST_TO"
    }

    fn shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        Ok(self.walk(input)?.shape)
    }

    fn walk(&self, input: &[usize]) -> Result<Strided> {
        let target: Vec<usize> = self.target.iter().map(|&n| n.max(0) as usize).collect();
        let bad = || Error::model(format!("{input:?} does not broadcast to {target:?}"));
        let whole = Strided::whole(input);
        let skip = target.len().checked_sub(input.len()).ok_or_else(bad)?;
        let mut walk = Strided::whole(&target);
        for (d, &n) in target.iter().enumerate() {
            walk.strides[d] = match d.checked_sub(skip) {
                None => 0,
                Some(i) if input[i] == n => whole.strides[i],
                Some(i) if input[i] == 1 => 0,
                _ => return Err(bad()),
            };
        }
        Ok(walk)
    }
}
