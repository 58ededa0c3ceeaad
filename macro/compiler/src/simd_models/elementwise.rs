//! ADD, SUB and MUL of int8: the runtime's `ops/linear.rs` and `arch/vector/sum.rs`.

use crate::simd_models::float::{Rounding, fused, nearest};

/// Adding this rounds to an integer, the low bits of the result.
const ROUND: f32 = 12_582_912.0;

/// What kernels compute with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Linear {
    pub first: f32,
    pub second: f32,
    pub constant: f32,
    /// Smallest and largest output.
    pub range: (i32, i32),
}

impl Linear {
    /// `a * first + (b * second + constant)`, each step rounded.
    pub(crate) fn sum(&self, a: i8, b: i8) -> i32 {
        let (a, b) = (f32::from(a), f32::from(b));
        self.rounded(a * self.first + (b * self.second + self.constant))
    }

    /// The sum of two operands in two fused multiply-adds. `a` may count from a zero point.
    pub(crate) fn fused_sum(&self, a: i32, b: i8) -> i32 {
        let inner = fused(b.into(), self.second, self.constant, Rounding::Nearest);
        let sum = nearest(fused(a as f32, self.first, inner, Rounding::Nearest));
        // Narrowed with saturation.
        let (min, max) = self.range;
        sum.clamp(-128, 127).max(min).min(max)
    }

    /// `(a + offset) * (b + offset) * first + constant`, each step rounded.
    pub(crate) fn product(&self, offsets: [i32; 2], a: i8, b: i8) -> i32 {
        let [first, second] = offsets.map(|offset| offset as f32);
        let product = (f32::from(a) + first) * (f32::from(b) + second);
        self.rounded(product * self.first + self.constant)
    }

    /// By the bits of a number that the unit in the last place of is 1: those of a larger
    /// number are more, those of a negative one are below 0.
    fn rounded(&self, y: f32) -> i32 {
        let bits = (y + ROUND).to_bits() as i32;
        let zero = ROUND.to_bits() as i32;
        let (min, max) = self.range;
        i32::from(bits.max(zero + min).min(zero + max) as i8)
    }
}
