//! f32 arithmetic as instruction sets have it. Rust's own conversions, sums and products
//! are IEEE 754's, rounded to the nearest number, ties to even; the rest is here. Results
//! are normal numbers or zero.

use crate::arithmetic::convert::{nearest_f32, truncate_i32};

/// The direction in which a result between two f32 numbers is rounded.
#[derive(Clone, Copy, PartialEq)]
pub enum Rounding {
    /// The nearest number, ties to the one with an even significand.
    Nearest,
    /// The number that is nearer to zero.
    Zero,
}

/// The fused `a * b + c`, rounded once.
pub fn fused(a: f32, b: f32, c: f32, rounding: Rounding) -> f32 {
    let sum = sum_to_odd(f64::from(a) * f64::from(b), f64::from(c));
    match rounding {
        Rounding::Nearest => nearest_f32(sum),
        // The 24 bits that f32 has.
        Rounding::Zero => nearest_f32(f64::from_bits(sum.to_bits() & (!0 << 29))),
    }
}

/// `a + b` rounded to odd: to the number with an odd significand of the two that it lies
/// between. What is rounded again, to two bits less or fewer, is as if it had been rounded
/// once (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
fn sum_to_odd(a: f64, b: f64) -> f64 {
    let sum = a + b;
    // What the sum lacks, exactly (Knuth's TwoSum).
    let of_b = sum - a;
    let lack = (a - (sum - of_b)) + (b - of_b);
    let bits = sum.to_bits();
    if lack == 0.0 || bits & 1 == 1 {
        return sum;
    }
    let is_larger = (lack > 0.0) == (sum > 0.0);
    f64::from_bits(if is_larger { bits + 1 } else { bits - 1 })
}

/// Converts to int32 by truncation, as CVTTPS2DQ does: what does not fit gives `i32::MIN`.
pub fn truncated(x: f32) -> i32 {
    if (-2_147_483_648.0..2_147_483_648.0).contains(&x) {
        truncate_i32(x.into())
    } else {
        i32::MIN
    }
}

/// Converts to int32 by rounding to nearest, ties to even, as CVTPS2DQ does: what does not
/// fit gives `i32::MIN`.
pub fn nearest(x: f32) -> i32 {
    truncated(x.round_ties_even())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `a * b + c` in integers: numbers of 24 bits and powers of two down to -29.
    fn in_integers([a, b, c]: [(i64, u32); 3], rounding: Rounding) -> f32 {
        // In units of 2^-60.
        let product = i128::from(a.0 * b.0) << (60 - a.1 - b.1);
        let sum = product + (i128::from(c.0) << (60 - c.1));
        let magnitude = sum.unsigned_abs();
        let excess = (128 - magnitude.leading_zeros()).saturating_sub(24);
        let (mut kept, rest) = (magnitude >> excess, magnitude & ((1 << excess) - 1));
        if rounding == Rounding::Nearest && excess > 0 {
            let half = 1 << (excess - 1);
            kept += u128::from(rest > half || rest == half && kept & 1 == 1);
        }
        // At most 2^24, exact.
        let real = kept as f64 * 2f64.powi(excess as i32 - 60);
        (if sum < 0 { -real } else { real }) as f32
    }

    #[test]
    fn fused_steps_are_rounded_once() {
        let mut state = 1_u64;
        let mut next = |n: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % n
        };
        for _ in 0..200_000 {
            let mut number = || {
                // Often few bits, for ties and sums that vanish.
                let bits = [3, 12, 24][next(3) as usize];
                let n = next(1 << bits) as i64;
                (if next(2) == 0 { n } else { -n }, next(30) as u32)
            };
            let numbers = [number(), number(), number()];
            let [a, b, c] = numbers.map(|(n, right)| n as f32 * 2f32.powi(-(right as i32)));
            for rounding in [Rounding::Nearest, Rounding::Zero] {
                let got = fused(a, b, c, rounding);
                assert_eq!(got, in_integers(numbers, rounding), "{numbers:?}");
            }
            assert_eq!(fused(a, b, c, Rounding::Nearest), a.mul_add(b, c));
        }
    }

    #[test]
    fn integers_are_what_instructions_give() {
        assert_eq!([2.5, 3.5, -0.5, -1.5].map(nearest), [2, 4, 0, -2]);
        assert_eq!(
            [2.9, -2.9, 3e9, f32::NAN].map(truncated),
            [2, -2, i32::MIN, i32::MIN]
        );
    }
}
