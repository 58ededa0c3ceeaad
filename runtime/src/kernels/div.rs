//! DIV by a fixed-point reciprocal, and FLOOR_DIV.

use crate::arithmetic::fixed_point::{
    Multiplier, one_over_one_plus_x, rounding_divide_by_pot, saturating_rounding_doubling_high_mul,
};
use crate::params::broadcast::Broadcast;

/// Parameters of the kernel [`div`].
#[derive(Clone, Copy, Debug)]
pub struct Div {
    /// Sizes and strides of the operands.
    pub broadcast: Broadcast,
    /// Operand 1's negated zero point.
    pub input1_offset: i32,
    /// Operand 2's negated zero point.
    pub input2_offset: i32,
    /// Scale 1 by scale 2 and the output's.
    pub output_multiplier: Multiplier,
    /// Zero point of the output tensor.
    pub output_offset: i32,
    /// Smallest output; smaller ones are clamped.
    pub activation_min: i32,
    /// Largest output; larger ones are clamped.
    pub activation_max: i32,
}

/// Parameters of the kernel [`floor_div`].
#[derive(Clone, Copy, Debug)]
pub struct FloorDiv {
    /// Sizes and strides of the operands.
    pub broadcast: Broadcast,
    /// Operand 1's negated zero point.
    pub input1_offset: i32,
    /// Operand 2's negated zero point.
    pub input2_offset: i32,
    /// `scale1 / scale2`, as a multiplier.
    pub ratio: Multiplier,
    /// Rounded to nearest instead of down.
    pub nearest: bool,
    /// `1 / output_scale`, as a multiplier.
    pub output_multiplier: Multiplier,
    /// Zero point of the output tensor.
    pub output_offset: i32,
    /// Smallest output; smaller ones are clamped.
    pub activation_min: i32,
    /// Largest output; larger ones are clamped.
    pub activation_max: i32,
}

impl Div {
    fn element(&self, a: i8, b: i8) -> i8 {
        let mut a = i32::from(a) + self.input1_offset;
        let mut b = i32::from(b) + self.input2_offset;
        if b < 0 {
            (a, b) = (-a, -b);
        }
        let q = if b == 0 {
            // The nearest there is to infinity.
            match a.signum() {
                1 => 127,
                -1 => -128,
                _ => self.output_offset,
            }
        } else {
            let zeros = b.leading_zeros();
            let fraction = (b as u32).wrapping_shl(zeros).wrapping_sub(1 << 31) as i32;
            let inverse = one_over_one_plus_x(fraction);
            let magnitude = a.unsigned_abs().max(1);
            let headroom = magnitude.leading_zeros() - 1;
            // A negative power of two has one more bit of room.
            let headroom = headroom + u32::from(a < 0 && magnitude.is_power_of_two());
            let quotient = saturating_rounding_doubling_high_mul(a.wrapping_shl(headroom), inverse);
            let multiplier = self.output_multiplier.multiplier;
            let scaled = saturating_rounding_doubling_high_mul(quotient, multiplier);
            let shift = self.output_multiplier.shift - (31 - zeros as i32) - headroom as i32;
            let scaled = match shift {
                1.. => scaled.saturating_mul(1 << shift.min(30)),
                -31..=0 => rounding_divide_by_pot(scaled, shift.unsigned_abs()),
                _ => 0,
            };
            scaled.saturating_add(self.output_offset)
        };
        q.max(self.activation_min).min(self.activation_max) as i8
    }
}

/// Computes `output = input1 / input2`, broadcast.
pub fn div(p: &Div, input1: &[i8], input2: &[i8], output: &mut [i8]) {
    p.broadcast
        .apply(input1, input2, output, |a, b| p.element(a, b));
}

impl FloorDiv {
    fn element(&self, a: i8, b: i8) -> i8 {
        let a = i32::from(a) + self.input1_offset;
        let b = i32::from(b) + self.input2_offset;
        let shift = self.ratio.shift.clamp(-20, 20);
        let (up, down) = (shift.max(0) as u32, (-shift).max(0) as u32);
        let numerator = (i64::from(a) * i64::from(self.ratio.multiplier)) << up;
        let denominator = i64::from(b) << (31 + down).min(54);
        let q = match (numerator.checked_div(denominator), a) {
            (None, 0) => 0,
            (None, a) => i32::MAX / 2 * a.signum(),
            (Some(quotient), _) => {
                let rest = numerator.wrapping_sub(quotient.wrapping_mul(denominator));
                let negative = (rest < 0) != (denominator < 0);
                let whole = if self.nearest {
                    let away = rest.unsigned_abs() * 2 >= denominator.unsigned_abs();
                    quotient + i64::from(away) * if negative { -1 } else { 1 }
                } else {
                    quotient - i64::from(rest != 0 && negative)
                };
                let whole = whole.clamp(-(1 << 20), 1 << 20) as i32;
                self.output_multiplier.apply(whole)
            }
        };
        q.saturating_add(self.output_offset)
            .max(self.activation_min)
            .min(self.activation_max) as i8
    }
}

/// The integer below `input1 / input2`.
pub fn floor_div(p: &FloorDiv, input1: &[i8], input2: &[i8], output: &mut [i8]) {
    p.broadcast
        .apply(input1, input2, output, |a, b| p.element(a, b));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_round_and_saturate() {
        let p = Div {
            broadcast: Broadcast {
                dims: [1, 1, 1, 1, 1, 5],
                strides1: [0, 0, 0, 0, 0, 1],
                strides2: [0, 0, 0, 0, 0, 1],
            },
            input1_offset: 0,
            input2_offset: 0,
            // All scales are 1.
            output_multiplier: Multiplier {
                multiplier: 1 << 30,
                shift: 1,
            },
            output_offset: 0,
            activation_min: -128,
            activation_max: 127,
        };
        let mut output = [0; 5];
        div(&p, &[100, -100, 7, 5, 0], &[7, 3, -3, 0, 0], &mut output);
        assert_eq!(output, [14, -33, -2, 127, 0]);
    }
}
