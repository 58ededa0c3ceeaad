//! SOFTMAX of int16, to Q0.15: exponentials and the reciprocal of their sum come
//! from interpolated tables.

use crate::arithmetic::fixed_point::Multiplier;

/// Parameters of the kernel [`softmax_i16`].
#[derive(Clone, Copy, Debug)]
pub struct SoftmaxI16<'a> {
    /// Number of elements of a row.
    pub depth: usize,
    /// From input steps to steps of 10 / 65535.
    pub input_multiplier: Multiplier,
    /// exp(x) of -10 to 0 in Q0.15.
    pub exponentials: &'a [i16; 513],
    /// 1 / (1 + x) of 0 to 1 in Q0.15.
    pub reciprocals: &'a [i16; 513],
}

/// The table's value at `x`, between its neighbours.
#[inline(always)]
fn lookup(table: &[i16; 513], x: i16) -> i16 {
    let index = (256 + (i32::from(x) >> 7)) as usize;
    let at = |i: usize| i32::from(table.get(i).copied().unwrap_or(0));
    let base = at(index);
    let slope = (at(index + 1) - base) as i16;
    let delta = (i32::from(slope) * i32::from(x & 0x7F) + 64) >> 7;
    (base + delta) as i16
}

/// Computes all rows of the output.
pub fn softmax_i16(p: &SoftmaxI16<'_>, input: &[i16], output: &mut [i16]) {
    let depth = p.depth.max(1);
    for (row, out) in input
        .chunks_exact(depth)
        .zip(output.chunks_exact_mut(depth))
    {
        let max = row.iter().fold(i16::MIN, |max, &q| max.max(q));
        let mut sum = 0_i32;
        for (out, &q) in out.iter_mut().zip(row) {
            let difference = i32::from(q) - i32::from(max);
            let scaled = p.input_multiplier.apply(difference).saturating_add(32767);
            *out = lookup(p.exponentials, scaled.clamp(-32768, 32767) as i16);
            sum = sum.wrapping_add((*out).into());
        }
        // The sum, Q16.15, as 1 to 2 by a power of two.
        let headroom = sum.leading_zeros();
        let normal = ((i64::from(sum) << (headroom.max(1) - 1)) + (1 << 13)) >> 14;
        let x = (normal as i32 - (1 << 15) - (1 << 16)).clamp(-32768, 32767) as i16;
        let reciprocal = i64::from(lookup(p.reciprocals, x));
        let shift = 31_u32.saturating_sub(headroom);
        let round = if shift > 0 { 1 << (shift - 1) } else { 0 };
        for out in out {
            let product = (i64::from(*out) * reciprocal + round) >> shift;
            *out = product.clamp(0, 32767) as i16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_inputs_share_equally() {
        let (mut exponentials, mut reciprocals) = ([0; 513], [0; 513]);
        // Only the ends are looked up: exp(0) = 1, and 1 / (1 + 0.5) in the middle.
        exponentials[511] = 32767;
        exponentials[512] = 32767;
        reciprocals[256] = 21845;
        reciprocals[257] = 21845;
        reciprocals[255] = 21845;
        let p = SoftmaxI16 {
            depth: 3,
            input_multiplier: Multiplier {
                multiplier: 1 << 30,
                shift: 1,
            },
            exponentials: &exponentials,
            reciprocals: &reciprocals,
        };
        let mut output = [0; 3];
        softmax_i16(&p, &[5, 5, 5], &mut output);
        for q in output {
            assert!((q - 10_922).abs() <= 2, "{q}");
        }
    }
}
