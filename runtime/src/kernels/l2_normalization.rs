//! L2_NORMALIZATION over rows; output scale 1/128, zero point 0.

use crate::arithmetic::fixed_point::{Multiplier, inverse_sqrt};

/// Parameters of the kernel [`l2_normalization`].
#[derive(Clone, Copy, Debug)]
pub struct L2Normalization {
    /// Number of elements of a row.
    pub depth: usize,
    /// The input's negated zero point.
    pub input_offset: i32,
}

/// Computes all rows of the output.
pub fn l2_normalization(p: &L2Normalization, input: &[i8], output: &mut [i8]) {
    normalize(p, input, output, 0);
}

/// Computes L2_NORMALIZATION with LiteRT's rounding of uint8: factors of 128 before the division.
pub fn l2_normalization_uint8(p: &L2Normalization, input: &[i8], output: &mut [i8]) {
    normalize(p, input, output, 7);
}

#[inline(always)]
fn normalize(p: &L2Normalization, input: &[i8], output: &mut [i8], before: i32) {
    let depth = p.depth.max(1);
    for (row, out) in input
        .chunks_exact(depth)
        .zip(output.chunks_exact_mut(depth))
    {
        let centered = |&q: &i8| i32::from(q) + p.input_offset;
        let sum = row
            .iter()
            .map(centered)
            .fold(0_i32, |sum, x| sum.wrapping_add(x * x));
        let inverse = inverse_sqrt(sum);
        let factor = Multiplier {
            shift: inverse.shift + 7 - before,
            ..inverse
        };
        for (out, x) in out.iter_mut().zip(row.iter().map(centered)) {
            *out = factor.apply(x << before).clamp(-128, 127) as i8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_length_one() {
        let p = L2Normalization {
            depth: 2,
            input_offset: -10,
        };
        let mut output = [0; 4];
        l2_normalization(&p, &[40, 50, 10, 30], &mut output);
        // 3/5, 4/5 and 0, 1 in steps of 1/128.
        assert_eq!(output, [77, 102, 0, 127]);
    }
}
