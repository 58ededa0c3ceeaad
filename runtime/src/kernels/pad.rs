//! PAD and PADV2 in 6 dimensions.

use crate::kernels::strided::copy_row;
use crate::macros::instantiate::instantiate;

/// Parameters of the kernel [`pad`].
#[derive(Clone, Copy, Debug)]
pub struct Pad<T> {
    /// The input's shape, filled up with leading ones.
    pub input: [usize; 6],
    /// Elements of padding before, for each dimension.
    pub before: [usize; 6],
    /// Elements of padding after, for each dimension.
    pub after: [usize; 6],
    /// The quantized value of the padding.
    pub value: T,
}

instantiate! {
    /// Fills the output and copies the input's rows into it.
    pub fn pad<T: PadHere>(p: &Pad<T>, input: &[T], output: &mut [T]) = pad_inner,
        for i8 u8 i16 i32 f32 bool;
}

fn pad_inner<T: Copy>(p: &Pad<T>, input: &[T], output: &mut [T]) {
    output.fill(p.value);
    let [.., size] = p.input;
    for (row, data) in input.chunks_exact(size.max(1)).enumerate() {
        let (mut rest, mut at, mut stride) = (row * size, 0, 1);
        for ((n, before), after) in p.input.iter().zip(p.before).zip(p.after).rev() {
            at += (rest % n.max(&1) + before) * stride;
            rest /= n.max(&1);
            stride *= before + n + after;
        }
        debug_assert!(at + size <= output.len(), "the output is too short");
        copy_row(data, output.get_mut(at..).unwrap_or(&mut []));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_of_one_value() {
        let p = Pad {
            input: [1, 1, 1, 1, 1, 2],
            before: [0, 0, 0, 0, 1, 1],
            after: [0; 6],
            value: 7,
        };
        let mut output = [0; 6];
        pad(&p, &[1, 2], &mut output);
        assert_eq!(output, [7, 7, 7, 7, 1, 2]);
    }
}
