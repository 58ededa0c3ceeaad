//! Requantization of int16 in few instructions, and its inputs.

/// To int16 where sums fit 32 bits: the same as `RequantizeI16` of 64-bit sums, which multiplies by
/// a significand `m` of 15 bits and rounds half up. The compiler checks the sums and shifts.
///
/// ```text
/// (sum * m + 2^(s - 1)) >> s  =  ((sum << left) * factor + 2^(31 + right)) >> (32 + right)
/// factor = m << (32 - left + right - s), by 0 to 16 places
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RequantizeI16Fast<'a> {
    /// Factors in 1/2^32, one for each channel; on targets with wide SIMD registers filled up to
    /// blocks of sixteen.
    pub factor: &'a [i32],
    /// Places by which sums of all channels are shifted to the left.
    pub left: u32,
    /// Places by which products of all channels are shifted to the right, besides 32.
    pub right: u32,
    /// Smallest output; smaller ones are clamped.
    pub activation_min: i32,
    /// Largest output; larger ones are clamped.
    pub activation_max: i32,
}

impl RequantizeI16Fast<'_> {
    /// The output of a sum, by the factor of its channel.
    #[inline(always)]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the product's upper half; clamped to int16"
    )]
    pub(crate) fn scaled(&self, sum: i32, factor: i32) -> i16 {
        // Below 2^62.
        let product = i64::from(sum.wrapping_shl(self.left)) * i64::from(factor);
        // Small cores have an instruction for the former.
        let q = if cfg!(not(niello_vector)) && self.right == 0 {
            ((product + (1 << 31)) >> 32) as i32
        } else {
            shifted(product, self.right & 31)
        };
        q.max(self.activation_min).min(self.activation_max) as i16
    }
}

/// A product in 1/2^(32 + right), rounded half up. Seldom on small cores, where flash counts.
#[cfg_attr(niello_vector, inline(always))]
#[cfg_attr(not(niello_vector), inline(never))]
fn shifted(product: i64, right: u32) -> i32 {
    ((product + (1 << (31 + right))) >> 32) as i32 >> right
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arithmetic::fixed_point::{Multiplier, multiply_i64};

    #[test]
    fn it_rounds_as_the_reference_does() {
        let sums = [
            0,
            1,
            2,
            3,
            1 << 15,
            98_303,
            98_304,
            98_305,
            1 << 30,
            i32::MAX,
        ];
        for shift in -20..=2_i32 {
            let (left, right) = ((shift + 1).max(0), (-17 - shift).max(0));
            for multiplier in [1 << 30, 0x5A5A_A5A5, 0x7FFE_FFFF, 0x7FFF_0000, i32::MAX] {
                let significand = if multiplier < 0x7FFF_0000 {
                    (multiplier + (1 << 15)) >> 16
                } else {
                    0x7FFF
                };
                let factor = significand << (17 + shift - left + right);
                let stage = RequantizeI16Fast {
                    factor: &[factor],
                    left: left as u32,
                    right: right as u32,
                    activation_min: -32768,
                    activation_max: 32767,
                };
                let sums = sums.map(|sum: i32| sum >> left);
                for sum in sums.into_iter().flat_map(|sum| [sum, -sum, !sum]) {
                    let by = Multiplier { multiplier, shift };
                    let wanted = multiply_i64(sum.into(), by).clamp(-32768, 32767);
                    let got = stage.scaled(sum, factor);
                    assert_eq!(i32::from(got), wanted, "{sum} {multiplier} {shift}");
                }
            }
        }
    }
}
