//! REVERSE_SEQUENCE: the first elements of every sequence backwards.

use crate::kernels::strided::copy_row;

/// Parameters of the kernel [`reverse_sequence`].
#[derive(Clone, Copy, Debug)]
pub struct ReverseSequence {
    /// Elements before the first of the two dimensions.
    pub outer: usize,
    /// Size of the first of both dimensions.
    pub first: usize,
    /// Product of the dimensions between both.
    pub middle: usize,
    /// Size of the second of both dimensions.
    pub second: usize,
    /// Product of the dimensions behind the second one.
    pub inner: usize,
    /// True if sequences are along the first dimension and batches along the second; else the other
    /// way round.
    pub sequence_first: bool,
}

/// Lengths beyond the dimension are the whole of it.
pub fn reverse_sequence<T: Copy>(
    p: &ReverseSequence,
    input: &[T],
    lengths: &[i32],
    output: &mut [T],
) {
    let source = |batch: usize, at: usize, size: usize| {
        let length = lengths
            .get(batch)
            .map_or(0, |&n| usize::try_from(n).unwrap_or(0));
        let length = length.min(size);
        if at < length { length - 1 - at } else { at }
    };
    let mut rows = output.chunks_exact_mut(p.inner.max(1));
    for outer in 0..p.outer {
        for first in 0..p.first {
            for middle in 0..p.middle {
                for second in 0..p.second {
                    let Some(row) = rows.next() else { return };
                    let (first, second) = if p.sequence_first {
                        (source(second, first, p.first), second)
                    } else {
                        (first, source(first, second, p.second))
                    };
                    let at = ((outer * p.first + first) * p.middle + middle) * p.second + second;
                    copy_row(input.get(at * p.inner..).unwrap_or(&[]), row);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sequence_has_its_length() {
        let mut p = ReverseSequence {
            outer: 1,
            first: 2,
            middle: 1,
            second: 3,
            inner: 1,
            sequence_first: false,
        };
        let mut output = [0; 6];
        reverse_sequence(&p, &[1, 2, 3, 4, 5, 6], &[2, 9], &mut output);
        assert_eq!(output, [2, 1, 3, 6, 5, 4]);
        p.sequence_first = true;
        reverse_sequence(&p, &[1, 2, 3, 4, 5, 6], &[0, 2, 1], &mut output);
        assert_eq!(output, [1, 5, 3, 4, 2, 6]);
    }
}
