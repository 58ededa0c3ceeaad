//! The integer arithmetic of the TensorFlow Lite 8-bit quantization
//! specification, with TensorFlow Lite Micro's double rounding.
//!
//! The compiler has these formulas once more (`macro/numeric/src/arithmetic/`): the crates are
//! published apart, and neither can depend on the other. Tests compare both with a third
//! implementation (`simd_models/reference.rs`).
#![deny(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

use crate::arithmetic::high_mul::rounded_high_mul;

/// The low 8 bits, as a number in two's complement.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "that is what it does")]
const fn low_i8(x: i32) -> i8 {
    x as i8
}

/// The low 16 bits, as a number in two's complement.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "that is what it does")]
const fn low_i16(x: i32) -> i16 {
    x as i16
}

/// The low 32 bits, as a number in two's complement.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "that is what it does")]
const fn low_i32(x: i64) -> i32 {
    x as i32
}

/// Saturates a number to 32 bits.
#[inline(always)]
fn saturate_i32(x: i64) -> i32 {
    low_i32(x.clamp(i32::MIN.into(), i32::MAX.into()))
}

/// The integer part; out of range it is the nearest number, and NaN becomes 0.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "that is what it does")]
const fn truncate_i32(x: f32) -> i32 {
    x as i32
}

/// The nearest f32 number, ties to even.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "that is what it does")]
const fn nearest_f32(x: f64) -> f32 {
    x as f32
}

/// `real = scale * (q - zero_point)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantization {
    /// Real value of one step.
    pub scale: f32,
    /// The quantized value of 0.0.
    pub zero_point: i32,
}

/// A real factor: `multiplier * 2^(shift - 31)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Multiplier {
    /// Significand of the factor, in Q31.
    pub multiplier: i32,
    /// Power of two, -31 to 30.
    pub shift: i32,
}

impl Multiplier {
    /// `x * factor`, rounded once, half away from zero.
    #[inline(always)]
    pub fn apply_once(self, x: i32) -> i32 {
        let shift = (31 - self.shift).clamp(1, 62);
        let half = (1 << (shift - 1)) - i64::from(x < 0);
        low_i32((i64::from(x) * i64::from(self.multiplier) + half) >> shift)
    }

    /// Computes [`Self::apply`] where `x`, shifted left by one more than the
    /// factor asks for, fits 32 bits: a few instructions. The compiler's model:
    /// `Method::Small` in `simd_models`.
    #[inline(always)]
    pub(crate) fn apply_small(self, x: i32) -> i32 {
        let left = self.shift.max(0).cast_unsigned() + 1;
        let right = self.shift.min(0).unsigned_abs() & 31;
        // The rounded upper half of twice the product.
        let high = rounded_high_mul(x.wrapping_shl(left), self.multiplier);
        if right == 0 {
            return high;
        }
        // Rounded half away from zero.
        let half = 1_i32 << (right - 1);
        high.wrapping_add(high >> 31).wrapping_add(half) >> right
    }

    /// `x * factor`, rounded after the multiplication and after the shift.
    #[inline(always)]
    pub fn apply(self, x: i32) -> i32 {
        multiply_by_quantized_multiplier(x, self.multiplier, self.shift)
    }
}

/// The integers that quantized tensors consist of.
pub trait Integer: Copy + Default + PartialOrd {
    /// The number as an int32.
    fn wide(self) -> i32;
    /// From int32, clamped to the type's range.
    fn saturated(x: i32) -> Self;
    /// From int32, the low bits.
    fn wrapped(x: i32) -> Self;

    /// The slice itself, if this is int8.
    #[inline(always)]
    fn int8(_: &[Self]) -> Option<&[i8]> {
        None
    }

    /// The slice itself, if this is int8.
    #[inline(always)]
    fn int8_mut(_: &mut [Self]) -> Option<&mut [i8]> {
        None
    }

    /// The slice itself, if this is int16.
    #[inline(always)]
    fn int16(_: &[Self]) -> Option<&[i16]> {
        None
    }

