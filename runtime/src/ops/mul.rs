//! MUL.

use super::broadcast::Broadcast;
use crate::arithmetic::Multiplier;

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
    fn element(&self, a: i8, b: i8) -> i8 {
        let product = (i32::from(a) + self.input1_offset) * (i32::from(b) + self.input2_offset);
        let q = self
            .output_multiplier
            .apply(product)
            .wrapping_add(self.output_offset);
        q.max(self.activation_min).min(self.activation_max) as i8
    }
}

/// `input1 * input2`.
pub fn mul(p: &Mul, input1: &[i8], input2: &[i8], output: &mut [i8]) {
    p.broadcast
        .apply(input1, input2, output, |a, b| p.element(a, b));
}

/// `in_out * input2`, in place.
pub fn mul_in_place(p: &Mul, in_out: &mut [i8], input2: &[i8]) {
    p.broadcast
        .apply_in_place(in_out, input2, |a, b| p.element(a, b));
}
