//! STRIDED_SLICE with all of its masks and negative strides.

use crate::error::{Error, Result};
use crate::ir::context::ParseContext;
use crate::ops::shared::strided::{Movement, Moving, Strided};

/// The operator STRIDED_SLICE with all of its masks and negative strides.
pub(crate) struct StridedSlice {
    begin: Vec<i32>,
    end: Vec<i32>,
    strides: Vec<i32>,
    begin_mask: i32,
    end_mask: i32,
    ellipsis_mask: i32,
    new_axis_mask: i32,
    shrink_axis_mask: i32,
    /// The end of a slice counts from its begin.
    offset: bool,
}

impl StridedSlice {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Moving> {
        let options = node
            .operator
            .builtin_options_as_strided_slice_options()
            .ok_or_else(|| Error::model("it has no StridedSliceOptions"))?;
        let slice = Self {
            begin: node.integers(1, "begin")?,
            end: node.integers(2, "end")?,
            strides: node.integers(3, "strides")?,
            begin_mask: options.begin_mask(),
            end_mask: options.end_mask(),
            ellipsis_mask: options.ellipsis_mask(),
            new_axis_mask: options.new_axis_mask(),
            shrink_axis_mask: options.shrink_axis_mask(),
            offset: options.offset(),
        };
        if slice.begin.len() != slice.end.len() || slice.begin.len() != slice.strides.len() {
            return Err(Error::model("its begin, end and strides differ in length"));
        }
        Ok(Moving::new(slice))
    }

    /// The walk, and the output's shape with new and without shrunken dimensions.
    fn resolve(&self, input: &[usize]) -> Result<(Strided, Vec<usize>)> {
        let bit = |mask: i32, i: usize| i < 32 && mask >> i & 1 == 1;
        let entries = self.begin.len();
        let ellipsis = (0..entries).find(|&i| bit(self.ellipsis_mask, i));
        let is_new = |i: usize| bit(self.new_axis_mask, i) && Some(i) != ellipsis;
        let named = (0..entries).filter(|&i| Some(i) != ellipsis && !is_new(i));
        let skipped = input
            .len()
            .checked_sub(named.count())
            .ok_or_else(|| Error::model(format!("it slices more dimensions than {input:?} has")))?;
        let mut walk = Strided::whole(input);
        let mut shape = Vec::new();
        let mut d = 0;
        for i in 0..entries {
            if Some(i) == ellipsis {
                shape.extend_from_slice(&input[d..d + skipped]);
                d += skipped;
            } else if is_new(i) {
                shape.push(1);
            } else {
                let shrinks = bit(self.shrink_axis_mask, i);
                let (begin, count, step) = self.range(i, input[d] as i64, shrinks)?;
                walk.slice(d, begin, count, step);
                if !shrinks {
                    shape.push(count);
                }
                d += 1;
            }
        }
        shape.extend_from_slice(&input[d..]);
        Ok((walk, shape))
    }

    /// Begin, count and step of entry `i` over `n` elements.
    fn range(&self, i: usize, n: i64, shrinks: bool) -> Result<(usize, usize, isize)> {
        let step = i64::from(self.strides[i]);
        if step == 0 {
            return Err(Error::model("a stride is 0"));
        }
        let wrapped = |x: i64| if x < 0 { x + n } else { x };
        let (low, high) = if step > 0 { (0, n) } else { (-1, n - 1) };
        let begin = if self.begin_mask >> i & 1 == 1 && !shrinks {
            if step > 0 { 0 } else { n - 1 }
        } else {
            wrapped(self.begin[i].into()).clamp(low, high)
        };
        if shrinks {
            let begin = wrapped(self.begin[i].into());
            return usize::try_from(begin)
                .ok()
                .filter(|_| begin < n)
                .map(|begin| (begin, 1, 1))
                .ok_or_else(|| Error::model(format!("index {} is outside of {n}", self.begin[i])));
        }
        let end = if self.end_mask >> i & 1 == 1 {
            if step > 0 { n } else { -1 }
        } else if self.offset {
            (begin + i64::from(self.end[i])).clamp(low, high)
        } else {
            wrapped(self.end[i].into()).clamp(low, high)
        };
        let count = if step > 0 {
            (end - begin + step - 1) / step
        } else {
            (begin - end - step - 1) / -step
        };
        if count <= 0 {
            return Ok((0, 0, 1));
        }
        Ok((begin as usize, count as usize, step as isize))
    }
}

impl Movement for StridedSlice {
    fn name(&self) -> &'static str {
        "STRIDED_SLICE"
    }

    fn shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        Ok(self.resolve(input)?.1)
    }

    fn walk(&self, input: &[usize]) -> Result<Strided> {
        Ok(self.resolve(input)?.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(begin: &[i32], end: &[i32], strides: &[i32]) -> StridedSlice {
        StridedSlice {
            begin: begin.to_vec(),
            end: end.to_vec(),
            strides: strides.to_vec(),
            begin_mask: 0,
            end_mask: 0,
            ellipsis_mask: 0,
            new_axis_mask: 0,
            shrink_axis_mask: 0,
            offset: false,
        }
    }

    #[test]
    fn masks_do_what_python_does() {
        // x[..., ::-1][:, 1:-1] and friends over a shape of [3, 4].
        let mut reversed = slice(&[0, 9], &[0, -9], &[1, -2]);
        reversed.ellipsis_mask = 1;
        let (walk, shape) = reversed.resolve(&[3, 4]).expect("fits");
        assert_eq!(shape, [3, 2]);
        assert_eq!(walk.positions(), [3, 1, 7, 5, 11, 9]);
        let mut newly = slice(&[0, -2], &[0, 0], &[1, 1]);
        newly.new_axis_mask = 1;
        newly.shrink_axis_mask = 2;
        assert_eq!(newly.resolve(&[3, 4]).expect("fits").1, [1, 4]);
        assert_eq!(slice(&[2], &[2], &[1]).resolve(&[3]).expect("empty").1, [0]);
        assert!(slice(&[0, 0], &[1, 1], &[1, 1]).resolve(&[3]).is_err());
    }
}
