//! ADD_N: all operands are brought to a common scale with 20 more bits.

use crate::arithmetic::fixed_point::Multiplier;
use crate::params::add::AddOperand;

/// Parameters of the kernel [`add_n`].
#[derive(Clone, Copy, Debug)]
pub struct AddN<const N: usize> {
    /// How each operand is rescaled.
    pub operands: [AddOperand; N],
    /// Initial value of each sum.
    pub start: i32,
    /// The common scale by the output's.
    pub output_multiplier: Multiplier,
    /// Zero point of the output tensor.
    pub output_offset: i32,
}

/// Computes the sum of all operands.
pub fn add_n<const N: usize>(p: &AddN<N>, inputs: [&[i8]; N], output: &mut [i8]) {
    let is_whole = |input: &&[i8]| input.len() >= output.len();
    debug_assert!(inputs.iter().all(is_whole), "an operand is too short");
    for (i, out) in output.iter_mut().enumerate() {
        let mut sum = p.start;
        for (input, operand) in inputs.iter().zip(&p.operands) {
            sum = sum.wrapping_add(operand.scaled(input.get(i).copied().unwrap_or(0)));
        }
        let q = p.output_multiplier.apply(sum).wrapping_add(p.output_offset);
        *out = q.clamp(-128, 127) as i8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_operands_of_one_scale_add_up() {
        let operand = AddOperand {
            offset: 0,
            multiplier: Multiplier {
                multiplier: 1 << 30,
                shift: 0,
            },
        };
        let p = AddN {
            operands: [operand; 3],
            start: 0,
            output_multiplier: Multiplier {
                multiplier: 1 << 30,
                shift: -18,
            },
            output_offset: 1,
        };
        let mut output = [0; 2];
        add_n(&p, [&[1, 100], &[2, 100], &[3, 100]], &mut output);
        assert_eq!(output, [7, 127]);
    }
}
