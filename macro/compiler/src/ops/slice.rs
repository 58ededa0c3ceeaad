//! SLICE: a block, by its begin and size.

use super::ParseContext;
use super::strided::{Movement, Moving, Strided};
use crate::error::{Error, Result};

pub(crate) struct Slice {
    begin: Vec<i32>,
    /// -1 is all that is left.
    size: Vec<i32>,
}

impl Slice {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Moving<Self>> {
        Ok(Moving(Self {
            begin: node.integers(1, "begin")?,
            size: node.integers(2, "size")?,
        }))
    }
}

impl Movement for Slice {
    const NAME: &'static str = "SLICE";

    fn shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        Ok(self.walk(input)?.shape)
    }

    fn walk(&self, input: &[usize]) -> Result<Strided> {
        let bad = || {
            Error::model(format!(
                "begin {:?} and size {:?} do not fit {input:?}",
                self.begin, self.size
            ))
        };
        if self.begin.len() != input.len() || self.size.len() != input.len() {
            return Err(bad());
        }
        let mut walk = Strided::whole(input);
        for (d, (&begin, &size)) in self.begin.iter().zip(&self.size).enumerate() {
            let begin = usize::try_from(begin).map_err(|_| bad())?;
            let left = input[d].checked_sub(begin).ok_or_else(bad)?;
            let size = usize::try_from(size).unwrap_or(left);
            if size > left {
                return Err(bad());
            }
            walk.slice(d, begin, size, 1);
        }
        Ok(walk)
    }
}
