//! ADD, SUB and MUL of int8 in f32 arithmetic: the literals of numbers with which the runtime's
//! `kernels/elementwise_f32.rs` gives the outputs of the reference, as comparing all pairs of operands
//! with the models of its kernels ([`niello_numeric::linear`]) shows.

pub(crate) use niello_numeric::linear::{FmaFit, Formula};
use proc_macro2::TokenStream;
use quote::quote;

use crate::tokens::literals;

/// The literal of the runtime's `Linear`.
pub(crate) fn emit(found: Option<FmaFit>) -> TokenStream {
    let Some(numbers) = found else {
        return quote!(rt::Linear::NONE);
    };
    let [first, second, constant] = numbers.all().map(literals::float);
    let fused = numbers.fused;
    quote!(rt::Linear::new(#first, #second, #constant, #fused))
}

#[cfg(test)]
mod tests {
    use niello_numeric::linear::Linear;
    use niello_numeric::random::Random;

    use super::*;
    use crate::arithmetic::fixed_point::Multiplier;
    use crate::parallel;

    use crate::testing::{AdditionNumbers, linear_product};

    #[test]
    fn sums_of_halves_are_found_or_refused() {
        // Rounded half up: the runtime's rounding to even is not that.
        let up = |a: i8, b: i8| (i32::from(a) + i32::from(b) + 1).div_euclid(2);
        let found = Formula::Sum.find([0.5, 0.5, 0.0], (-128, 127), &up);
        let n = found.expect("a constant a little above 0");
        assert!(n.linear.constant > 0.0);
        let wrong = |a: i8, b: i8| up(a, b) + i32::from(a == 3 && b == 8);
        assert!(
            Formula::Sum
                .find([0.5, 0.5, 0.0], (-128, 127), &wrong)
                .is_none()
        );
    }

    #[test]
    fn products_are_what_is_emitted() {
        let exact = |a: i8, b: i8| {
            let product = f64::from((i32::from(a) + 3) * (i32::from(b) - 5));
            ((product * 0.012_345_67).round() as i32 - 7).clamp(-128, 127)
        };
        let formula = Formula::Product([3, -5]);
        let n = formula
            .find([0.012_345_67, 0.0, -7.0], (-128, 127), &exact)
            .expect("numbers");
        assert!(formula.gives(n, (100, -40), exact(100, -40)));
    }

    /// Operands, outputs and ranges of random scales and zero points.
    fn additions() -> impl Iterator<Item = AdditionNumbers> {
        let mut r = Random(0xADD);
        (0..120).map(move |i| {
            let scales = [0, 1].map(|_| r.scale(1e-3, 1.0));
            let twice = 2.0 * scales[0].max(scales[1]);
            // The reference asks for less than 1 here: of scales, 2^20.
            let output = match i % 8 {
                0 => r.scale(1e-6, 0.99),
                _ => r.scale(0.5, 8.0) / f64::from(1 << 20),
            };
            let output_offset = r.between(-128, 127) as i32;
            let pair = |factor: f64| {
                let m = Multiplier::new(factor);
                [m.multiplier, m.shift]
            };
            AdditionNumbers {
                offsets: [0, 1].map(|_| r.between(-127, 128) as i32),
                multipliers: scales.map(|scale| pair(scale / twice)),
                output: pair(output),
                output_offset,
                activation: match i % 3 {
                    0 => (output_offset, 127),
                    _ => (-128, 127),
                },
            }
        })
    }

    /// All 65536 pairs of int8 operands.
    fn pairs() -> impl Iterator<Item = (i8, i8)> {
        (i8::MIN..=i8::MAX).flat_map(|a| (i8::MIN..=i8::MAX).map(move |b| (a, b)))
    }

    fn linear(found: [f32; 3], range: (i32, i32)) -> Linear {
        let [first, second, constant] = found;
        Linear {
            first,
            second,
            constant,
            range,
        }
    }

    /// `x * multiplier * 2^(shift - 31)`, rounded twice, in wide integers.
    fn twice_rounded([multiplier, shift]: [i32; 2], x: i64) -> i64 {
        let product = (i128::from(x) << shift.max(0)) * i128::from(multiplier);
        // Half up, then half away from zero.
        let high = ((product + (1 << 30)) >> 31) as i64;
        let right = shift.min(0).unsigned_abs();
        let half = (1_i64 << right) >> 1;
        let magnitude = (high.abs() + half) >> right;
        if high < 0 { -magnitude } else { magnitude }
    }

    #[test]
    fn additions_are_the_references_for_all_pairs() {
        let all: Vec<AdditionNumbers> = additions().collect();
        let found = parallel::map(&all, |n| {
            [false, true].map(|subtract| {
                let Some((found, fused)) = n.linear(subtract) else {
                    return 0;
                };
                let by = linear(found, n.activation);
                let joined = (!subtract).then(|| n.joined()).flatten();
                let joined = joined.map(|found| linear(found, n.activation));
                for (a, b) in pairs() {
                    let term = |i: usize, q: i8| {
                        let x = (i64::from(q) + i64::from(n.offsets[i])) << 20;
                        twice_rounded(n.multipliers[i], x)
                    };
                    let (x, y) = (term(0, a), term(1, b));
                    let sum = if subtract { x - y } else { x + y };
                    let q = twice_rounded(n.output, sum) + i64::from(n.output_offset);
                    let (min, max) = n.activation;
                    let wanted = q.clamp(min.into(), max.into()) as i32;
                    assert_eq!(by.sum(a, b), wanted, "{n:?} {a} {b}");
                    if fused {
                        assert_eq!(by.fused_sum(a.into(), b), wanted, "{n:?} {a} {b}");
                    }
                    if let Some(by) = joined {
                        let own = i32::from(a) + n.offsets[0];
                        assert_eq!(by.fused_sum(own, b), wanted, "{n:?} {a} {b}");
                    }
                }
                1 + usize::from(fused) + usize::from(joined.is_some())
            })
        });
        // Most have numbers.
        assert!(found.into_iter().flatten().sum::<usize>() > 3 * all.len());
    }

    #[test]
    fn products_are_the_references_for_all_pairs() {
        let mut r = Random(0x2B);
        let all: Vec<u64> = (0..120).map(|_| r.next()).collect();
        let found = parallel::map(&all, |&seed| {
            let mut r = Random(seed);
            let factor = match seed % 8 {
                0 => r.scale(1e-9, 1e4),
                _ => r.scale(1e-4, 0.02),
            };
            let m = Multiplier::new(factor);
            let (output, offset) = ([m.multiplier, m.shift], r.between(-128, 127) as i32);
            let offsets = [0, 1].map(|_| r.between(-127, 128) as i32);
            let activation = [(-128, 127), (offset, 127)][seed as usize / 8 % 2];
            let Some(found) = linear_product(offsets, output, offset, activation) else {
                return 0;
            };
            let by = linear(found, activation);
            for (a, b) in pairs() {
                let factors = [i64::from(a), i64::from(b)];
                let product =
                    (factors[0] + i64::from(offsets[0])) * (factors[1] + i64::from(offsets[1]));
                let q = twice_rounded(output, product) + i64::from(offset);
                let (min, max) = activation;
                let wanted = q.clamp(min.into(), max.into()) as i32;
                assert_eq!(by.product(offsets, a, b), wanted, "{seed} {a} {b}");
            }
            1
        });
        // Both roundings of negative and of positive products are seldom a constant's.
        let count: usize = found.into_iter().sum();
        assert!(count > all.len() / 8, "{count}");
    }
}