    /// The slice itself, if this is int16.
    #[inline(always)]
    fn int16_mut(_: &mut [Self]) -> Option<&mut [i16]> {
        None
    }
}

impl Integer for i8 {
    #[inline(always)]
    fn wide(self) -> i32 {
        self.into()
    }

    #[inline(always)]
    fn saturated(x: i32) -> Self {
        low_i8(x.clamp(-128, 127))
    }

    #[inline(always)]
    fn wrapped(x: i32) -> Self {
        low_i8(x)
    }

    #[inline(always)]
    fn int8(slice: &[Self]) -> Option<&[i8]> {
        Some(slice)
    }

    #[inline(always)]
    fn int8_mut(slice: &mut [Self]) -> Option<&mut [i8]> {
        Some(slice)
    }
}

impl Integer for i16 {
    #[inline(always)]
    fn wide(self) -> i32 {
        self.into()
    }

    #[inline(always)]
    fn saturated(x: i32) -> Self {
        low_i16(x.clamp(-32768, 32767))
    }

    #[inline(always)]
    fn wrapped(x: i32) -> Self {
        low_i16(x)
    }

    #[inline(always)]
    fn int16(slice: &[Self]) -> Option<&[i16]> {
        Some(slice)
    }

    #[inline(always)]
    fn int16_mut(slice: &mut [Self]) -> Option<&mut [i16]> {
        Some(slice)
    }
}

impl Integer for i32 {
    #[inline(always)]
    fn wide(self) -> i32 {
        self
    }

    #[inline(always)]
    fn saturated(x: i32) -> Self {
        x
    }

    #[inline(always)]
    fn wrapped(x: i32) -> Self {
        x
    }
}

/// TFLite's multiplication of a wide accumulator: a 16-bit significand, one
/// rounding.
#[inline(always)]
pub(crate) fn multiply_i64(x: i64, by: Multiplier) -> i32 {
    let significand = if by.multiplier < 0x7FFF_0000 {
        i64::from((by.multiplier + (1 << 15)) >> 16)
    } else {
        0x7FFF
    };
    let shift = (15 - by.shift).clamp(1, 62);
    low_i32(x.wrapping_mul(significand).wrapping_add(1 << (shift - 1)) >> shift)
}

/// TFLite's function of this name.
#[inline(always)]
pub(crate) fn multiply_by_quantized_multiplier(x: i32, multiplier: i32, shift: i32) -> i32 {
    let left = shift.max(0).cast_unsigned();
    let right = (-shift).max(0).cast_unsigned();
    rounding_divide_by_pot(
        saturating_rounding_doubling_high_mul(x.wrapping_shl(left), multiplier),
        right,
    )
}

/// The high half of `2 * a * b`, rounded to nearest.
#[inline(always)]
pub(crate) fn saturating_rounding_doubling_high_mul(a: i32, b: i32) -> i32 {
    let product = i64::from(a) * i64::from(b);
    // Truncating division by 2^31 with a nudge towards the product's sign.
    let nudge = if product >= 0 { 1 << 30 } else { 1 - (1 << 30) };
    let sum = product + nudge;
    let quotient = (sum + ((sum >> 63) & ((1 << 31) - 1))) >> 31;
    // Only i32::MIN squared does not fit.
    if quotient > i64::from(i32::MAX) {
        i32::MAX
    } else {
        low_i32(quotient)
    }
}

/// A shared copy, for functions that run seldom and call it often: flash counts there.
#[cfg_attr(niello_vector, inline(always))]
#[cfg_attr(not(niello_vector), inline(never))]
fn outlined_high_mul(a: i32, b: i32) -> i32 {
    saturating_rounding_doubling_high_mul(a, b)
}

/// `x / 2^exponent`, rounded to nearest, ties away from zero; exponent 0 to 31.
#[inline(always)]
pub(crate) fn rounding_divide_by_pot(x: i32, exponent: u32) -> i32 {
    let exponent = exponent & 31;
    let mask = ((1_u32 << exponent) - 1).cast_signed();
    let remainder = x & mask;
    let threshold = (mask >> 1) + i32::from(x < 0);
    (x >> exponent) + i32::from(remainder > threshold)
}

