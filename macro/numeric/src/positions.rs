//! Where the elements of an output come from: positions in flat inputs.

/// For each element of an output with the sizes `dims`, outermost first, the positions in two
/// operands: a step in dimension `d` goes `strides[operand][d]` elements farther.
pub fn of_two(dims: &[usize], strides: [&[usize]; 2]) -> Vec<(usize, usize)> {
    let [a, b] = strides.map(|strides| {
        let strides: Vec<isize> = strides.iter().map(|stride| stride.cast_signed()).collect();
        strided(dims, &strides, 0)
    });
    a.into_iter().zip(b).collect()
}

/// For each element of an output with the sizes `dims`, outermost first, the position in its
/// input: from `offset` on, a step in dimension `d` goes `strides[d]` elements farther.
pub fn strided(dims: &[usize], strides: &[isize], offset: usize) -> Vec<usize> {
    let Some((&last, outer)) = dims.split_last() else {
        return vec![offset];
    };
    let mut positions = Vec::with_capacity(dims.iter().product());
    for mut row in 0..outer.iter().product::<usize>() {
        let mut at = offset;
        for (&size, &stride) in outer.iter().zip(strides).rev() {
            at = moved(at, row % size, stride);
            row /= size;
        }
        positions.extend((0..last).map(|i| moved(at, i, strides[outer.len()])));
    }
    positions
}

/// The position so many steps farther.
fn moved(at: usize, steps: usize, stride: isize) -> usize {
    let far = steps * stride.unsigned_abs();
    if stride < 0 {
        at.wrapping_sub(far)
    } else {
        at + far
    }
}

/// For each element of an input with the sizes `dims` and `padding` elements before and behind it in
/// each dimension, its position in the input; `None` for padding.
pub fn padded(dims: &[usize], padding: &[[usize; 2]]) -> Vec<Option<usize>> {
    let sizes = dims.iter().zip(padding);
    let output: Vec<usize> = sizes
        .map(|(n, [before, after])| n + before + after)
        .collect();
    let one = |mut i: usize| {
        let (mut at, mut stride) = (0, 1);
        for d in (0..dims.len()).rev() {
            let inside = (i % output[d]).checked_sub(padding[d][0]);
            at += inside.filter(|&i| i < dims[d])? * stride;
            i /= output[d];
            stride *= dims[d];
        }
        Some(at)
    };
    (0..output.iter().product::<usize>()).map(one).collect()
}

/// Functions that pick elements at positions, and `fill` where there is none or it is outside.
macro_rules! pick {
    ($($(#[$doc:meta])* $name:ident: $type:ty;)*) => {$(
        $(#[$doc])*
        pub fn $name(data: &[$type], positions: &[Option<usize>], fill: $type) -> Vec<$type> {
            let one = |i: &Option<usize>| i.and_then(|i| data.get(i)).copied().unwrap_or(fill);
            positions.iter().map(one).collect()
        }
    )*};
}

pick! {
    /// Picks int8 elements.
    pick_i8: i8;
    /// Picks int16 elements.
    pick_i16: i16;
    /// Picks int32 elements.
    pick_i32: i32;
    /// Picks f32 elements.
    pick_f32: f32;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strides_repeat_and_go_backwards() {
        let both = of_two(&[2, 2], [&[2, 1], &[0, 1]]);
        assert_eq!(both, [(0, 0), (1, 1), (2, 0), (3, 1)]);
        assert_eq!(of_two(&[], [&[], &[]]), [(0, 0)]);
        assert_eq!(strided(&[2, 3], &[-3, 1], 3), [3, 4, 5, 0, 1, 2]);
        assert_eq!(strided(&[3], &[-2], 5), [5, 3, 1]);
        assert_eq!(strided(&[], &[], 7), [7]);
        assert_eq!(strided(&[0, 3], &[3, 1], 0), []);
    }

    #[test]
    fn padding_has_no_position() {
        let positions = padded(&[2, 2], &[[1, 0], [0, 1]]);
        let (some, none) = (Some, None);
        assert_eq!(
            positions,
            [
                none,
                none,
                none,
                some(0),
                some(1),
                none,
                some(2),
                some(3),
                none
            ]
        );
        assert_eq!(pick_i8(&[5, 6, 7, 8], &positions[3..6], -1), [5, 6, -1]);
    }
}
