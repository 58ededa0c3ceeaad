//! SOFTMAX in fixed point; output scale 1/256, zero point -128.

use crate::arithmetic::fixed_point::{
    Multiplier, exp_on_negative_values, one_over_one_plus_x, rounding_divide_by_pot,
    saturating_rounding_doubling_high_mul,
};

/// Parameters of the kernel [`softmax`].
#[derive(Clone, Copy, Debug)]
pub struct Softmax<E> {
    /// Number of elements of a row.
    pub depth: usize,
    /// The exponential function of differences to the maximum.
    pub exponentials: E,
}

/// exp(-d) in Q0.31 for a difference of d steps to the row's maximum; nothing for
/// those that count as 0.
pub trait Exponentials {
    /// The exponential of one difference, 0 to 255.
    fn of(&self, difference: i32) -> Option<i32>;

    /// [`softmax`], as a method of each type: compiled with this crate's options.
    fn softmax(p: &Softmax<Self>, input: &[i8], output: &mut [i8])
    where
        Self: Sized;
}

/// Exponentials as a table, which is fast.
impl Exponentials for &[i32] {
    #[inline(always)]
    fn of(&self, difference: i32) -> Option<i32> {
        self.get(difference as usize).copied()
    }

    #[cfg_attr(not(niello_vector), inline(always))]
    fn softmax(p: &Softmax<Self>, input: &[i8], output: &mut [i8]) {
        softmax_inner(p, input, output);
    }
}

/// Computed: the input's scale in Q5.26 and the largest difference that counts.
impl Exponentials for (Multiplier, i32) {
    #[inline(always)]
    fn of(&self, difference: i32) -> Option<i32> {
        let (scale, radius) = *self;
        let shifted = (-difference).wrapping_shl(scale.shift.max(0) as u32);
        let scaled = saturating_rounding_doubling_high_mul(shifted, scale.multiplier);
        (difference <= radius).then(|| exp_on_negative_values(scaled))
    }

    #[cfg_attr(not(niello_vector), inline(always))]
    fn softmax(p: &Softmax<Self>, input: &[i8], output: &mut [i8]) {
        softmax_inner(p, input, output);
    }
}

/// Computes all rows of the output.
pub fn softmax<E: Exponentials>(p: &Softmax<E>, input: &[i8], output: &mut [i8]) {
    E::softmax(p, input, output);
}

fn softmax_inner<E: Exponentials>(p: &Softmax<E>, input: &[i8], output: &mut [i8]) {
    let depth = p.depth.max(1);
    for (row, out) in input
        .chunks_exact(depth)
        .zip(output.chunks_exact_mut(depth))
    {
        let max = row.iter().fold(i8::MIN, |max, &q| max.max(q));
        let exponential = |q: i8| p.exponentials.of(i32::from(max) - i32::from(q));
        // Q12.19 has room for 4096 ones; the sum of more says enough, too.
        let sum = row
            .iter()
            .filter_map(|&q| exponential(q))
            .fold(0_i32, |sum, e| {
                sum.saturating_add(rounding_divide_by_pot(e, 12))
            });
        let headroom = sum.leading_zeros();
        let fraction = (sum as u32).wrapping_shl(headroom).wrapping_sub(1 << 31) as i32;
        let reciprocal = one_over_one_plus_x(fraction);
        // Above 31 (512 ones, for which the reference has no answer) outputs are less than half
        // a step.
        let exponent = (35_u32).wrapping_sub(headroom);
        for (out, &q) in out.iter_mut().zip(row) {
            *out = match exponential(q) {
                Some(e) if exponent <= 31 => {
                    let product = saturating_rounding_doubling_high_mul(reciprocal, e);
                    rounding_divide_by_pot(product, exponent)
                        .saturating_sub(128)
                        .clamp(-128, 127) as i8
                }
                _ => -128,
            };
        }
    }
}
