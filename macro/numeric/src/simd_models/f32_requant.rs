//! Requantization in f32, `q = trunc(sum * f + (sum * (m - f) + half))`, where `m` is the
//! exact multiplier, `f` an f32 number near to it and `half` a little more than 0.5. For most
//! multipliers `trunc(sum * f + half)` is enough. This file searches `f` and `half`.
//!
//! # Proof
//! Outputs change at a few hundred sums. If the model of a kernel ([`Method`]) gives the
//! right output at each of these, at the sum in front of it and at the largest sum that there
//! can be, it gives it for all sums, since both are monotonic in the sum. (`m - f` may be negative: the inner step then falls by less than
//! the outer product grows, which is at least 2^-23, half of the former's unit being 2^-25.)

use crate::arithmetic::convert::{low_i16, low_i32, low_i64, truncate_i64};
use crate::arithmetic::fixed_point::Multiplier;
pub use crate::simd_models::requant_panel::Truncation;
use crate::simd_models::requant_panel::{F32Rounding, Mark, RequantChannel};
use crate::simd_models::requantization::Method;

/// The largest magnitude of an int8 output minus its zero point.
const OUTPUTS: i64 = 255;

impl F32Rounding {
    /// The models of all kernels that may take such numbers. Channels that need one product
    /// are also computed with two, where a strip of channels has both kinds.
    fn methods(self) -> &'static [Method] {
        match self {
            F32Rounding::NearestOk => {
                &[Method::Truncated, Method::TruncatedSingle, Method::Nearest]
            }
            F32Rounding::OneMul => &[Method::Truncated, Method::TruncatedSingle],
            F32Rounding::TwoMul => &[Method::Truncated],
        }
    }
}

/// A sum where outputs change: the smallest one whose output is as large as `output`.
#[derive(PartialEq)]
struct Step {
    sum: i64,
    output: i64,
}

/// All sums where the outputs of a channel change, for one sign of the sums.
#[derive(PartialEq)]
struct OutputChanges {
    /// The sums where outputs change, smallest first.
    all: Vec<Step>,
    /// The largest possible sum and its output, which is cut at [`OUTPUTS`].
    last: (i64, i64),
}

impl OutputChanges {
    /// The changes of sums of this sign up to `bound`; `None` if f32 cannot hold one of them
    /// exactly.
    fn new(multiplier: Multiplier, bound: i64, sign: i64) -> Option<Self> {
        let output = |sum: i64| sign * i64::from(multiplier.apply(low_i32(sign * sum)));
        let factor = multiplier.real();
        let half = 0.5 + 2f64.powi(multiplier.shift - 1);
        let mut all = Vec::new();
        for wanted in 1..=OUTPUTS {
            let mut sum = truncate_i64((wanted as f64 - half) / factor).min(bound);
            while sum > 0 && output(sum - 1) >= wanted {
                sum -= 1;
            }
            while sum <= bound && output(sum) < wanted {
                sum += 1;
            }
            if sum > bound {
                break;
            }
            if sum >= 1 << 24 {
                return None;
            }
            all.push(Step {
                sum,
                output: wanted,
            });
        }
        let last = (bound, output(bound).min(OUTPUTS));
        Some(Self { all, last })
    }

    /// True if the arithmetic of `method` gives the reference's output at every step, in front
    /// of it and at the largest sum, and so for all sums.
    fn hold_for(&self, by: &RequantChannel, method: Method) -> bool {
        let output = |sum: i64| i64::from(method.scaled(by, low_i32(sum), false));
        let is_step =
            |s: &Step| output(s.sum) >= s.output && (s.sum == 0 || output(s.sum - 1) < s.output);
        let (bound, last) = self.last;
        output(bound).min(OUTPUTS) == last && self.all.iter().all(is_step)
    }
}

