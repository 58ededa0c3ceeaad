//! The numbers with which SIMD kernels requantize one channel: a model of the runtime's
//! `pack_requant`, which makes them from a multiplier and three bytes.

use crate::arithmetic::convert::nearest_f32;
use crate::arithmetic::fixed_point::Multiplier;

/// The numbers with which requantization by truncation in f32 gives the reference's outputs:
/// `q = trunc(sum * f + (sum * (m - f) + half))`, where `m` is the exact multiplier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Truncation {
    /// The distance of `f` from `m` rounded to f32, in units in the last place.
    pub factor: i8,
    /// The distance of `half` from `0.5 + nudge`, in units of 2^-24 (see
    /// [`RequantChannel::nudge`]).
    pub start: i16,
    /// The products and roundings that the numbers are proven for.
    pub kind: F32Rounding,
}

/// The products and roundings with which a [`Truncation`] gives the reference's outputs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum F32Rounding {
    /// `trunc(sum * f + half)`: one product, whose rounding may be towards zero or to the
    /// nearest number, the only direction that some instruction sets have.
    NearestOk,
    /// `trunc(sum * f + half)`: one product, rounded towards zero.
    OneMul,
    /// `trunc(sum * f + (sum * (m - f) + half))`: two products, rounded towards zero.
    TwoMul,
}

impl F32Rounding {
    /// The mark of the rounding, which is added to the factor's distance in the first byte, so
    /// that the runtime knows the rounding.
    fn mark(self) -> i8 {
        match self {
            F32Rounding::NearestOk => 96,
            F32Rounding::OneMul => 64,
            F32Rounding::TwoMul => 0,
        }
    }
}

impl Truncation {
    /// Three bytes for the runtime's `pack_requant`: distance of the factor plus the mark of
    /// the rounding, then `start`, little-endian. `[-128, 0, 0]` stands for no truncation.
    pub fn bytes(found: Option<Self>) -> [i8; 3] {
        found.map_or([i8::MIN, 0, 0], |t| {
            let [low, high] = t.start.to_le_bytes().map(u8::cast_signed);
            [t.factor + t.kind.mark(), low, high]
        })
    }
}

/// The kernels that may requantize a channel by truncation, fewest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// No kernel may requantize by truncation.
    None,
    /// Kernels with two products may ([`F32Rounding::TwoMul`]).
    TwoMul,
    /// Kernels with one product may, too ([`F32Rounding::OneMul`]).
    OneMul,
    /// Kernels that round to the nearest number may, too ([`F32Rounding::NearestOk`]).
    NearestOk,
}

/// The numbers of one channel in the runtime's `RequantPanel`.
#[derive(Clone, Copy, Debug)]
pub struct RequantChannel {
    /// The exact multiplier `m`, in fixed point.
    pub multiplier: Multiplier,
    /// The multiplier `m` rounded to f32, ties to even.
    pub factor: f32,
    /// The amount that rounding twice adds to a scaled sum's magnitude: half of the first
    /// rounding's unit, `2^(shift - 1)`, or 0 without a shift to the right.
    pub nudge: f32,
    /// The factor `f` of truncated sums.
    pub upper: f32,
    /// The difference `m - f`, or 0 if one product is enough.
    pub lower: f32,
    /// The addend `half` of truncated sums, a little more than 0.5.
    pub start: f32,
    /// The kernels that may requantize by truncation.
    pub mark: Mark,
}

impl RequantChannel {
    /// The numbers of a channel that is truncated by `found`, or not truncated at all.
    pub fn new(multiplier: Multiplier, found: Option<Truncation>) -> Self {
        Self::of_bytes(multiplier, Truncation::bytes(found))
    }

    /// The numbers that the runtime makes of a multiplier and the three bytes of
    /// [`Truncation::bytes`].
    fn of_bytes(multiplier: Multiplier, [units, low, high]: [i8; 3]) -> Self {
        let start = i16::from_le_bytes([low, high].map(i8::cast_unsigned));
        let (mark, units) = match i32::from(units) {
            n if n >= 96 - 16 => (Mark::NearestOk, n - 96),
            n if n >= 64 - 16 => (Mark::OneMul, n - 64),
            n if n >= -16 => (Mark::TwoMul, n),
            _ => (Mark::None, 0),
        };
        let exact = multiplier.real();
        let factor = nearest_f32(exact);
        let nudge = if multiplier.shift < 0 {
            nearest_f32(2f64.powi(multiplier.shift - 1))
        } else {
            0.0
        };
        let upper = f32::from_bits(factor.to_bits().wrapping_add_signed(units));
        let lower = nearest_f32(exact - f64::from(upper));
        Self {
            multiplier,
            factor,
            nudge,
            upper,
            lower: if mark == Mark::TwoMul { lower } else { 0.0 },
            start: nearest_f32(0.5 + f64::from(start) * 2f64.powi(-24)) + nudge,
            mark,
        }
    }
}

/// The numbers that the runtime's `pack_requant` makes of a channel, for its tests: factor,
/// nudge, upper and lower factor, start. `bytes` are those of
/// [`truncation`](super::f32_requant::truncation).
#[must_use]
pub fn requant_panel_numbers(multiplier: i32, shift: i32, bytes: [i8; 3]) -> [f32; 5] {
    let numbers = RequantChannel::of_bytes(Multiplier { multiplier, shift }, bytes);
    let RequantChannel {
        factor,
        nudge,
        upper,
        lower,
        start,
        ..
    } = numbers;
    [factor, nudge, upper, lower, start]
}
