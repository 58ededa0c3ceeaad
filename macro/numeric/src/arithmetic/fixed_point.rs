//! The integer arithmetic of TFLite's 8-bit kernels, as plain functions.
//!
//! Sources: TensorFlow Lite 8-bit quantization specification; the double
//! rounding `multiply_by_quantized_multiplier` of TensorFlow Lite Micro's
//! reference kernels; Jacob et al., "Quantization and Training of Neural
//! Networks for Efficient Integer-Arithmetic-Only Inference" (2018), appendix.
//! Fixed-point names follow gemmlowp: Qm.n has m integer and n fractional bits.
//!
//! The runtime has these formulas once more (`runtime/src/arithmetic/fixed_point.rs`): the crates are
//! published apart, and neither can depend on the other. Tests compare both with a third
//! implementation (`simd_models/reference.rs`).

use crate::arithmetic::convert::{low_i32, saturate_i32, shifts, truncate_i32, truncate_i64};

/// A real factor as a Q31 significand and a power of two:
/// `factor = multiplier * 2^(shift - 31)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Multiplier {
    /// The Q31 significand, 2^30 to 2^31 - 1, or 0.
    pub multiplier: i32,
    /// The power of two, -31 to 30.
    pub shift: i32,
}

impl Multiplier {
    /// The nearest multiplier; factors below about 2^-32 become 0.
    pub fn new(factor: f64) -> Self {
        if factor == 0.0 || !factor.is_finite() {
            return Self::default();
        }
        let (significand, mut shift) = frexp(factor);
        let mut q = truncate_i64((significand * 2f64.powi(31)).round());
        if q == 1 << 31 {
            q /= 2;
            shift += 1;
        }
        if shift < -31 {
            return Self::default();
        }
        if shift > 30 {
            return Self {
                multiplier: i32::MAX,
                shift: 30,
            };
        }
        Self {
            multiplier: low_i32(q),
            shift,
        }
    }

    /// The factor as a real number.
    pub fn real(self) -> f64 {
        f64::from(self.multiplier) * 2f64.powi(self.shift - 31)
    }

    /// `x * factor`, rounded twice as TensorFlow Lite Micro does.
    pub fn apply(self, x: i32) -> i32 {
        let (left, right) = shifts(self.shift);
        rounding_divide_by_pot(
            saturating_rounding_doubling_high_mul(x.wrapping_shl(left), self.multiplier),
            right,
        )
    }
}

impl Multiplier {
    /// `x * factor` of a wide accumulator, with a 16-bit significand, rounded once:
    /// TFLite's function for int64.
    pub fn apply_i64(self, x: i64) -> i32 {
        let significand = i64::from(self.significand_16());
        let shift = (15 - self.shift).clamp(1, 62);
        low_i32(x.wrapping_mul(significand).wrapping_add(1 << (shift - 1)) >> shift)
    }

    /// The significand in 16 bits, by which wide accumulators are multiplied.
    pub fn significand_16(self) -> i32 {
        if self.multiplier < 0x7FFF_0000 {
            (self.multiplier + (1 << 15)) >> 16
        } else {
            0x7FFF
        }
    }

    /// `x * factor`, rounded once, half away from zero: LiteRT's FULLY_CONNECTED.
    pub fn apply_once(self, x: i32) -> i32 {
        let shift = (31 - self.shift).clamp(1, 62);
        let half = (1 << (shift - 1)) - i64::from(x < 0);
        low_i32((i64::from(x) * i64::from(self.multiplier) + half) >> shift)
    }

    /// The multiplier for [`Self::apply_once`]. LiteRT multiplies by `factor` in double
    /// precision and rounds that: of the multipliers nearby, the one that gives the
    /// same wherever an output changes.
    pub fn once(factor: f64) -> Self {
        let nearest = Self::new(factor);
        let nearby = (0..8).flat_map(|by| [by, -by]).map(|by| Self {
            multiplier: nearest.multiplier.saturating_add(by),
            ..nearest
        });
        let mut agreeing = nearby.filter(|m| m.rounds_as(factor));
        agreeing.next().unwrap_or(nearest)
    }

