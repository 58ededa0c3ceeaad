//! ADD, SUB and MUL of int8 in f32 arithmetic: numbers with which the runtime's
//! `ops/linear.rs` gives the outputs of the reference, as comparing all pairs of operands
//! with the models of its kernels (`shortened`) shows.

use proc_macro2::TokenStream;
use quote::quote;

use crate::emit;
use crate::shortened::Linear;

/// From one constant that is tried to the next: less than outputs of 128 are rounded by.
const STEP: f32 = 1.0 / 262_144.0;

/// What the runtime computes.
#[derive(Clone, Copy)]
pub(super) enum Formula {
    /// `a * first + (b * second + constant)`.
    Sum,
    /// The same of `a` less its zero point, always in fused steps.
    SumFrom(i32),
    /// `(a + offset) * (b + offset) * first + constant`.
    Product([i32; 2]),
}

/// What the runtime computes with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers {
    linear: Linear,
    /// Right as well if sums are multiplied and added in one step.
    fused: bool,
}

impl Formula {
    /// True if all kernels that may take these numbers give an output.
    fn gives(self, n: Numbers, (a, b): (i8, i8), output: i32) -> bool {
        let by = &n.linear;
        match self {
            Self::Sum => {
                by.sum(a, b) == output && (!n.fused || by.fused_sum(a.into(), b) == output)
            }
            Self::SumFrom(zero_point) => by.fused_sum(i32::from(a) - zero_point, b) == output,
            Self::Product(offsets) => by.product(offsets, a, b) == output,
        }
    }

    /// An output in higher precision, not rounded.
    fn real(self, [first, second, constant]: [f64; 3], a: i8, b: i8) -> f64 {
        let (a, b) = (f64::from(a), f64::from(b));
        match self {
            Self::Sum => a * first + b * second + constant,
            Self::SumFrom(zero_point) => {
                (a - f64::from(zero_point)) * first + b * second + constant
            }
            Self::Product([one, other]) => {
                (a + f64::from(one)) * (b + f64::from(other)) * first + constant
            }
        }
    }

    /// The runtime's `Linear` for a kernel with these real factors and constant, whose
    /// outputs `exact` gives.
    pub(super) fn emit(
        self,
        factors: [f64; 3],
        range: (i32, i32),
        exact: impl Fn(i8, i8) -> i32,
    ) -> TokenStream {
        match self.find(factors, range, exact) {
            Some(numbers) => numbers.emit(),
            None => quote!(rt::Linear::NONE),
        }
    }

    /// The numbers, if there are some, for outputs in a range.
    pub(super) fn find(
        self,
        factors: [f64; 3],
        range: (i32, i32),
        exact: impl Fn(i8, i8) -> i32,
    ) -> Option<Numbers> {
        let pairs = || (i8::MIN..=i8::MAX).flat_map(|a| (i8::MIN..=i8::MAX).map(move |b| (a, b)));
        let outputs: Vec<i32> = pairs().map(|(a, b)| exact(a, b)).collect();
        let all = || pairs().zip(&outputs);
        // Most pairs are right with any numbers: those near a rounding's edge decide.
        let is_close = |(a, b)| {
            let y = self.real(factors, a, b);
            (y - y.floor() - 0.5).abs() < 1.0 / 1024.0
        };
        let close: Vec<((i8, i8), i32)> = all()
            .filter(|(pair, _)| is_close(*pair))
            .map(|(pair, output)| (pair, *output))
            .collect();
        let next = |x: f32, units: i32| f32::from_bits(x.to_bits().wrapping_add_signed(units));
        let [first, second, constant] = factors.map(|x| x as f32);
        // Those that are right with fused steps, too, are preferred.
        let ways: &[bool] = match self {
            Self::Sum => &[true, false],
            Self::SumFrom(_) => &[true],
            Self::Product(_) => &[false],
        };
        let tried = (0..9).flat_map(|i| (0..41).map(move |k| (i, k)));
        ways.iter().find_map(|&fused| {
            let numbers = tried.clone().map(|(i, k)| Numbers {
                fused,
                linear: Linear {
                    first: next(first, [0, 1, -1][i % 3]),
                    second: next(second, [0, 1, -1][i / 3]),
                    constant: constant + STEP * if k % 2 == 0 { k / 2 } else { -k / 2 - 1 } as f32,
                    range,
                },
            });
            let likely = numbers.filter(|&n| {
                let is_finite = n.linear.constant.is_finite();
                is_finite && close.iter().all(|&(pair, q)| self.gives(n, pair, q))
            });
            // Few, as all pairs take long.
            likely
                .take(3)
                .find(|&n| all().all(|(pair, &q)| self.gives(n, pair, q)))
        })
    }
}

impl Numbers {
    /// First and second factor, constant.
    pub(super) fn all(self) -> [f32; 3] {
        [self.linear.first, self.linear.second, self.linear.constant]
    }

    /// The runtime's `Linear`.
    pub(super) fn emit(self) -> TokenStream {
        let [first, second, constant] = self.all().map(emit::float);
        let fused = self.fused;
        quote!(rt::Linear::new(#first, #second, #constant, #fused))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_halves_are_found_or_refused() {
        // Rounded half up: the runtime's rounding to even is not that.
        let up = |a: i8, b: i8| (i32::from(a) + i32::from(b) + 1).div_euclid(2);
        let found = Formula::Sum.find([0.5, 0.5, 0.0], (-128, 127), up);
        let n = found.expect("a constant a little above 0");
        assert!(n.linear.constant > 0.0);
        let wrong = |a: i8, b: i8| up(a, b) + i32::from(a == 3 && b == 8);
        assert!(
            Formula::Sum
                .find([0.5, 0.5, 0.0], (-128, 127), wrong)
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
            .find([0.012_345_67, 0.0, -7.0], (-128, 127), exact)
            .expect("numbers");
        assert!(formula.gives(n, (100, -40), exact(100, -40)));
    }
}
