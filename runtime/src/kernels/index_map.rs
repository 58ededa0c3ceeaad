//! Choosing elements along each dimension on its own: GATHER with constant
//! indices, MIRROR_PAD, RESIZE_NEAREST_NEIGHBOR and BATCH_TO_SPACE_ND.

use crate::kernels::strided::copy_row;
use crate::macros::instantiate::instantiate;

/// The input offsets along one output dimension.
#[derive(Clone, Copy, Debug)]
pub enum Index<'a> {
    /// 0, stride, 2 * stride and so on.
    Steps {
        /// Number of indices along the dimension.
        count: usize,
        /// Elements of the input from one to the next.
        stride: usize,
    },
    /// Offsets in any order, as a table.
    Table(&'a [i32]),
}

/// Parameters of the kernel [`index_map`].
#[derive(Clone, Copy, Debug)]
pub struct IndexMap<'a> {
    /// Indices along each dimension, outermost first.
    pub indices: [Index<'a>; 4],
    /// Number of neighbouring elements that stay together.
    pub inner: usize,
}

impl Index<'_> {
    #[inline(always)]
    fn len(&self) -> usize {
        match self {
            Index::Steps { count, .. } => *count,
            Index::Table(table) => table.len(),
        }
    }

    #[inline(always)]
    fn at(&self, i: usize) -> usize {
        match self {
            Index::Steps { stride, .. } => i * stride,
            Index::Table(table) => table.get(i).map_or(0, |&at| at as usize),
        }
    }
}

instantiate! {
    /// Copies all runs of neighbouring elements.
    pub fn index_map<T: IndexMapHere>(p: &IndexMap<'_>, input: &[T], output: &mut [T]) = index_map_inner,
        for i8 u8 i16 i32 f32 bool;
}

fn index_map_inner<T: Copy>(p: &IndexMap<'_>, input: &[T], output: &mut [T]) {
    let mut runs = output.chunks_exact_mut(p.inner.max(1));
    let [a, b, c, d] = &p.indices;
    for i in 0..a.len() {
        for j in 0..b.len() {
            for k in 0..c.len() {
                let begin = a.at(i) + b.at(j) + c.at(k);
                for l in 0..d.len() {
                    let Some(run) = runs.next() else { return };
                    copy_row(input.get(begin + d.at(l)..).unwrap_or(&[]), run);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirrored_row() {
        let one = Index::Steps {
            count: 1,
            stride: 0,
        };
        let p = IndexMap {
            indices: [one, one, one, Index::Table(&[2, 0, 2, 4, 2])],
            inner: 2,
        };
        let mut output = [0; 10];
        index_map(&p, &[1, 2, 3, 4, 5, 6], &mut output);
        assert_eq!(output, [3, 4, 1, 2, 3, 4, 5, 6, 3, 4]);
    }
}