    /// True if sums become what `factor` makes of them: of 8-bit outputs, both begin at
    /// the same sum.
    fn rounds_as(self, factor: f64) -> bool {
        let steps = (-256..=256).flat_map(|output| {
            let edge = (f64::from(output) - 0.5) / factor;
            (-2..=2).map(move |by| edge.floor() + f64::from(by))
        });
        let sums = steps.filter(|x| x.abs() < f64::from(i32::MAX));
        sums.map(|x| (truncate_i32(x), truncate_i32((x * factor).round())))
            .all(|(x, wanted)| self.apply_once(x) == wanted)
    }
}

/// `x = significand * 2^exponent` with the significand in [0.5, 1).
pub fn frexp(x: f64) -> (f64, i32) {
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    let mut exponent = low_i32(((x.to_bits() >> 52) & 0x7ff).cast_signed()) - 1022;
    let mut significand = x / 2f64.powi(exponent);
    if significand.abs() < 0.5 {
        // Subnormal: the exponent field does not tell.
        let (s, e) = frexp(significand);
        significand = s;
        exponent += e;
    }
    (significand, exponent)
}

/// The high half of `2 * a * b`, rounded to nearest, ties up; saturates at `i32::MIN` squared.
pub fn saturating_rounding_doubling_high_mul(a: i32, b: i32) -> i32 {
    if a == i32::MIN && b == i32::MIN {
        return i32::MAX;
    }
    let product = i64::from(a) * i64::from(b);
    let nudge = if product >= 0 { 1 << 30 } else { 1 - (1 << 30) };
    low_i32((product + nudge) / (1_i64 << 31))
}

/// The quotient `x / 2^exponent`, rounded to nearest, ties away from zero.
pub fn rounding_divide_by_pot(x: i32, exponent: u32) -> i32 {
    let mask = low_i32((1_i64 << exponent) - 1);
    let remainder = x & mask;
    let threshold = (mask >> 1) + i32::from(x < 0);
    low_i32(i64::from(x) >> exponent).wrapping_add(i32::from(remainder > threshold))
}

/// Multiplies by `2^exponent`; what does not fit becomes the nearest number.
fn saturating_multiply_by_pot(x: i32, exponent: u32) -> i32 {
    saturate_i32(i64::from(x) << exponent)
}

/// The mean `(a + b) / 2`, rounded away from zero.
fn rounding_half_sum(a: i32, b: i32) -> i32 {
    let sum = i64::from(a) + i64::from(b);
    low_i32((sum + if sum >= 0 { 1 } else { -1 }) / 2)
}

/// exp(a) for a Q0.31 in [-1/4, 0): a fourth order Taylor series around -1/8.
fn exp_on_quarter(a: i32) -> i32 {
    use saturating_rounding_doubling_high_mul as mul;
    const EXP_MINUS_EIGHTH: i32 = 1_895_147_668;
    const THIRD: i32 = 715_827_883;
    let x = a.wrapping_add(1 << 28);
    let x2 = mul(x, x);
    let x3 = mul(x2, x);
    let x4 = mul(x2, x2);
    let x4_over_4 = rounding_divide_by_pot(x4, 2);
    let tail = rounding_divide_by_pot(mul(x4_over_4.wrapping_add(x3), THIRD).wrapping_add(x2), 1);
    EXP_MINUS_EIGHTH.wrapping_add(mul(EXP_MINUS_EIGHTH, x.wrapping_add(tail)))
}

