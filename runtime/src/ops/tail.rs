//! Functions of f32 outputs, in place: they spare the output an int8 step.

use crate::arithmetic::exp_of_negative;

/// The last step before an f32 output.
#[derive(Clone, Copy, Debug)]
pub enum Tail {
    /// 1 / (1 + exp(-x)).
    Logistic,
    /// Hyperbolic tangent.
    Tanh,
    /// Over rows.
    Softmax {
        /// Factor of the exponents.
        beta: f32,
        /// Elements of a row.
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

/// The same of another tensor.
pub fn tail(p: &Tail, input: &[f32], output: &mut [f32]) {
    for (out, x) in output.iter_mut().zip(input) {
        *out = *x;
    }
    tail_in_place(p, output);
}

/// Applies the function to every element or row.
pub fn tail_in_place(p: &Tail, in_out: &mut [f32]) {
    match *p {
        Tail::Logistic => in_out.iter_mut().for_each(|x| *x = logistic(*x)),
        Tail::Tanh => in_out.iter_mut().for_each(|x| *x = tanh(*x)),
        Tail::Softmax { beta, depth } => {
            in_out
                .chunks_exact_mut(depth.max(1))
                .for_each(|row| softmax(row, beta));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_take_known_values() {
        let close = |a: f32, b: f32| assert!((a - b).abs() <= 2e-7 * b.abs().max(1e-3), "{a} {b}");
        close(logistic(0.0), 0.5);
        close(logistic(2.0), 0.880_797_1);
        close(logistic(-2.0), 0.119_202_92);
        close(logistic(-100.0), 0.0);
        close(tanh(0.05), 0.049_958_375);
        close(tanh(-1.0), -0.761_594_2);
        close(tanh(20.0), 1.0);
        let mut row = [1.0, 2.0, 3.0];
        tail_in_place(
            &Tail::Softmax {
                beta: 1.0,
                depth: 3,
            },
            &mut row,
        );
        close(row[0], 0.090_030_57);
        close(row[1], 0.244_728_47);
        close(row[2], 0.665_240_94);
    }
}
