//! ADD_N: all operands are brought to a common scale with 20 more bits.

use super::add::AddOperand;
use crate::arithmetic::Multiplier;

/// Parameters of [`add_n`].
#[derive(Clone, Copy, Debug)]
pub struct AddN<const N: usize> {
    /// How each operand is rescaled.
    pub operands: [AddOperand; N],
    /// What the sum begins with.
    pub start: i32,
    /// The common scale by the output's.
    pub output_multiplier: Multiplier,
    /// The output's zero point.
    pub output_offset: i32,
}

/// The sum of all.
pub fn add_n<const N: usize>(p: &AddN<N>, inputs: [&[i8]; N], output: &mut [i8]) {
    for (i, out) in output.iter_mut().enumerate() {
        let mut sum = p.start;
        for (input, operand) in inputs.iter().zip(&p.operands) {
            sum = sum.wrapping_add(operand.scaled(input.get(i).copied().unwrap_or(0)));
        }
        let q = p.output_multiplier.apply(sum).wrapping_add(p.output_offset);
        *out = q.clamp(-128, 127) as i8;
    }
}
