//! SPLIT and SPLIT_V: each output is a slice, by an operator of its own.

use crate::error::{Error, Result};
use crate::ir::context::ParseContext;
use crate::ops::shared::strided::{Movement, Moving, Strided, axis};

/// The operators SPLIT and SPLIT_V: each output is a slice, by an operator of its own.
pub(crate) struct Split {
    axis: i32,
    /// Elements of each output along the axis.
    sizes: Vec<i32>,
    number: usize,
}

impl Split {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Moving> {
        let axis = node.integer(0, "axis")?;
        let rank = node.input(1)?.shape.len();
        let size = node.input(1)?.shape[self::axis(axis, rank)?];
        if size % node.outputs != 0 {
            return Err(Error::model(format!(
                "cannot split {size} elements into {} equal parts",
                node.outputs
            )));
        }
        Ok(Moving::new(Self {
            axis,
            sizes: vec![(size / node.outputs) as i32; node.outputs],
            number: node.number,
        }))
    }

    pub(crate) fn with_sizes(axis: i32, sizes: Vec<i32>, number: usize) -> Self {
        Self {
            axis,
            sizes,
            number,
        }
    }
}

impl Movement for Split {
    fn name(&self) -> &'static str {
        "SPLIT"
    }

    // The axis comes first.
    fn input(&self) -> usize {
        1
    }

    fn shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        Ok(self.walk(input)?.shape)
    }

    fn walk(&self, input: &[usize]) -> Result<Strided> {
        let axis = axis(self.axis, input.len())?;
        let misfit = || {
            let sizes = &self.sizes;
            Error::model(format!(
                "parts of {sizes:?} do not fit axis {axis} of {input:?}"
            ))
        };
        // One of them may be -1: what the others leave.
        let open = self.sizes.iter().filter(|&&s| s == -1).count();
        let stated = self.sizes.iter().filter(|&&s| s != -1);
        let known = stated.map(|&s| usize::try_from(s).ok()).sum::<Option<_>>();
        let left = known.and_then(|known: usize| input[axis].checked_sub(known));
        let left = left.filter(|&left| open == 1 || (open == 0 && left == 0));
        let left = left.ok_or_else(misfit)?;
        let size = |&s: &i32| usize::try_from(s).unwrap_or(left);
        let begin: usize = self.sizes[..self.number].iter().map(size).sum();
        let count = self.sizes.get(self.number).map(size).ok_or_else(misfit)?;
        let mut walk = Strided::whole(input);
        walk.slice(axis, begin, count, 1);
        Ok(walk)
    }
}
