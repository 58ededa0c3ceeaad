//! Functions of one int16 value that int8 has as tables.

use crate::arithmetic::fixed_point::{Multiplier, inverse_sqrt};

/// Parameters of the kernel [`two_slopes_i16`].
#[derive(Clone, Copy, Debug)]
pub struct TwoSlopesI16 {
    /// The input's negated zero point.
    pub input_offset: i32,
    /// Multiplier of inputs from 0 on.
    pub positive: Multiplier,
    /// Multiplier of inputs below 0.
    pub negative: Multiplier,
    /// Zero point of the output tensor.
    pub output_offset: i32,
}

/// A line with a bend at 0: LEAKY_RELU and ABS.
pub fn two_slopes_i16(p: &TwoSlopesI16, input: &[i16], output: &mut [i16]) {
    for (out, &q) in output.iter_mut().zip(input) {
        let x = i32::from(q).wrapping_add(p.input_offset);
        let slope = if x < 0 { p.negative } else { p.positive };
        let y = slope.apply(x).saturating_add(p.output_offset);
        *out = y.clamp(-32768, 32767) as i16;
    }
}

/// Parameters of the kernel [`rsqrt_i16`].
#[derive(Clone, Copy, Debug)]
pub struct RsqrtI16 {
    /// `1 / (sqrt(input_scale) * output_scale)`.
    pub multiplier: Multiplier,
}

/// `1 / sqrt(x)`; the largest number for inputs that have no root.
pub fn rsqrt_i16(p: &RsqrtI16, input: &[i16], output: &mut [i16]) {
    // Bits that keep the root an integer.
    const SHIFT: i32 = 20;
    let back = Multiplier {
        shift: p.multiplier.shift - SHIFT,
        ..p.multiplier
    };
    for (out, &q) in output.iter_mut().zip(input) {
        *out = i16::MAX;
        if q > 0 {
            let root = inverse_sqrt(q.into());
            let root = Multiplier {
                shift: root.shift + SHIFT,
                ..root
            };
            *out = back.apply(root.apply(1)).clamp(-32768, 32767) as i16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Multiplier = Multiplier {
        multiplier: 1 << 30,
        shift: 1,
    };

    #[test]
    fn lines_bend_and_saturate() {
        let p = TwoSlopesI16 {
            input_offset: 0,
            positive: ONE,
            negative: Multiplier {
                multiplier: -(1 << 30),
                shift: 0,
            },
            output_offset: 1,
        };
        let mut output = [0; 3];
        two_slopes_i16(&p, &[-8, 5, 32767], &mut output);
        assert_eq!(output, [5, 6, 32767]);
    }

    #[test]
    fn roots_have_no_sign() {
        let p = RsqrtI16 {
            multiplier: Multiplier { shift: 11, ..ONE },
        };
        let mut output = [0; 3];
        rsqrt_i16(&p, &[4, 0, -3], &mut output);
        assert_eq!(output, [512, 32767, 32767]);
    }
}
