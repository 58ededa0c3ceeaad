//! ADD, SUB and MUL of int8 in f32: the arithmetic of the runtime's `kernels/elementwise_f32.rs`, and
//! of `avx2/add_f32.rs` and `avx512/add_f32.rs` in its `simd/x86_64`, and the search for numbers with
//! which it gives the outputs of the reference.

use crate::arithmetic::convert::low_i8;
use crate::arithmetic::float::{Rounding, fused, nearest};

/// The number 1.5 * 2^23: adding it rounds to an integer, which the low bits then hold.
const ROUND: f32 = 12_582_912.0;

/// The numbers of one element-wise operator, as kernels take them.
#[derive(Clone, Copy, Debug)]
pub struct Linear {
    /// The factor of the first operand, or of the product.
    pub first: f32,
    /// The factor of the second operand; unused by products.
    pub second: f32,
    /// The addend, which holds all zero points.
    pub constant: f32,
    /// The smallest and the largest output.
    pub range: (i32, i32),
}

impl Linear {
    /// `a * first + (b * second + constant)`, each step rounded.
    pub fn sum(&self, a: i8, b: i8) -> i32 {
        let (a, b) = (f32::from(a), f32::from(b));
        self.rounded(a * self.first + (b * self.second + self.constant))
    }

    /// The sum of two operands in two fused multiply-adds. `a` may count from a zero point.
    pub fn fused_sum(&self, a: i32, b: i8) -> i32 {
        let inner = fused(b.into(), self.second, self.constant, Rounding::Nearest);
        let sum = nearest(fused(a as f32, self.first, inner, Rounding::Nearest));
        // Narrowed with saturation.
        let (min, max) = self.range;
        sum.clamp(-128, 127).max(min).min(max)
    }

    /// `(a + offset) * (b + offset) * first + constant`, each step rounded.
    pub fn product(&self, offsets: [i32; 2], a: i8, b: i8) -> i32 {
        let [first, second] = offsets.map(|offset| offset as f32);
        let product = (f32::from(a) + first) * (f32::from(b) + second);
        self.rounded(product * self.first + self.constant)
    }

    /// Rounds to an integer by adding [`ROUND`], whose unit in the last place is 1, and cuts to
    /// the range on the bits: a larger number has larger bits.
    fn rounded(&self, y: f32) -> i32 {
        let bits = (y + ROUND).to_bits().cast_signed();
        let zero = ROUND.to_bits().cast_signed();
        let (min, max) = self.range;
        i32::from(low_i8(bits.max(zero + min).min(zero + max)))
    }
}

/// From one constant that is tried to the next: less than outputs of 128 are rounded by.
const STEP: f32 = 1.0 / 262_144.0;

/// The f32 formula that the runtime computes.
#[derive(Clone, Copy)]
pub enum Formula {
    /// `a * first + (b * second + constant)`.
    Sum,
    /// `(a - zero_point) * first + (b * second + constant)`, always in fused steps.
    SumFrom(i32),
    /// `(a + offset) * (b + offset) * first + constant`.
    Product([i32; 2]),
}

/// What the runtime computes with.
#[derive(Clone, Copy, Debug)]
pub struct FmaFit {
    /// The numbers of a kernel.
    pub linear: Linear,
    /// Right as well if sums are multiplied and added in one step.
    pub fused: bool,
}

impl Formula {
    /// True if all kernels that may take these numbers give an output.
    pub fn gives(self, n: FmaFit, (a, b): (i8, i8), output: i32) -> bool {
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

    /// Numbers for a kernel with these real factors and constant, whose outputs lie in a range
    /// and are `exact`, if there are some.
    pub fn find(
        self,
        factors: [f64; 3],
        range: (i32, i32),
        exact: &dyn Fn(i8, i8) -> i32,
    ) -> Option<FmaFit> {
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
            let numbers = tried.clone().map(|(i, k)| FmaFit {
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

impl FmaFit {
    /// First and second factor, constant.
    pub fn all(self) -> [f32; 3] {
        [self.linear.first, self.linear.second, self.linear.constant]
    }

    /// True if fused steps are right, too.
    pub fn are_fused(self) -> bool {
        self.fused
    }
}
