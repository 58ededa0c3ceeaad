//! Blocks whose place is computed at run time: SLICE and DYNAMIC_UPDATE_SLICE.

use crate::kernels::strided::copy_row;

/// A block within a tensor. One that would begin outside is moved inside.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// The tensor's sizes, filled up with leading ones.
    pub tensor: [usize; 6],
    /// Sizes of the block, outermost first.
    pub sizes: [usize; 6],
    /// How many of them an operand places.
    pub rank: usize,
}

impl Block {
    /// Calls `f` with the position of each innermost row of the block, in order.
    #[inline(always)]
    fn rows(&self, begin: &[i32], mut f: impl FnMut(usize)) {
        let mut first = [0; 6];
        let sizes = self.tensor.iter().zip(&self.sizes);
        for ((first, (tensor, size)), &at) in first
            .iter_mut()
            .zip(sizes)
            .rev()
            .zip(begin.iter().take(self.rank).rev())
        {
            *first = usize::try_from(at)
                .unwrap_or(0)
                .min(tensor.saturating_sub(*size));
        }
        let [_, t1, t2, t3, t4, t5] = self.tensor;
        let ([n0, n1, n2, n3, n4, _], [f0, f1, f2, f3, f4, f5]) = (self.sizes, first);
        for i0 in f0..f0 + n0 {
            for i1 in f1..f1 + n1 {
                for i2 in f2..f2 + n2 {
                    for i3 in f3..f3 + n3 {
                        for i4 in f4..f4 + n4 {
                            f(((((i0 * t1 + i1) * t2 + i2) * t3 + i3) * t4 + i4) * t5 + f5);
                        }
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn row(&self) -> usize {
        let [.., row] = self.sizes;
        row.max(1)
    }
}

/// Copies a block out of the input.
pub fn dynamic_slice<T: Copy>(p: &Block, input: &[T], begin: &[i32], output: &mut [T]) {
    let mut rows = output.chunks_exact_mut(p.row());
    p.rows(begin, |at| {
        if let Some(row) = rows.next() {
            copy_row(input.get(at..).unwrap_or(&[]), row);
        }
    });
}

/// Overwrites a block of a copy.
pub fn dynamic_update_slice<T: Copy>(
    p: &Block,
    input: &[T],
    update: &[T],
    begin: &[i32],
    output: &mut [T],
) {
    copy_row(input, output);
    dynamic_update_slice_in_place(p, output, update, begin);
}

/// Overwrites a block of the tensor.
pub fn dynamic_update_slice_in_place<T: Copy>(
    p: &Block,
    in_out: &mut [T],
    update: &[T],
    begin: &[i32],
) {
    let mut rows = update.chunks_exact(p.row());
    p.rows(begin, |at| {
        if let (Some(row), Some(to)) = (rows.next(), in_out.get_mut(at..)) {
            copy_row(row, to);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: Block = Block {
        tensor: [1, 1, 1, 1, 3, 4],
        sizes: [1, 1, 1, 1, 2, 2],
        rank: 2,
    };

    #[test]
    fn blocks_stay_inside() {
        let input = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
        let mut output = [0; 4];
        dynamic_slice(&BLOCK, &input, &[1, 1], &mut output);
        assert_eq!(output, [5, 6, 9, 10]);
        dynamic_slice(&BLOCK, &input, &[-3, 9], &mut output);
        assert_eq!(output, [2, 3, 6, 7]);
        let mut updated = [0; 12];
        dynamic_update_slice(&BLOCK, &input, &[20, 21, 22, 23], &[7, 0], &mut updated);
        assert_eq!(updated, [0, 1, 2, 3, 20, 21, 6, 7, 22, 23, 10, 11]);
    }
}