impl Truncation {
    /// Searches numbers for sums of at most the magnitude `bound`. `one_sided` says that all
    /// negative sums give the smallest output, so that only others count. `None` if no numbers
    /// were found.
    pub fn find(multiplier: Multiplier, bound: i64, one_sided: bool) -> Option<Self> {
        let right = u32::try_from(-multiplier.shift).ok()?;
        if !(1..=22).contains(&right) || multiplier.multiplier < 1 << 30 || bound >= 1 << 31 {
            return None;
        }
        let above = OutputChanges::new(multiplier, bound, 1)?;
        if !one_sided {
            // Truncation gives negative sums the same steps: all its roundings are the same
            // in both directions.
            let below = OutputChanges::new(multiplier, bound, -1)?;
            if below != above {
                return None;
            }
        }
        // The nearest factor, then its neighbours.
        let kinds = [
            F32Rounding::NearestOk,
            F32Rounding::OneMul,
            F32Rounding::TwoMul,
        ];
        kinds.into_iter().find_map(|kind| {
            (0..=12).find_map(|n: i8| {
                let factor = if n % 2 == 0 { n / 2 } else { -n / 2 - 1 };
                with_factor(multiplier, right, factor, kind, &above)
            })
        })
    }
}

/// Three bytes for the runtime's `pack_requant`: what lets a channel with this multiplier
/// (`multiplier * 2^(shift - 31)`) requantize by truncation, for sums of at most this
/// magnitude; `one_sided` if all that becomes of negative ones is the smallest output.
/// `[-128, 0, 0]` says that nothing does.
pub fn truncation(multiplier: i32, shift: i32, bound: i64, one_sided: bool) -> [i8; 3] {
    let multiplier = Multiplier { multiplier, shift };
    Truncation::bytes(Truncation::find(multiplier, bound, one_sided))
}

