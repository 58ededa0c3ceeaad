//! A channel's multiplier as kernels for wide registers have it: the runtime's `ready`.

use crate::arithmetic::fixed_point::Multiplier;
use crate::simd_models::f32_requant::Truncation;

/// How a channel may be truncated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mark {
    /// Not at all.
    None,
    /// With what the factor lacks.
    Double,
    /// Without.
    Single,
    /// Without, and steps may be rounded to the nearest number.
    Nearest,
}

/// The numbers of one channel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ready {
    pub multiplier: Multiplier,
    /// The multiplier, rounded to the nearest number, ties to even.
    pub factor: f32,
    /// What rounding twice adds: half of the first rounding's unit.
    pub nudge: f32,
    /// The factor of truncated sums.
    pub upper: f32,
    /// What it lacks to the multiplier, if sums need that.
    pub lower: f32,
    /// A little more than a half.
    pub start: f32,
    pub mark: Mark,
}

impl Ready {
    /// With these numbers for truncation.
    pub(crate) fn new(multiplier: Multiplier, found: Option<Truncation>) -> Self {
        Self::of_bytes(multiplier, Truncation::bytes(found))
    }

    /// As the runtime makes them.
    fn of_bytes(multiplier: Multiplier, [units, low, high]: [i8; 3]) -> Self {
        let start = i16::from_le_bytes([low as u8, high as u8]);
        let (mark, units) = match i32::from(units) {
            n if n >= 96 - 16 => (Mark::Nearest, n - 96),
            n if n >= 64 - 16 => (Mark::Single, n - 64),
            n if n >= -16 => (Mark::Double, n),
            _ => (Mark::None, 0),
        };
        let exact = multiplier.real();
        let factor = exact as f32;
        let nudge = if multiplier.shift < 0 {
            2f64.powi(multiplier.shift - 1) as f32
        } else {
            0.0
        };
        let upper = f32::from_bits(factor.to_bits().wrapping_add_signed(units));
        let lower = (exact - f64::from(upper)) as f32;
        Self {
            multiplier,
            factor,
            nudge,
            upper,
            lower: if mark == Mark::Double { lower } else { 0.0 },
            start: (0.5 + f64::from(start) * 2f64.powi(-24)) as f32 + nudge,
            mark,
        }
    }
}

/// What the runtime's `ready` makes of a channel: factor, nudge, upper and lower factor,
/// start; for tests of the runtime. `bytes` are those of [`crate::truncation`].
#[must_use]
pub fn requant_panel_numbers(multiplier: i32, shift: i32, bytes: [i8; 3]) -> [f32; 5] {
    let ready = Ready::of_bytes(Multiplier { multiplier, shift }, bytes);
    let Ready {
        factor,
        nudge,
        upper,
        lower,
        start,
        ..
    } = ready;
    [factor, nudge, upper, lower, start]
}
