//! ADD and SUB: both operands are brought to a common scale with 20 more bits.

use super::broadcast::Broadcast;
use crate::arithmetic::Multiplier;

/// How an operand is brought to the common scale.
#[derive(Clone, Copy, Debug)]
pub struct AddOperand {
    /// Its negated zero point.
    pub offset: i32,
    /// Its scale by twice the larger one.
    pub multiplier: Multiplier,
}

/// Parameters of both.
#[derive(Clone, Copy, Debug)]
pub struct Add {
    /// How the operands meet.
    pub broadcast: Broadcast,
    /// Operand 1.
    pub input1: AddOperand,
    /// Operand 2.
    pub input2: AddOperand,
    /// The common scale by the output's.
    pub output_multiplier: Multiplier,
    /// The output's zero point.
    pub output_offset: i32,
    /// Smallest output.
    pub activation_min: i32,
    /// Largest output.
    pub activation_max: i32,
}

impl AddOperand {
    #[inline(always)]
    pub(super) fn scaled(&self, q: i8) -> i32 {
        const LEFT_SHIFT: u32 = 20;
        self.multiplier
            .apply((i32::from(q) + self.offset) << LEFT_SHIFT)
    }
}

impl Add {
    #[inline(always)]
    fn finish(&self, sum: i32) -> i8 {
        let q = self
            .output_multiplier
            .apply(sum)
            .wrapping_add(self.output_offset);
        q.max(self.activation_min).min(self.activation_max) as i8
    }

    #[inline(always)]
    fn add(&self, a: i8, b: i8) -> i8 {
        self.finish(self.input1.scaled(a).wrapping_add(self.input2.scaled(b)))
    }

    #[inline(always)]
    fn sub(&self, a: i8, b: i8) -> i8 {
        self.finish(self.input1.scaled(a).wrapping_sub(self.input2.scaled(b)))
    }
}

/// `input1 + input2`.
pub fn add(p: &Add, input1: &[i8], input2: &[i8], output: &mut [i8]) {
    p.broadcast
        .apply(input1, input2, output, |a, b| p.add(a, b));
}

/// `in_out + input2`, in place.
pub fn add_in_place(p: &Add, in_out: &mut [i8], input2: &[i8]) {
    p.broadcast
        .apply_in_place(in_out, input2, |a, b| p.add(a, b));
}

/// `input1 - input2`.
pub fn sub(p: &Add, input1: &[i8], input2: &[i8], output: &mut [i8]) {
    p.broadcast
        .apply(input1, input2, output, |a, b| p.sub(a, b));
}

/// `in_out - input2`, in place.
pub fn sub_in_place(p: &Add, in_out: &mut [i8], input2: &[i8]) {
    p.broadcast
        .apply_in_place(in_out, input2, |a, b| p.sub(a, b));
}
