//! MUL.

use super::broadcast::Broadcast;
use crate::arch::widely;
use crate::arithmetic::{Integer, Multiplier};

/// Parameters of [`mul`].
#[derive(Clone, Copy, Debug)]
pub struct Mul {
    /// How the operands meet.
    pub broadcast: Broadcast,
    /// Operand 1's negated zero point.
    pub input1_offset: i32,
    /// Operand 2's negated zero point.
    pub input2_offset: i32,
    /// Both scales' product by the output's.
    pub output_multiplier: Multiplier,
    /// The output's zero point.
    pub output_offset: i32,
    /// Smallest output.
    pub activation_min: i32,
    /// Largest output.
    pub activation_max: i32,
}

impl Mul {
    #[inline(always)]
    fn element<T: Integer>(&self, a: T, b: T) -> T {
        let product = (a.wide() + self.input1_offset).wrapping_mul(b.wide() + self.input2_offset);
        let q = self
            .output_multiplier
            .apply(product)
            .wrapping_add(self.output_offset);
        T::wrapped(q.max(self.activation_min).min(self.activation_max))
    }
}

widely! {
/// `input1 * input2`.
pub fn mul<T: Integer>(p: &Mul, input1: &[T], input2: &[T], output: &mut [T]) {
    p.broadcast
        .apply(input1, input2, output, |a, b| p.element(a, b));
}

/// `in_out * input2`, in place.
pub fn mul_in_place<T: Integer>(p: &Mul, in_out: &mut [T], input2: &[T]) {
    p.broadcast
        .apply_in_place(in_out, input2, |a, b| p.element(a, b));
}
}