/// 1 / (1 + a) in Q0.31 for `a` Q0.31 in [0, 1], by Newton-Raphson.
pub(crate) fn one_over_one_plus_x(a: i32) -> i32 {
    use outlined_high_mul as mul;
    const Q2_ONE: i32 = 1 << 29;
    const Q2_48_OVER_17: i32 = 1_515_870_810;
    const Q2_MINUS_32_OVER_17: i32 = -1_010_580_540;
    let sum = i64::from(a) + i64::from(i32::MAX);
    let half_denominator = low_i32((sum + if sum >= 0 { 1 } else { -1 }) / 2);
    let mut x = Q2_48_OVER_17.wrapping_add(mul(half_denominator, Q2_MINUS_32_OVER_17));
    for _ in 0..3 {
        let error = Q2_ONE.wrapping_sub(mul(half_denominator, x));
        let step = i64::from(mul(x, error)) << 2;
        x = x.wrapping_add(saturate_i32(step));
    }
    saturate_i32(i64::from(x) << 1)
}

/// exp(a) for `a` Q0.31 in [-1/4, 0): the fourth order Taylor polynomial around -1/8.
fn exp_on_quarter(a: i32) -> i32 {
    use outlined_high_mul as mul;
    const EXP_MINUS_EIGHTH: i32 = 1_895_147_668;
    const THIRD: i32 = 715_827_883;
    let x = a.wrapping_add(1 << 28);
    let square = mul(x, x);
    let quartic = rounding_divide_by_pot(mul(square, square), 2);
    let upper = mul(quartic.wrapping_add(mul(square, x)), THIRD).wrapping_add(square);
    let sum = x.wrapping_add(rounding_divide_by_pot(upper, 1));
    EXP_MINUS_EIGHTH.wrapping_add(mul(EXP_MINUS_EIGHTH, sum))
}

/// exp(a) in Q0.31 for `a <= 0` in Q5.26: quarters by factors, the rest by a
/// polynomial, as gemmlowp's function of this name.
#[inline(never)]
pub(crate) fn exp_on_negative_values(a: i32) -> i32 {
    /// exp(-1/4), exp(-1/2), exp(-1) ... exp(-16).
    const FACTORS: [i32; 7] = [
        1_672_461_947,
        1_302_514_674,
        790_015_084,
        290_630_308,
        39_332_535,
        720_401,
        242,
    ];
    const QUARTER: i32 = 1 << 24;
    if a == 0 {
        return i32::MAX;
    }
    let within = (a & (QUARTER - 1)) - QUARTER;
    let quarters = within.wrapping_sub(a) >> 24;
    let mut result = exp_on_quarter(saturating_multiply_by_pot(within, 5));
    for (i, factor) in FACTORS.iter().enumerate() {
        if quarters >> i & 1 != 0 {
            result = outlined_high_mul(result, *factor);
        }
    }
    result
}

/// Multiplies by 2 to the `exponent`, saturating at the ends of int32.
pub(crate) fn saturating_multiply_by_pot(x: i32, exponent: u32) -> i32 {
    saturate_i32(i64::from(x) << exponent.min(32))
}

fn rounding_half_sum(a: i32, b: i32) -> i32 {
    let sum = i64::from(a) + i64::from(b);
    low_i32((sum + if sum >= 0 { 1 } else { -1 }) / 2)
}

