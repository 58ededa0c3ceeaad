//! Functions of f32 outputs, in place: they spare the output an int8 step.

use crate::arithmetic::fixed_point::exp_of_negative;

/// The last step before an f32 output.
#[derive(Clone, Copy, Debug)]
pub enum FloatEpilogue {
    /// 1 / (1 + exp(-x)).
    Logistic,
    /// Computes `y = tanh(x)` in f32.
    Tanh,
    /// Softmax over each row of elements.
    Softmax {
        /// Factor that exponents are multiplied by.
        beta: f32,
        /// Number of elements of a row.
        depth: usize,
    },
    /// The logarithm of softmax, over rows.
    LogSoftmax {
        /// Number of elements of a row.
        depth: usize,
    },
}

/// 1 / (1 + exp(-x)).
pub(super) fn logistic(x: f32) -> f32 {
    let e = exp_of_negative(-x.abs());
    let positive = 1.0 / (1.0 + e);
    if x >= 0.0 { positive } else { e * positive }
}

/// Hyperbolic tangent; a series near 0, where exponentials cancel.
pub(super) fn tanh(x: f32) -> f32 {
    if x.abs() < 0.1 {
        let x2 = x * x;
        return x * (1.0 - x2 * (1.0 / 3.0 - x2 * (2.0 / 15.0 - x2 * (17.0 / 315.0))));
    }
    let e = exp_of_negative(-2.0 * x.abs());
    let magnitude = (1.0 - e) / (1.0 + e);
    if x >= 0.0 { magnitude } else { -magnitude }
}

fn softmax(row: &mut [f32], beta: f32) {
    let max = row.iter().fold(f32::NEG_INFINITY, |max, &x| max.max(x));
    let mut sum = 0.0;
    for x in row.iter_mut() {
        *x = exp_of_negative((*x - max) * beta);
        sum += *x;
    }
    for x in row {
        *x /= sum;
    }
}

/// Natural logarithm of a finite `x` of at least 1: `x = m * 2^e` with `m` around 1, and
/// `ln m = 2 artanh((m - 1) / (m + 1))`.
fn log_above_one(x: f32) -> f32 {
    // The bits of sqrt(1/2) put m between sqrt(1/2) and sqrt(2).
    const HALF_ROOT: u32 = 0x3f35_04f3;
    let exponent = (x.to_bits().wrapping_sub(HALF_ROOT) as i32) >> 23;
    let m = f32::from_bits(x.to_bits().wrapping_sub((exponent << 23) as u32));
    let s = (m - 1.0) / (m + 1.0);
    let s2 = s * s;
    let series = s2 * (1.0 / 3.0 + s2 * (1.0 / 5.0 + s2 * (1.0 / 7.0 + s2 * (1.0 / 9.0))));
    exponent as f32 * core::f32::consts::LN_2 + 2.0 * (s + s * series)
}

fn log_softmax(row: &mut [f32]) {
    let max = row.iter().fold(f32::NEG_INFINITY, |max, &x| max.max(x));
    let sum = row
        .iter()
        .fold(0.0, |sum, x| sum + exp_of_negative(x - max));
    let log = log_above_one(sum);
    for x in row {
        *x = *x - max - log;
    }
}

/// Computes the function of another tensor.
pub fn float_epilogue(p: &FloatEpilogue, input: &[f32], output: &mut [f32]) {
    for (out, x) in output.iter_mut().zip(input) {
        *out = *x;
    }
    float_epilogue_in_place(p, output);
}

/// Applies the function to every element or row.
pub fn float_epilogue_in_place(p: &FloatEpilogue, in_out: &mut [f32]) {
    match *p {
        FloatEpilogue::Logistic => in_out.iter_mut().for_each(|x| *x = logistic(*x)),
        FloatEpilogue::Tanh => in_out.iter_mut().for_each(|x| *x = tanh(*x)),
        FloatEpilogue::Softmax { beta, depth } => {
            in_out
                .chunks_exact_mut(depth.max(1))
                .for_each(|row| softmax(row, beta));
        }
        FloatEpilogue::LogSoftmax { depth } => {
            in_out.chunks_exact_mut(depth.max(1)).for_each(log_softmax);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_take_known_values() {
        // Miri makes the standard library's functions less exact on purpose.
        let most = if cfg!(miri) { 1e-6 } else { 2e-7 };
        let close = |a: f32, b: f32| assert!((a - b).abs() <= most * b.abs().max(1e-3), "{a} {b}");
        close(logistic(0.0), 0.5);
        close(logistic(2.0), 0.880_797_1);
        close(logistic(-2.0), 0.119_202_92);
        close(logistic(-100.0), 0.0);
        close(tanh(0.05), 0.049_958_375);
        close(tanh(-1.0), -0.761_594_2);
        close(tanh(20.0), 1.0);
        let mut row = [1.0, 2.0, 3.0];
        float_epilogue_in_place(
            &FloatEpilogue::Softmax {
                beta: 1.0,
                depth: 3,
            },
            &mut row,
        );
        close(row[0], 0.090_030_57);
        close(row[1], 0.244_728_47);
        close(row[2], 0.665_240_94);
        for x in [1.0_f32, 1.2, 1.5, 2.0, 10.0, 1000.0] {
            close(log_above_one(x), x.ln());
        }
        let mut row = [1.0, 2.0, 3.0];
        float_epilogue_in_place(&FloatEpilogue::LogSoftmax { depth: 3 }, &mut row);
        close(row[0], -2.407_606);
        close(row[2], -0.407_605_96);
    }
}
