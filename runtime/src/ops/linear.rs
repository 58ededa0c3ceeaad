//! Elementwise operators of two int8 operands in f32 arithmetic, which LLVM vectorizes:
//! `a * first + (b * second + constant)` or `(a + offset) * (b + offset) * first +
//! constant`, each step rounded. The compiler has compared the outputs of all 65536
//! pairs with the reference's.

/// The numbers; small cores do not keep them.
#[derive(Clone, Copy, Debug)]
pub struct Linear {
    #[cfg(niello_vector)]
    first: f32,
    #[cfg(niello_vector)]
    second: f32,
    #[cfg(niello_vector)]
    constant: f32,
}

impl Linear {
    /// No numbers give the reference's outputs, or none were found.
    pub const NONE: Self = Self::new(0.0, 0.0, f32::NAN);

    /// Numbers that give the reference's outputs.
    #[cfg_attr(not(niello_vector), expect(unused_variables))]
    pub const fn new(first: f32, second: f32, constant: f32) -> Self {
        Self {
            #[cfg(niello_vector)]
            first,
            #[cfg(niello_vector)]
            second,
            #[cfg(niello_vector)]
            constant,
        }
    }
}

#[cfg(niello_vector)]
pub(super) use on_vectors::{Between, product, product_in_place, sum, sum_in_place};

#[cfg(niello_vector)]
mod on_vectors {
    use super::Linear;
    use crate::arch::widely;
    use crate::ops::Broadcast;

    /// Adding this rounds to an integer, the low bits of the result, if there are no
    /// more than 22 of them.
    const ROUND: f32 = 12_582_912.0;

    impl Linear {
        /// True if there are numbers.
        #[inline(always)]
        pub(in crate::ops) fn is_there(&self) -> bool {
            !self.constant.is_nan()
        }
    }

    /// Smallest and largest output.
    pub(in crate::ops) struct Between(pub(in crate::ops) i32, pub(in crate::ops) i32);

    impl Between {
        #[inline(always)]
        fn rounded(&self, y: f32) -> i8 {
            let bits = (y + ROUND).to_bits() as i32;
            let zero = ROUND.to_bits() as i32;
            bits.max(zero + self.0).min(zero + self.1) as i8
        }
    }

    widely! {
    /// The weighted sum.
    pub(in crate::ops) fn sum(p: &Linear, broadcast: &Broadcast, to: Between, a: &[i8], b: &[i8], output: &mut [i8]) {
        broadcast.apply(a, b, output, |a, b| {
            to.rounded(f32::from(a) * p.first + (f32::from(b) * p.second + p.constant))
        });
    }

    /// The same in place of the first operand.
    pub(in crate::ops) fn sum_in_place(p: &Linear, broadcast: &Broadcast, to: Between, in_out: &mut [i8], b: &[i8]) {
        broadcast.apply_in_place(in_out, b, |a, b| {
            to.rounded(f32::from(a) * p.first + (f32::from(b) * p.second + p.constant))
        });
    }

    /// The product of operands and their offsets.
    pub(in crate::ops) fn product(p: &Linear, broadcast: &Broadcast, offsets: [i32; 2], to: Between, a: &[i8], b: &[i8], output: &mut [i8]) {
        let [first, second] = offsets.map(|offset| offset as f32);
        broadcast.apply(a, b, output, |a, b| {
            to.rounded((f32::from(a) + first) * (f32::from(b) + second) * p.first + p.constant)
        });
    }

    /// The same in place of the first operand.
    pub(in crate::ops) fn product_in_place(p: &Linear, broadcast: &Broadcast, offsets: [i32; 2], to: Between, in_out: &mut [i8], b: &[i8]) {
        let [first, second] = offsets.map(|offset| offset as f32);
        broadcast.apply_in_place(in_out, b, |a, b| {
            to.rounded((f32::from(a) + first) * (f32::from(b) + second) * p.first + p.constant)
        });
    }
    }
}