/// exp(a) in Q0.31 for `a <= 0` in Q`integer_bits` (up to 5).
pub fn exp_on_negative_values(a: i32, integer_bits: u32) -> i32 {
    if a == 0 {
        return i32::MAX;
    }
    // exp(-1/4), exp(-1/2), exp(-1) ... exp(-16) in Q0.31.
    const FACTORS: [i32; 7] = [
        1_672_461_947,
        1_302_514_674,
        790_015_084,
        290_630_308,
        39_332_535,
        720_401,
        242,
    ];
    let fractional_bits = 31 - integer_bits;
    let quarter = 1_i32 << (fractional_bits - 2);
    let within = (a & (quarter - 1)) - quarter;
    let mut result = exp_on_quarter(saturating_multiply_by_pot(within, integer_bits));
    let remainder = within.wrapping_sub(a);
    for (i, factor) in (0..).zip(FACTORS.iter()) {
        // exp(-2^(i - 2)), if the number has a bit of this weight.
        if integer_bits + 2 > i && remainder & (1 << (fractional_bits + i - 2)) != 0 {
            result = saturating_rounding_doubling_high_mul(result, *factor);
        }
    }
    result
}

/// 1 / (1 + a) before the last rescaling: Q2.29, by Newton-Raphson.
fn reciprocal_of_one_plus(a: i32) -> i32 {
    use saturating_rounding_doubling_high_mul as mul;
    const Q2_ONE: i32 = 1 << 29;
    const Q2_48_OVER_17: i32 = 1_515_870_810;
    const Q2_MINUS_32_OVER_17: i32 = -1_010_580_540;
    let half_denominator = rounding_half_sum(a, i32::MAX);
    let mut x = Q2_48_OVER_17.wrapping_add(mul(half_denominator, Q2_MINUS_32_OVER_17));
    for _ in 0..3 {
        let error = Q2_ONE.wrapping_sub(mul(half_denominator, x));
        x = x.wrapping_add(saturating_multiply_by_pot(mul(x, error), 2));
    }
    x
}

/// 1 / (1 + a) in Q0.31 for `a` Q0.31 in [0, 1].
pub fn one_over_one_plus_x(a: i32) -> i32 {
    saturating_multiply_by_pot(reciprocal_of_one_plus(a), 1)
}

/// (1 - a) / (1 + a) in Q0.31 for `a` Q0.31 in [0, 1].
fn one_minus_x_over_one_plus_x(a: i32) -> i32 {
    saturating_multiply_by_pot(reciprocal_of_one_plus(a).wrapping_sub(1 << 29), 2)
}

