//! SQUARED_DIFFERENCE: both operands are brought to a common scale with 7 more bits.

use super::broadcast::Broadcast;
use super::comparison::CompareOperand;
use crate::arithmetic::Multiplier;

/// Parameters of [`squared_difference`].
#[derive(Clone, Copy, Debug)]
pub struct SquaredDifference {
    /// How the operands meet.
    pub broadcast: Broadcast,
    /// Operand 1.
    pub input1: CompareOperand,
    /// Operand 2.
    pub input2: CompareOperand,
    /// The squared common scale by the output's.
    pub output_multiplier: Multiplier,
    /// The output's zero point.
    pub output_offset: i32,
}

/// `(input1 - input2)^2`.
pub fn squared_difference(p: &SquaredDifference, input1: &[i8], input2: &[i8], output: &mut [i8]) {
    const LEFT_SHIFT: u32 = 7;
    p.broadcast.apply(input1, input2, output, |a, b| {
        let a = p.input1.scaled(a.into(), LEFT_SHIFT);
        let difference = a.wrapping_sub(p.input2.scaled(b.into(), LEFT_SHIFT));
        let square = difference.wrapping_mul(difference);
        let q = p
            .output_multiplier
            .apply(square)
            .wrapping_add(p.output_offset);
        q.clamp(-128, 127) as i8
    });
}
