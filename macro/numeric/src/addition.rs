//! The integer addition of the 8-bit quantization specification.

use crate::arithmetic::fixed_point::Multiplier;

/// The numbers of an addition, or subtraction, of two quantized tensors:
///
/// ```text
/// term[i] = multiplier[i] * ((x[i] + offset[i]) << left_shift)
/// y = clamp(output * (term[0] + term[1]) + output_offset)
/// ```
///
/// Both terms have the same scale, twice the larger one of the operands, and `left_shift` more
/// bits: 20 for int8, 15 for int16.
#[derive(Clone, Debug)]
pub struct AddParams {
    /// The negated zero points of the operands.
    pub offsets: [i32; 2],
    /// From each operand's scale to that of the terms.
    pub multipliers: [Multiplier; 2],
    /// From the scale of the terms to the output's.
    pub output: Multiplier,
    /// The zero point of the output.
    pub output_offset: i32,
    /// The least and the greatest output.
    pub activation: (i32, i32),
    /// The second term is subtracted.
    pub subtract: bool,
    /// How many bits the terms have more than the operands: [`AddParams::INT8`] or
    /// [`AddParams::INT16`].
    pub left_shift: u32,
}

impl AddParams {
    /// How many bits more terms have than int8 operands.
    pub const INT8: u32 = 20;
    /// How many bits more terms have than int16 operands.
    pub const INT16: u32 = 15;

    /// True if operands and output are int8.
    pub fn is_int8(&self) -> bool {
        self.left_shift == Self::INT8
    }

    /// The quantized outputs for two tensors whose elements meet at these positions.
    pub fn outputs(&self, a: &[i32], b: &[i32], positions: &[(usize, usize)]) -> Vec<i32> {
        let outputs = positions.iter().map(|&(i, j)| self.output_of(a[i], b[j]));
        outputs.collect()
    }

    /// The quantized output for two quantized operands.
    pub fn output_of(&self, a: i32, b: i32) -> i32 {
        let scaled = |operand: usize, x: i32| {
            let x = (x + self.offsets[operand]) << self.left_shift;
            self.multipliers[operand].apply(x)
        };
        let (x, y) = (scaled(0, a), scaled(1, b));
        let sum = if self.subtract {
            x.wrapping_sub(y)
        } else {
            x.wrapping_add(y)
        };
        let q = self.output.apply(sum).wrapping_add(self.output_offset);
        q.clamp(self.activation.0, self.activation.1)
    }

    /// The sum as `first * a + second * b + constant`, in real numbers.
    pub fn factors(&self) -> [f64; 3] {
        let unit = self.output.real() * f64::from(1 << self.left_shift);
        let sign = if self.subtract { -1.0 } else { 1.0 };
        let first = self.multipliers[0].real() * unit;
        let second = self.multipliers[1].real() * unit * sign;
        let offsets = self.offsets.map(f64::from);
        let shift = offsets[0] * first + offsets[1] * second;
        [first, second, shift + f64::from(self.output_offset)]
    }

    /// The zero point of the first operand.
    pub fn zero_point(&self) -> i32 {
        -self.offsets[0]
    }
}
