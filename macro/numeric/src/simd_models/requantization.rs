//! Models of the kernels' requantization, from int32 sums to int8 outputs.

use crate::arithmetic::convert::{low_i32, low_i64, saturate_i32, shifts, truncate_i32};
use crate::arithmetic::fixed_point::rounding_divide_by_pot;
use crate::arithmetic::float::{Rounding, fused, nearest, truncated};
use crate::simd_models::requant_panel::RequantChannel;

/// The arithmetic that scales a sum. Numbers are searched, and proven, for the first three;
/// the others are right for every multiplier, which tests show. Names of numbers are those of
/// [`RequantChannel`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `trunc(fma(x, upper, fma(x, lower, start)))`, where `x` is the sum as f32 and each
    /// fused step is rounded towards zero.
    Truncated,
    /// `trunc(fma(x, upper, start))`, rounded towards zero.
    TruncatedSingle,
    /// `trunc(fma(x, upper, start))`, rounded to the nearest number.
    Nearest,
    /// `round(fma(x, factor, nudge))`, rounded to the nearest number. Where rounding takes off
    /// nearly a half, [`Self::Small`] decides.
    RoundedFused,
    /// `round(x * factor + nudge)`, product and sum rounded one after the other. Where rounding
    /// takes off nearly a half (more than with a fused step), [`Self::Small`] decides.
    Rounded,
    /// In integers: SQRDMULH of the sum, shifted left, then a rounding shift to the right.
    Doubling,
    /// In integers: the upper half of twice the product, then a rounding shift to the right;
    /// the runtime's `Multiplier::apply_small`.
    Small,
}

/// The largest distance to an integer at which [`Method::RoundedFused`] trusts f32: the
/// runtime's `EDGE` of AVX2.
const EDGE_OF_FUSED: f32 = 0.5 - 1.0 / 16384.0;

/// The largest distance to an integer at which [`Method::Rounded`] trusts f32: the runtime's
/// `EDGE` of WebAssembly.
const EDGE: f32 = 0.5 - 1.0 / 8192.0;

impl Method {
    /// Every method, in the order above.
    #[cfg(test)]
    pub const ALL: [Self; 7] = [
        Self::Truncated,
        Self::TruncatedSingle,
        Self::Nearest,
        Self::RoundedFused,
        Self::Rounded,
        Self::Doubling,
        Self::Small,
    ];

    /// The scaled sum, without zero point. Addends take the sum's sign; if outputs are
    /// one-sided, methods with a kernel of their own for that add them as they are.
    pub fn scaled(self, by: &RequantChannel, sum: i32, one_sided: bool) -> i32 {
        let x = sum as f32;
        // With the sum's sign.
        let signed = |add: f32| if sum < 0 { -add } else { add };
        let added = |add: f32| if one_sided { add } else { signed(add) };
        match self {
            Self::Truncated => {
                let inner = fused(x, by.lower, added(by.start), Rounding::Zero);
                truncated(fused(x, by.upper, inner, Rounding::Zero))
            }
            Self::TruncatedSingle => truncated(fused(x, by.upper, added(by.start), Rounding::Zero)),
            Self::Nearest => truncated(fused(x, by.upper, added(by.start), Rounding::Nearest)),
            Self::RoundedFused => {
                let y = fused(x, by.factor, added(by.nudge), Rounding::Nearest);
                let q = nearest(y);
                let is_close = (y - q as f32).abs() >= EDGE_OF_FUSED;
                if is_close { small(by, sum) } else { q }
            }
            Self::Rounded => {
                let y = x * by.factor + signed(by.nudge);
                let nearest = y.round_ties_even();
                let is_close = (y - nearest).abs() >= EDGE;
                // Saturating, as Rust's own.
                if is_close {
                    small(by, sum)
                } else {
                    truncate_i32(nearest.into())
                }
            }
            Self::Doubling => doubling(by, sum),
            Self::Small => small(by, sum),
        }
    }

    /// The int8 output of a sum: scaled, plus the zero point, cut to `range`.
    #[cfg(test)]
    pub fn output(self, by: &RequantChannel, sum: i32, zero_point: i32, range: (i32, i32)) -> i32 {
        use crate::arithmetic::convert::low_i8;
        let (min, max) = range;
        let one_sided = min == zero_point;
        let q = self.scaled(by, sum, one_sided);
        // Registers of 256 bits and more narrow with saturation.
        let word = q.clamp(-0x8000, 0x7FFF);
        match self {
            Self::Doubling | Self::Small | Self::Rounded => {
                i32::from(low_i8(q.wrapping_add(zero_point).max(min).min(max)))
            }
            _ if one_sided => {
                let above = word
                    .clamp(0, 255)
                    .min(i32::from(low_i8(max - zero_point).cast_unsigned()));
                i32::from(low_i8(above).wrapping_add(low_i8(zero_point)))
            }
            _ => {
                let word = (word + zero_point).clamp(-0x8000, 0x7FFF);
                word.clamp(-128, 127).max(min).min(max)
            }
        }
    }
}

/// The integer arithmetic of [`Method::Small`].
fn small(by: &RequantChannel, sum: i32) -> i32 {
    let shift = by.multiplier.shift;
    let (left, right) = shifts(shift);
    let twice = i64::from(sum.wrapping_shl(left + 1)) * i64::from(by.multiplier.multiplier);
    let high = low_i32(twice.wrapping_add(1 << 31) >> 32);
    if right == 0 {
        return high;
    }
    let half = 1_i32 << (right - 1);
    high.wrapping_add(high >> 31).wrapping_add(half) >> right
}

/// The integer arithmetic of [`Method::Doubling`].
fn doubling(by: &RequantChannel, sum: i32) -> i32 {
    let shift = by.multiplier.shift;
    let shifted = sum.wrapping_shl(shifts(shift).0);
    let product = i64::from(shifted) * i64::from(by.multiplier.multiplier);
    // Only of the smallest number squared it does not fit.
    let high = (2 * i128::from(product) + (1 << 31)) >> 32;
    let high = saturate_i32(low_i64(high));
    rounding_divide_by_pot(high, shifts(shift).1)
}