/// 1 / sqrt(x) for `x` above 0, by five steps of Newton's method from 1.
pub fn inverse_sqrt(x: i32) -> Multiplier {
    use saturating_rounding_doubling_high_mul as mul;
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
    let pairs = (x.leading_zeros().cast_signed() - 1) / 2 - 1;
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

/// 1 / x for `x` above 0: a Q0.31 number in (0.5, 1] and how many bits x has over 1.
pub fn reciprocal(x: i32) -> (i32, i32) {
    let headroom = x.leading_zeros();
    let fraction = (x.cast_unsigned() << headroom).wrapping_sub(1 << 31);
    (
        one_over_one_plus_x(fraction.cast_signed()),
        31 - headroom.cast_signed(),
    )
}

/// The logarithm of a Q12.19 number of at least 1, in Q5.26: two candidates for
/// the exponent, and a rational approximation around 2^(-1/4).
pub fn log_of_q12(x: i32) -> i32 {
    use saturating_rounding_doubling_high_mul as mul;
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

/// The logistic function of a Q4.27 value, in Q0.31.
pub fn logistic_q4(a: i32) -> i32 {
    if a == 0 {
        return 1 << 30;
    }
    let positive = one_over_one_plus_x(exp_on_negative_values(-a.saturating_abs(), 4));
    if a > 0 { positive } else { i32::MAX - positive }
}

/// tanh of a Q4.27 value, in Q0.31.
pub fn tanh_q4(a: i32) -> i32 {
    if a == 0 {
        return 0;
    }
    // tanh needs exp(2a): the same bits read as Q5.26.
    let magnitude = one_minus_x_over_one_plus_x(exp_on_negative_values(-a.saturating_abs(), 5));
    if a > 0 { magnitude } else { -magnitude }
}

/// The largest input difference that a fixed-point function need look at.
pub fn input_radius(integer_bits: u32, left_shift: i32, total_bits: u32) -> i32 {
    let max = f64::from((1_i32 << integer_bits) - 1)
        * 2f64.powi((total_bits - integer_bits).cast_signed())
        / 2f64.powi(left_shift);
    truncate_i32(max.floor())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multipliers_are_exact_where_factors_are_powers_of_two() {
        assert_eq!(
            Multiplier::new(1.0),
            Multiplier {
                multiplier: 1 << 30,
                shift: 1
            }
        );
        assert_eq!(
            Multiplier::new(0.25),
            Multiplier {
                multiplier: 1 << 30,
                shift: -1
            }
        );
        assert_eq!(Multiplier::new(0.0), Multiplier::default());
        assert_eq!(Multiplier::new(1e-12), Multiplier::default());
        // Rounds up to 2^31 and is renormalised.
        assert_eq!(
            Multiplier::new(1.0 - 1e-12),
            Multiplier {
                multiplier: 1 << 30,
                shift: 1
            }
        );
    }

    #[test]
    fn requantization_rounds_twice() {
        let half = Multiplier::new(0.5);
        // Known vectors: ties go up in the high multiply, away from zero in the shift.
        assert_eq!(
            [-3, -2, -1, 0, 1, 2, 3].map(|x| half.apply(x)),
            [-1, -1, 0, 0, 1, 1, 2]
        );
        // 7/16 is 3.5, then 4, eighths: one rounding alone would give 0.
        let sixteenth = Multiplier::new(1.0 / 16.0);
        assert_eq!(
            [-24, -8, 7, 8, 24].map(|x| sixteenth.apply(x)),
            [-2, -1, 1, 1, 2]
        );
        assert_eq!(Multiplier::new(3.7).apply(1000), 3700);
    }

    #[test]
    fn one_rounding_is_that_of_the_product() {
        let quarter = Multiplier::once(0.25);
        assert_eq!(
            [-6, -3, -2, -1, 0, 1, 2, 6].map(|x| quarter.apply_once(x)),
            [-2, -1, -1, 0, 0, 0, 1, 2]
        );
        for factor in [0.000_731, 0.019_999_999_52, 0.333_333_343_3, 1.7, 3e-6] {
            assert!(Multiplier::once(factor).rounds_as(factor), "{factor}");
        }
    }

    #[test]
    fn high_multiply_saturates_only_at_the_one_overflow() {
        assert_eq!(
            saturating_rounding_doubling_high_mul(i32::MIN, i32::MIN),
            i32::MAX
        );
        assert_eq!(
            saturating_rounding_doubling_high_mul(i32::MAX, i32::MIN),
            -i32::MAX
        );
        assert_eq!(
            saturating_rounding_doubling_high_mul(1 << 30, 1 << 30),
            1 << 29
        );
    }

    #[test]
    fn fixed_point_functions_follow_the_real_ones() {
        let close = |got: i32, want: f64| (f64::from(got) / 2f64.powi(31) - want).abs() < 3e-7;
        for i in -2000..=2000 {
            let x = f64::from(i) * 0.0035;
            let q4 = truncate_i32(x * 2f64.powi(27));
            assert!(close(logistic_q4(q4), 1.0 / (1.0 + (-x).exp())), "{x}");
            assert!(close(tanh_q4(q4), x.tanh()), "{x}");
            if x <= 0.0 {
                let q5 = truncate_i32(x * 2f64.powi(26));
                assert!(close(exp_on_negative_values(q5, 5), x.exp()), "{x}");
            }
        }
    }

    #[test]
    fn frexp_covers_subnormals() {
        for x in [1.0, 0.75, 1e-310, 5e-324, 1e300] {
            let (s, e) = frexp(x);
            assert!((0.5..1.0).contains(&s));
            assert_eq!(s * 2f64.powi(e / 2) * 2f64.powi(e - e / 2), x);
        }
    }
}
