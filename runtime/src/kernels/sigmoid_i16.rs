//! LOGISTIC and TANH of int16, to Q0.15: the reference's interpolated table.

use crate::arithmetic::sigmoid_lut_i16;
use crate::arithmetic::sigmoid_lut_i16::Steps;

/// 1 / (1 + exp(-x)).
pub fn logistic_i16(p: &Steps, input: &[i16], output: &mut [i16]) {
    for (out, &x) in output.iter_mut().zip(input) {
        *out = sigmoid_lut_i16::logistic(x, *p);
    }
}

/// Computes `y = tanh(x)` in f32.
pub fn tanh_i16(p: &Steps, input: &[i16], output: &mut [i16]) {
    for (out, &x) in output.iter_mut().zip(input) {
        *out = sigmoid_lut_i16::tanh(x, *p);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_follow_the_real_functions() {
        let steps = Steps {
            multiplier: 3,
            shift: 0,
        };
        let input = [0, 4096, -4096, 32767, -32768];
        let mut output = [0; 5];
        let near = |output: [i16; 5], real: [f32; 5]| {
            for (q, real) in output.into_iter().zip(real) {
                assert!((f32::from(q) - real * 32768.0).abs() < 1.5, "{q} {real}");
            }
        };
        logistic_i16(&steps, &input, &mut output);
        near(
            output,
            [0.5, 0.731_058_6, 0.268_941_4, 0.999_664_6, 0.000_335_4],
        );
        tanh_i16(&steps, &input, &mut output);
        near(output, [0.0, 0.761_594_2, -0.761_594_2, 1.0, -1.0]);
    }
}
