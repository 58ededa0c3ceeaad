//! Requantization by truncation: a sum times an f32 factor, what that factor lacks to
//! the multiplier, and a little more than a half, each step rounded towards zero. Most
//! multipliers do without what the factor lacks.
//! Outputs change at a few hundred sums; if the right one comes of each of these and of
//! its neighbour, it comes of all sums, for both functions are monotonic.

use crate::quantize::arithmetic::Multiplier;

/// Largest magnitude of an output less its zero point.
const OUTPUTS: i64 = 255;

/// f32 numbers with which truncation gives the reference's outputs, in units in the
/// last place from the nearest factor and from a half and the first rounding's share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Truncation {
    pub factor: i8,
    pub start: i16,
    pub kind: Kind,
}

/// How a sum becomes an output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Without what the factor lacks; steps may be rounded to the nearest number, too, as
    /// instruction sets without other directions do.
    Nearest,
    /// Without what the factor lacks.
    Single,
    /// With it.
    Double,
}

impl Kind {
    /// What the runtime takes for the mark.
    fn mark(self) -> i8 {
        match self {
            Kind::Nearest => 96,
            Kind::Single => 64,
            Kind::Double => 0,
        }
    }
}

/// The smallest sum whose output is as large.
#[derive(PartialEq)]
struct Step {
    sum: i64,
    output: i64,
}

/// What is computed with some numbers, exactly.
struct Numbers {
    /// The factor: 24 bits and a negated power of two.
    factor: i64,
    scale: u32,
    /// What it lacks, in units of 2^-`unit`.
    rest: i64,
    unit: u32,
    /// In units of 2^-24.
    start: i64,
}

impl Numbers {
    /// The truncated output of a sum that is not negative.
    fn output(&self, sum: i64) -> i64 {
        let inner = sum * self.rest + (self.start << (self.unit - 24));
        // Truncated to 24 significant bits.
        let excess = (64 - inner.leading_zeros()).saturating_sub(24);
        let inner = i128::from(inner >> excess << excess);
        let product = i128::from(sum * self.factor);
        let (product, inner) = if self.scale > self.unit {
            (product, inner << (self.scale - self.unit))
        } else {
            (product << (self.unit - self.scale), inner)
        };
        ((product + inner) >> self.scale.max(self.unit)) as i64
    }

    /// The same of a single factor, rounded to the nearest number before it is truncated.
    fn nearest(&self, sum: i64) -> i64 {
        let start = i128::from(self.start) << self.scale.saturating_sub(24);
        let total = i128::from(sum * self.factor) + start;
        let excess = (128 - total.leading_zeros()).saturating_sub(24);
        let half = (1 << excess) >> 1;
        let rounded = (total + half) >> excess;
        // Ties to even.
        let is_tie = excess > 0 && (total + half) & ((1 << excess) - 1) == 0;
        let rounded = if is_tie { rounded & !1 } else { rounded };
        (rounded << excess >> self.scale) as i64
    }

    fn gives(&self, kind: Kind, steps: &[Step]) -> bool {
        let is_step = |s: &Step, output: &dyn Fn(i64) -> i64| {
            output(s.sum) >= s.output && (s.sum == 0 || output(s.sum - 1) < s.output)
        };
        steps.iter().all(|s| {
            is_step(s, &|sum| self.output(sum))
                && (kind != Kind::Nearest || is_step(s, &|sum| self.nearest(sum)))
        })
    }
}

impl Truncation {
    /// As the runtime reads them.
    pub(crate) fn bytes(found: Option<Self>) -> [i8; 3] {
        found.map_or([i8::MIN, 0, 0], |t| {
            let [low, high] = t.start.to_le_bytes().map(|byte| byte as i8);
            [t.factor + t.kind.mark(), low, high]
        })
    }

    /// For sums of at most this magnitude; `one_sided` if all that becomes of negative
    /// ones is the smallest output. `None` if there is none or none was found.
    pub(crate) fn find(multiplier: Multiplier, bound: i64, one_sided: bool) -> Option<Self> {
        let right = u32::try_from(-multiplier.shift).ok()?;
        if !(1..=22).contains(&right) || multiplier.multiplier < 1 << 30 || bound >= 1 << 31 {
            return None;
        }
        let above = steps(multiplier, bound, 1)?;
        if !one_sided {
            // Truncation gives negative sums the same steps.
            let below = steps(multiplier, bound, -1)?;
            if below != above {
                return None;
            }
        }
        // The nearest factor, then its neighbours.
        let kinds = [Kind::Nearest, Kind::Single, Kind::Double];
        kinds.into_iter().find_map(|kind| {
            (0..=12).find_map(|n: i8| {
                let factor = if n % 2 == 0 { n / 2 } else { -n / 2 - 1 };
                with_factor(multiplier, right, factor, kind, &above)
            })
        })
    }
}

