//! SQUARED_DIFFERENCE: both operands are brought to a common scale, in int8 with
//! 7 more bits.

use crate::arithmetic::fixed_point::{Integer, Multiplier};
use crate::kernels::comparison::CompareOperand;
use crate::params::broadcast::Broadcast;

/// Parameters of the kernel [`squared_difference`].
#[derive(Clone, Copy, Debug)]
pub struct SquaredDifference {
    /// Sizes and strides of the operands.
    pub broadcast: Broadcast,
    /// How operand 1 is rescaled.
    pub input1: CompareOperand,
    /// How operand 2 is rescaled.
    pub input2: CompareOperand,
    /// The squared common scale by the output's.
    pub output_multiplier: Multiplier,
    /// Zero point of the output tensor.
    pub output_offset: i32,
}

/// Computes `output = (input1 - input2)^2`, broadcast.
pub fn squared_difference(p: &SquaredDifference, input1: &[i8], input2: &[i8], output: &mut [i8]) {
    of::<i8, 7>(p, input1, input2, output);
}

/// Computes `output = (input1 - input2)^2` of int16 tensors.
pub fn squared_difference_i16(
    p: &SquaredDifference,
    input1: &[i16],
    input2: &[i16],
    output: &mut [i16],
) {
    of::<i16, 0>(p, input1, input2, output);
}

#[inline(always)]
fn of<T: Integer, const LEFT_SHIFT: u32>(
    p: &SquaredDifference,
    input1: &[T],
    input2: &[T],
    output: &mut [T],
) {
    p.broadcast.apply(input1, input2, output, |a, b| {
        let a = p.input1.scaled(a.wide(), LEFT_SHIFT);
        let difference = a.wrapping_sub(p.input2.scaled(b.wide(), LEFT_SHIFT));
        let square = difference.wrapping_mul(difference);
        let q = p
            .output_multiplier
            .apply(square)
            .wrapping_add(p.output_offset);
        T::saturated(q)
    });
}
