//! Models of ADD, SUB and MUL of int8 in f32: the runtime's `kernels/elementwise_f32.rs`, and
//! `avx2/add_f32.rs` and `avx512/add_f32.rs` in its `simd/x86_64`.

use crate::arithmetic::convert::low_i8;
use crate::simd_models::float::{Rounding, fused, nearest};

/// The number 1.5 * 2^23: adding it rounds to an integer, which the low bits then hold.
const ROUND: f32 = 12_582_912.0;

/// The numbers of one element-wise operator, as kernels take them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Linear {
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

    /// Rounds to an integer by adding [`ROUND`], whose unit in the last place is 1, and cuts to
    /// the range on the bits: a larger number has larger bits.
    fn rounded(&self, y: f32) -> i32 {
        let bits = (y + ROUND).to_bits().cast_signed();
        let zero = ROUND.to_bits().cast_signed();
        let (min, max) = self.range;
        i32::from(low_i8(bits.max(zero + min).min(zero + max)))
    }
}
