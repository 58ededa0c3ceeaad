//! Moving elements by a rule that is affine in every output dimension: TRANSPOSE,
//! SLICE, STRIDED_SLICE, SPLIT, UNPACK, TILE, BROADCAST_TO, REVERSE_V2, FILL,
//! SPACE_TO_DEPTH and DEPTH_TO_SPACE.

use crate::macros::instantiate::instantiate;

/// Parameters of the kernel [`strided`].
#[derive(Clone, Copy, Debug)]
pub struct Strided {
    /// Sizes of the output, outermost first.
    pub dims: [usize; 6],
    /// How far one step in each goes in the input.
    pub strides: [isize; 6],
    /// Where the first element is.
    pub offset: usize,
}

instantiate! {
    /// `output[i] = input[offset + sum(i[d] * strides[d])]`.
    pub fn strided<T: StridedHere>(p: &Strided, input: &[T], output: &mut [T]) = strided_inner,
        for i8 u8 i16 i32 f32 bool;
}

fn strided_inner<T: Copy>(p: &Strided, input: &[T], output: &mut [T]) {
    let [d0, d1, d2, d3, d4, size] = p.dims;
    let [s0, s1, s2, s3, s4, step] = p.strides;
    let mut rows = output.chunks_exact_mut(size.max(1));
    let at = |begin: usize, i: usize, stride: isize| {
        begin.wrapping_add_signed((i as isize).wrapping_mul(stride))
    };
    for i0 in 0..d0 {
        let begin = at(p.offset, i0, s0);
        for i1 in 0..d1 {
            let begin = at(begin, i1, s1);
            for i2 in 0..d2 {
                let begin = at(begin, i2, s2);
                for i3 in 0..d3 {
                    let begin = at(begin, i3, s3);
                    for i4 in 0..d4 {
                        let begin = at(begin, i4, s4);
                        let Some(row) = rows.next() else {
                            debug_assert!(false, "the output is too short");
                            return;
                        };
                        match input.get(begin..begin.wrapping_add(size)) {
                            Some(x) if step == 1 => copy_row(x, row),
                            _ => {
                                for (i, out) in row.iter_mut().enumerate() {
                                    let x = input.get(at(begin, i, step));
                                    debug_assert!(x.is_some(), "the input is too short");
                                    if let Some(x) = x {
                                        *out = *x;
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[inline(always)]
pub(super) fn copy_row<T: Copy>(from: &[T], to: &mut [T]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_is_transposed_and_reversed() {
        let mut p = Strided {
            dims: [1, 1, 1, 1, 3, 2],
            strides: [0, 0, 0, 0, 1, 3],
            offset: 0,
        };
        let mut output = [0; 6];
        strided(&p, &[1, 2, 3, 4, 5, 6], &mut output);
        assert_eq!(output, [1, 4, 2, 5, 3, 6]);
        (p.strides, p.offset) = ([0, 0, 0, 0, -1, 3], 2);
        strided(&p, &[1, 2, 3, 4, 5, 6], &mut output);
        assert_eq!(output, [3, 6, 2, 5, 1, 4]);
    }
}