/// Numbers with a factor `factor` units in the last place away from the nearest one. `start`
/// is the middle of all that should give every step; `None` if it does not.
fn with_factor(
    multiplier: Multiplier,
    right: u32,
    factor: i8,
    kind: F32Rounding,
    steps: &OutputChanges,
) -> Option<Truncation> {
    let with_start = |start: i64| Truncation {
        factor,
        start: low_i16(low_i32(start)),
        kind,
    };
    let channel = RequantChannel::new(multiplier, Some(with_start(0)));
    // The factor in 24 bits and a power of two that all factors around it have.
    let scale = 24 + right;
    let upper = truncate_i64(f64::from(channel.upper) * 2f64.powi(scale.cast_signed()));
    if !(1 << 23..1 << 24).contains(&upper) {
        return None;
    }
    // The difference m - f, in units of the multiplier's last place.
    let rest = match kind {
        F32Rounding::TwoMul => i64::from(multiplier.multiplier) - (upper << 7),
        F32Rounding::NearestOk | F32Rounding::OneMul => 0,
    };
    let half = (1 << 23) + (1 << (23 - right));
    // How far a sum is from an output, rounded down to units of 2^-24.
    let lacks = |sum: i64, output: i64| {
        let inner = ((sum * rest) >> (7 + right)) + half;
        let total = i128::from(sum * upper) + (i128::from(inner) << right);
        low_i64(((i128::from(output) << scale) - total).div_euclid(1 << right))
    };
    // What is less than half a unit in the last place below an output is rounded to it.
    let margin = |output: i64| match kind {
        F32Rounding::NearestOk => 1 + (1 << (output - 1).max(1).ilog2()),
        F32Rounding::OneMul | F32Rounding::TwoMul => 0,
    };
    let (mut low, mut high) = (-1000, 1000);
    for step in &steps.all {
        low = low.max(lacks(step.sum, step.output) + 1);
        if step.sum > 0 {
            high = high.min(lacks(step.sum - 1, step.output) - margin(step.output));
        }
    }
    let (bound, last) = steps.last;
    if last < OUTPUTS {
        // As f32 has it.
        let bound = truncate_i64((bound as f32).into());
        high = high.min(lacks(bound, last + 1) - margin(last + 1));
    }
    let truncation = with_start((low + high).div_euclid(2));
    let channel = RequantChannel::new(multiplier, Some(truncation));
    let is_right = |method: &Method| steps.hold_for(&channel, *method);
    let is_kind = channel.mark
        == match kind {
            F32Rounding::NearestOk => Mark::NearestOk,
            F32Rounding::OneMul => Mark::OneMul,
            F32Rounding::TwoMul => Mark::TwoMul,
        };
    (low <= high && is_kind && kind.methods().iter().all(is_right)).then_some(truncation)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Multipliers as converters make them.
    fn multipliers() -> impl Iterator<Item = Multiplier> {
        (1..400).map(|i| Multiplier::new(1.37 / f64::from(i * i + 40)))
    }

    #[test]
    fn truncation_is_the_reference_for_every_sum() {
        let (mut found, mut nearest) = (0, 0);
        for m in multipliers().take(24) {
            let bound = 1 << 16;
            let Some(t) = Truncation::find(m, bound, false) else {
                continue;
            };
            found += 1;
            nearest += usize::from(t.kind == F32Rounding::NearestOk);
            let by = RequantChannel::new(m, Some(t));
            for sum in -bound as i32..=bound as i32 {
                let wanted = m.apply(sum).clamp(-255, 255);
                for method in t.kind.methods() {
                    let got = method.scaled(&by, sum, false).clamp(-255, 255);
                    assert_eq!(got, wanted, "{m:?} {sum} {method:?}");
                }
            }
        }
        assert!(found >= 20, "{found}");
        assert!(nearest >= 10, "{nearest}");
    }

    #[test]
    fn factors_between_two_numbers_are_those_of_the_runtime() {
        // Halfway between two f32 numbers, of which the runtime's conversion takes the even
        // one: here the smaller. Numbers proven for the larger one gave an output less for
        // these sums.
        for (multiplier, shift, sum) in [
            (1_539_718_720, -9, 41_060),
            (1_539_718_720, -9, 113_184),
            (1_397_689_408, -6, 17_945),
        ] {
            let m = Multiplier { multiplier, shift };
            assert_eq!(multiplier & 0xFF, 64);
            let t = Truncation::find(m, 500_000, false).expect("numbers");
            let by = RequantChannel::new(m, Some(t));
            assert_eq!(
                by.factor.to_bits() & 0x7F_FFFF,
                multiplier as u32 >> 7 & 0x7F_FFFF
            );
            for method in t.kind.methods() {
                for sum in [sum - 1, sum, -sum, 1 - sum] {
                    assert_eq!(method.scaled(&by, sum, false), m.apply(sum), "{method:?}");
                }
            }
        }
    }

    #[test]
    fn the_largest_sum_does_not_reach_the_next_output() {
        // With a small multiplier many sums are close to the next output, and few outputs
        // constrain the numbers, so the last sum must be checked itself.
        for i in 0..2000 {
            let m = Multiplier::new(1e-8 * f64::from(i + 1000));
            let steps = OutputChanges::new(m, 1 << 23, 1).expect("sums that f32 holds");
            let next = steps.all[i as usize % 4].sum;
            let Some(t) = Truncation::find(m, next - 1, false) else {
                continue;
            };
            let by = RequantChannel::new(m, Some(t));
            for method in t.kind.methods() {
                let sum = next as i32 - 1;
                assert_eq!(
                    method.scaled(&by, sum, false),
                    m.apply(sum),
                    "{m:?} {method:?}"
                );
            }
        }
    }

    #[test]
    fn most_multipliers_have_one() {
        let found = multipliers().filter(|&m| Truncation::find(m, 1 << 22, true).is_some());
        assert!(found.count() >= 390);
    }

    #[test]
    fn sums_that_f32_does_not_hold_have_none() {
        let tiny = Multiplier::new(1e-6);
        assert_eq!(Truncation::find(tiny, (1 << 31) - 1, true), None);
        assert!(Truncation::find(tiny, 1 << 20, true).is_some());
    }
}