/// Three bytes for the runtime's `ready`: what lets a channel with this multiplier
/// (`multiplier * 2^(shift - 31)`) requantize by truncation, for sums of at most this
/// magnitude; `one_sided` if all that becomes of negative ones is the smallest output.
/// `[-128, 0, 0]` says that nothing does.
pub fn truncation(multiplier: i32, shift: i32, bound: i64, one_sided: bool) -> [i8; 3] {
    let multiplier = Multiplier { multiplier, shift };
    Truncation::bytes(Truncation::find(multiplier, bound, one_sided))
}

/// The steps of sums with a sign, by magnitude; `None` if f32 does not hold one.
fn steps(multiplier: Multiplier, bound: i64, sign: i64) -> Option<Vec<Step>> {
    let output = |sum: i64| sign * i64::from(multiplier.apply((sign * sum) as i32));
    let factor = multiplier.real();
    let half = 0.5 + 2f64.powi(multiplier.shift - 1);
    let mut steps = Vec::new();
    for wanted in 1..=OUTPUTS {
        let mut sum = (((wanted as f64 - half) / factor) as i64).min(bound);
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
        steps.push(Step {
            sum,
            output: wanted,
        });
    }
    Some(steps)
}

/// The start in the middle of those with which a factor, so many units from the nearest
/// one, gives all steps.
fn with_factor(
    multiplier: Multiplier,
    right: u32,
    factor: i8,
    kind: Kind,
    steps: &[Step],
) -> Option<Truncation> {
    let exact = i64::from(multiplier.multiplier);
    let unit = 31 + right;
    // 24 of its 31 bits.
    let nearest = (exact + 64) >> 7;
    if nearest >= 1 << 24 {
        return None;
    }
    let first = (1 << 23) + (1 << (23 - right));
    let numbers = |start: i64| Numbers {
        factor: nearest + i64::from(factor),
        scale: unit - 7,
        rest: match kind {
            Kind::Double => exact - ((nearest + i64::from(factor)) << 7),
            Kind::Nearest | Kind::Single => 0,
        },
        unit,
        start: first + start,
    };
    let n = numbers(0);
    if !(1 << 23..1 << 24).contains(&n.factor) {
        return None;
    }
    // How far a sum is from an output, rounded down to units of 2^-24.
    let lacks = |sum: i64, output: i64| {
        let product = i128::from(sum * n.factor);
        let inner = i128::from((sum * n.rest) >> (unit - 24)) + i128::from(n.start);
        let total = product + (inner << (n.scale - 24));
        ((i128::from(output) << n.scale) - total).div_euclid(1 << (n.scale - 24)) as i64
    };
    // What is less than half a unit in the last place below an output is rounded to it.
    let margin = |output: i64| match kind {
        Kind::Nearest => 1 + (1 << (output - 1).max(1).ilog2()),
        Kind::Single | Kind::Double => 0,
    };
    let (mut low, mut high) = (-1000, 1000);
    for step in steps {
        low = low.max(lacks(step.sum, step.output) + 1);
        if step.sum > 0 {
            high = high.min(lacks(step.sum - 1, step.output) - margin(step.output));
        }
    }
    let start = (low + high).div_euclid(2);
    let found = low <= high && numbers(start).gives(kind, steps);
    found.then_some(Truncation {
        factor,
        start: start as i16,
        kind,
    })
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
            nearest += usize::from(t.kind == Kind::Nearest);
            let (exact, right) = (i64::from(m.multiplier), -m.shift as u32);
            let factor = ((exact + 64) >> 7) + i64::from(t.factor);
            let numbers = Numbers {
                factor,
                scale: 24 + right,
                rest: match t.kind {
                    Kind::Double => exact - (factor << 7),
                    Kind::Nearest | Kind::Single => 0,
                },
                unit: 31 + right,
                start: (1 << 23) + (1 << (23 - right)) + i64::from(t.start),
            };
            for sum in 0..=bound {
                let wanted = i64::from(m.apply(sum as i32)).min(OUTPUTS);
                assert_eq!(numbers.output(sum).min(OUTPUTS), wanted, "{m:?} {sum}");
                if t.kind == Kind::Nearest {
                    assert_eq!(numbers.nearest(sum).min(OUTPUTS), wanted, "{m:?} {sum}");
                }
                assert_eq!(-i64::from(m.apply(-sum as i32)).max(-OUTPUTS), wanted);
            }
        }
        assert!(found >= 20, "{found}");
        assert!(nearest >= 10, "{nearest}");
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