/// 1 / sqrt(x) for `x` above 0, by five steps of Newton's method from 1.
pub(crate) fn inverse_sqrt(x: i32) -> Multiplier {
    use outlined_high_mul as mul;
    const HALF_SQRT_2: i32 = 1_518_500_250;
    const THREE_HALVES: i32 = (1 << 28) + (1 << 27);
    if x <= 1 {
        return Multiplier {
            multiplier: i32::MAX,
            shift: 0,
        };
    }
    let mut right = 11;
    let mut x = x;
    while x >= 1 << 29 {
        x /= 4;
        right += 1;
    }
    let pairs = ((x.leading_zeros().cast_signed() - 1) / 2 - 1).max(0);
    right -= pairs;
    x <<= 2 * pairs;
    // Q3.28 from here on; products of three have 9 integer bits.
    let input = x >> 1;
    let half = rounding_divide_by_pot(input, 1);
    let mut root = 1 << 28;
    for _ in 0..5 {
        let cube = saturating_multiply_by_pot(mul(mul(root, root), root), 6);
        let step = mul(THREE_HALVES, root).wrapping_sub(mul(half, cube));
        root = saturating_multiply_by_pot(step, 3);
    }
    let mut multiplier = mul(root, HALF_SQRT_2);
    if right < 0 {
        multiplier = multiplier.wrapping_shl(right.unsigned_abs());
        right = 0;
    }
    Multiplier {
        multiplier,
        shift: -right,
    }
}

/// The logarithm of a Q12.19 number of at least 1, in Q5.26: two candidates for
/// the exponent, and a rational approximation around 2^(-1/4).
pub(crate) fn log_of_q12(x: i32) -> i32 {
    use outlined_high_mul as mul;
    const LOG_2: i32 = 1_488_522_236;
    const SQRT_SQRT_HALF: i32 = 1_805_811_301;
    const SQRT_HALF: i32 = 1_518_500_250;
    const ALPHA_N: i32 = 117_049_297;
    const ALPHA_D: i32 = 127_690_142;
    const ALPHA_I: i32 = 1_057_819_769;
    const ALPHA_F: i32 = 638_450_708;
    // Accumulators are Q6.25.
    const QUARTER: i32 = 1 << 23;
    let headroom_a = x.leading_zeros();
    let a = saturating_multiply_by_pot(x, headroom_a.max(1) - 1);
    let r_a = saturating_multiply_by_pot(mul(a, SQRT_HALF), 1);
    let exponent_a =
        saturating_multiply_by_pot(12 - headroom_a.cast_signed(), 25).saturating_add(QUARTER);
    let b = mul(x, SQRT_HALF);
    let headroom_b = b.leading_zeros().max(1) - 1;
    let r_b = saturating_multiply_by_pot(x, headroom_b);
    let exponent_b =
        saturating_multiply_by_pot(12 - headroom_b.cast_signed(), 25).saturating_sub(QUARTER);
    let r = r_a.min(r_b);
    let exponent = exponent_a.max(exponent_b);
    let p = rounding_half_sum(r, SQRT_SQRT_HALF);
    let q = r.wrapping_sub(SQRT_SQRT_HALF).wrapping_mul(2);
    let square = mul(q, q);
    let numerator = mul(q, r).wrapping_add(mul(mul(q, square), ALPHA_N));
    let inner = ALPHA_I.wrapping_add(q).wrapping_add(mul(ALPHA_D, square));
    let denominator = mul(p, inner).wrapping_add(mul(ALPHA_F, q));
    let reciprocal = one_over_one_plus_x(denominator);
    let scaled = rounding_divide_by_pot(numerator, 6);
    let log = mul(exponent, LOG_2).wrapping_add(mul(scaled, reciprocal));
    saturating_multiply_by_pot(log, 1)
}

/// Rounds to the nearest integer, ties away from zero; NaN gives 0.
#[inline(always)]
pub(crate) fn round(x: f32) -> i32 {
    let whole = truncate_i32(x);
    let rest = x - whole as f32;
    whole
        .saturating_add(i32::from(rest >= 0.5))
        .saturating_sub(i32::from(rest <= -0.5))
}

/// The square root, correctly rounded.
pub(crate) fn sqrt(x: f32) -> f32 {
    if x.is_nan() || x < 0.0 {
        return f32::NAN;
    }
    if x == 0.0 || x == f32::INFINITY {
        return x;
    }
    let wide = f64::from(x);
    // Half of the exponent; each of Newton's steps doubles the bits that are right.
    let mut root = f64::from_bits((wide.to_bits() >> 1) + 0x1ff8_0000_0000_0000);
    for _ in 0..5 {
        root = 0.5 * (root + wide / root);
    }
    nearest_f32(root)
}

