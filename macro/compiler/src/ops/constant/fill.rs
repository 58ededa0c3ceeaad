//! FILL of a static shape: with a constant it is one itself, with a value
//! computed at run time it repeats it.

use crate::error::{Error, Result};
use crate::ir::context::ParseContext;
use crate::ops::shared::strided::{Movement, Moving, Strided};

/// The operator FILL of a static shape: with a constant it is one itself, with a value computed at
/// run time it repeats it.
pub(crate) struct Fill {
    shape: Vec<usize>,
}

impl Fill {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Moving> {
        let shape = node.integers(0, "shape")?;
        let size = |&n: &i32| {
            usize::try_from(n).map_err(|_| Error::model(format!("a size of its shape is {n}")))
        };
        Ok(Moving::new(Self {
            shape: shape.iter().map(size).collect::<Result<_>>()?,
        }))
    }
}

impl Movement for Fill {
    fn name(&self) -> &'static str {
        "FILL"
    }

    // The shape comes first.
    fn input(&self) -> usize {
        1
    }

    fn shape(&self, _: &[usize]) -> Result<Vec<usize>> {
        Ok(self.shape.clone())
    }

    fn walk(&self, input: &[usize]) -> Result<Strided> {
        if input.iter().product::<usize>() != 1 {
            return Err(Error::model(format!(
                "it fills with {input:?}, expected one number"
            )));
        }
        let mut walk = Strided::whole(&self.shape);
        walk.strides.fill(0);
        Ok(walk)
    }
}
