//! SOFTMAX of int8 with an int16 output: as for int8, but in 16 bits, from -32768 on.

use crate::arithmetic::fixed_point::{
    one_over_one_plus_x, rounding_divide_by_pot, saturating_rounding_doubling_high_mul,
};
use crate::kernels::softmax::Softmax;

/// Computes all rows of the output.
pub fn softmax_i8_i16(p: &Softmax<&[i32]>, input: &[i8], output: &mut [i16]) {
    let depth = p.depth.max(1);
    for (row, out) in input
        .chunks_exact(depth)
        .zip(output.chunks_exact_mut(depth))
    {
        let max = row.iter().fold(i8::MIN, |max, &q| max.max(q));
        let exponential = |q: i8| {
            let difference = i32::from(max) - i32::from(q);
            p.exponentials.get(difference as usize).copied()
        };
        // Q12.19 has room for 4096 ones; more are taken for as many.
        let sum = row
            .iter()
            .filter_map(|&q| exponential(q))
            .fold(0_i32, |sum, e| {
                sum.saturating_add(rounding_divide_by_pot(e, 12))
            });
        let headroom = sum.leading_zeros();
        let fraction = (sum as u32).wrapping_shl(headroom).wrapping_sub(1 << 31) as i32;
        let reciprocal = one_over_one_plus_x(fraction);
        let exponent = (27_u32).wrapping_sub(headroom);
        for (out, &q) in out.iter_mut().zip(row) {
            *out = match exponential(q) {
                Some(e) => {
                    let product = saturating_rounding_doubling_high_mul(reciprocal, e);
                    rounding_divide_by_pot(product, exponent)
                        .saturating_sub(32768)
                        .clamp(-32768, 32767) as i16
                }
                None => i16::MIN,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_inputs_share_one() {
        let p = Softmax {
            depth: 2,
            exponentials: &[i32::MAX][..],
        };
        let mut output = [0; 2];
        softmax_i8_i16(&p, &[3, 3], &mut output);
        assert_eq!(output, [0, 0]);
    }
}