/// e^x for any x, with a relative error below 4e-7.
pub(crate) fn exp(x: f32) -> f32 {
    let e = exp_of_negative(-x.abs());
    if x > 0.0 { 1.0 / e } else { e }
}

/// e^x for x <= 0, with a relative error below 2e-7.
///
/// Cody-Waite reduction to [-ln2/2, ln2/2] and a Taylor polynomial of degree 7.
pub(crate) fn exp_of_negative(x: f32) -> f32 {
    if x < -87.0 {
        return 0.0;
    }
    let k = round(x * core::f32::consts::LOG2_E);
    let r = (x - k as f32 * 0.693_145_75) - k as f32 * 1.428_606_8e-6;
    let tail = 1.0 / 720.0 + r * (1.0 / 5040.0);
    let p = 1.0
        + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * tail)))));
    // k is -126 to 0: a normal power of two.
    p * f32::from_bits((127 + k.clamp(-126, 0)).cast_unsigned() << 23)
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "numbers that fit")]
mod tests {
    use super::*;

    #[test]
    fn requantization_rounds_twice() {
        let half = Multiplier {
            multiplier: 1 << 30,
            shift: 0,
        };
        assert_eq!(
            [-3, -2, -1, 0, 1, 2, 3].map(|x| half.apply(x)),
            [-1, -1, 0, 0, 1, 1, 2]
        );
        // 7/16: the first rounding turns 3.5/8 into 4/8, the second gives 1. A single
        // rounding would give 0.
        let sixteenth = Multiplier {
            multiplier: 1 << 30,
            shift: -3,
        };
        assert_eq!(
            [-24, -8, 7, 8, 24].map(|x| sixteenth.apply(x)),
            [-2, -1, 1, 1, 2]
        );
        assert_eq!(
            Multiplier {
                multiplier: i32::MAX,
                shift: 30
            }
            .apply(i32::MIN),
            0
        );
    }

    #[test]
    fn high_multiplication_truncates_like_the_reference() {
        let reference = |a: i32, b: i32| {
            let product = i64::from(a) * i64::from(b);
            let nudge = if product >= 0 {
                1_i64 << 30
            } else {
                1 - (1_i64 << 30)
            };
            ((product + nudge) / (1_i64 << 31)).min(i32::MAX.into()) as i32
        };
        let values = [
            i32::MIN,
            i32::MIN + 1,
            -(1 << 30),
            -3,
            -1,
            0,
            1,
            2,
            1 << 30,
            i32::MAX - 1,
            i32::MAX,
        ];
        for a in values {
            for b in values {
                assert_eq!(
                    saturating_rounding_doubling_high_mul(a, b),
                    reference(a, b),
                    "{a} {b}"
                );
            }
        }
    }

    #[test]
    fn rounding_is_half_away_from_zero_and_total() {
        let pairs = [
            (0.49999997, 0),
            (0.5, 1),
            (-0.5, -1),
            (2.5, 3),
            (-2.4999998, -2),
            (1e20, i32::MAX),
            (-1e20, i32::MIN),
            (f32::NAN, 0),
            (8_388_609.0, 8_388_609),
        ];
        for (x, expected) in pairs {
            assert_eq!(round(x), expected, "{x}");
        }
    }

    #[test]
    fn exponentials_are_close() {
        // Known values of e^x.
        let known = [
            (0.0, 1.0),
            (-1.0, 0.367_879_44),
            (-0.1, 0.904_837_4),
            (-10.0, 4.539_993e-5),
            (-80.0, 1.804_851_4e-35),
        ];
        for (x, expected) in known {
            let got = exp_of_negative(x);
            assert!(
                ((got - expected) / expected).abs() < 3e-7,
                "{x}: {got} {expected}"
            );
        }
        assert_eq!(exp_of_negative(-1000.0), 0.0);
    }
}
