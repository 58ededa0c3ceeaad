//! CONCATENATION of tensors with one scale.

use crate::macros::instantiate::instantiate;

/// Parameters of the kernel [`concatenation`].
#[derive(Clone, Copy, Debug)]
pub struct Concatenation<const N: usize> {
    /// Elements of one row of each input: its axis and inner dimensions.
    pub widths: [usize; N],
}

/// One row of each input after the other.
#[inline(always)]
pub fn concatenation<T: ConcatenateHere<T>, const N: usize>(
    p: &Concatenation<N>,
    inputs: [&[T]; N],
    output: &mut [T],
) {
    concatenate(&p.widths, &inputs, output);
}

instantiate! {
    /// [`concatenation`] of any number of inputs.
    fn concatenate<T: ConcatenateHere>(widths: &[usize], inputs: &[&[T]], output: &mut [T]) = concatenate_inner,
        for i8 u8 i16 i32 f32 bool;
}

fn concatenate_inner<T: Copy>(widths: &[usize], inputs: &[&[T]], output: &mut [T]) {
    let width: usize = widths.iter().sum();
    let mut begin = 0;
    for (input, &size) in inputs.iter().zip(widths) {
        let rows = output
            .chunks_exact_mut(width.max(1))
            .zip(input.chunks_exact(size.max(1)));
        for (out, row) in rows {
            for (out, x) in out.get_mut(begin..).unwrap_or(&mut []).iter_mut().zip(row) {
                *out = *x;
            }
        }
        begin += size;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_side_by_side() {
        let p = Concatenation { widths: [1, 2] };
        let mut output = [0; 6];
        concatenation(&p, [&[1, 4], &[2, 3, 5, 6]], &mut output);
        assert_eq!(output, [1, 2, 3, 4, 5, 6]);
    }
}
