//! BATCH_MATMUL: products of two stacks of computed matrices.

use crate::arithmetic::fixed_point::{Multiplier, multiply_i64};
use crate::params::broadcast::Broadcast;

/// The sizes of both stacks.
#[derive(Clone, Copy, Debug)]
pub struct Matrices {
    /// Sizes and strides of the stacks of matrices.
    pub broadcast: Broadcast,
    /// Number of rows of the output.
    pub rows: usize,
    /// Number of products per output element.
    pub depth: usize,
    /// Number of columns of the output.
    pub columns: usize,
    /// Steps to the next row and the next product in operand 1.
    pub strides1: [usize; 2],
    /// Steps to the next product and the next column in operand 2.
    pub strides2: [usize; 2],
}

impl Matrices {
    /// Element by element: sums from `start(column)` on, finished.
    #[inline(always)]
    fn multiply<X: Copy, A, Y>(
        &self,
        [input1, input2]: [&[X]; 2],
        output: &mut [Y],
        start: impl Fn(usize) -> A,
        add: impl Fn(A, X, X) -> A,
        finish: impl Fn(A) -> Y,
    ) {
        let mut outputs = output.iter_mut();
        self.broadcast.each(|a, b| {
            let (a, b) = (a * self.rows * self.depth, b * self.depth * self.columns);
            for row in 0..self.rows {
                for column in 0..self.columns {
                    let begin1 = a + row * self.strides1[0];
                    let begin2 = b + column * self.strides2[1];
                    let mut sum = start(column);
                    for k in 0..self.depth {
                        let x = input1.get(begin1 + k * self.strides1[1]);
                        let y = input2.get(begin2 + k * self.strides2[0]);
                        if let (Some(&x), Some(&y)) = (x, y) {
                            sum = add(sum, x, y);
                        } else {
                            debug_assert!(false, "an operand is too short");
                        }
                    }
                    if let Some(out) = outputs.next() {
                        *out = finish(sum);
                    }
                }
            }
        });
    }
}

/// Parameters of the kernel [`batch_matmul`].
#[derive(Clone, Copy, Debug)]
pub struct BatchMatmul<'a> {
    /// Sizes of the matrices and stacks.
    pub matrices: Matrices,
    /// Operand 1's negated zero point.
    pub input1_offset: i32,
    /// Operand 2's negated zero point.
    pub input2_offset: i32,
    /// Biases, one for each output column.
    pub bias: &'a [i32],
    /// `scale1 * scale2 / output_scale`.
    pub output_multiplier: Multiplier,
    /// Rounded once, as LiteRT's FULLY_CONNECTED does.
    pub rounds_once: bool,
    /// Zero point of the output tensor.
    pub output_offset: i32,
    /// Smallest output; smaller ones are clamped.
    pub activation_min: i32,
    /// Largest output; larger ones are clamped.
    pub activation_max: i32,
}

/// Computes BATCH_MATMUL of int8 tensors.
pub fn batch_matmul(p: &BatchMatmul<'_>, input1: &[i8], input2: &[i8], output: &mut [i8]) {
    p.matrices.multiply(
        [input1, input2],
        output,
        |column| p.bias.get(column).copied().unwrap_or(0),
        |sum, x, y| {
            let (x, y) = (
                i32::from(x) + p.input1_offset,
                i32::from(y) + p.input2_offset,
            );
            sum.wrapping_add(x * y)
        },
        |sum| {
            let scaled = if p.rounds_once {
                p.output_multiplier.apply_once(sum)
            } else {
                p.output_multiplier.apply(sum)
            };
            let q = scaled.wrapping_add(p.output_offset);
            q.max(p.activation_min).min(p.activation_max) as i8
        },
    );
}

/// Computes BATCH_MATMUL of int16 tensors, with sums of 64 bits.
pub fn batch_matmul_i16(p: &BatchMatmul<'_>, input1: &[i16], input2: &[i16], output: &mut [i16]) {
    p.matrices.multiply(
        [input1, input2],
        output,
        |column| i64::from(p.bias.get(column).copied().unwrap_or(0)),
        |sum, x, y| {
            let x = i64::from(x) + i64::from(p.input1_offset);
            sum.wrapping_add(x * (i64::from(y) + i64::from(p.input2_offset)))
        },
        |sum| {
            let q = multiply_i64(sum, p.output_multiplier).wrapping_add(p.output_offset);
            q.max(p.activation_min).min(p.activation_max) as i16
        },
    );
}

/// Parameters of the kernel [`float_batch_matmul`].
#[derive(Clone, Copy, Debug)]
pub struct FloatBatchMatmul<'a> {
    /// Sizes of the matrices and stacks.
    pub matrices: Matrices,
    /// Biases, one for each output column.
    pub bias: &'a [f32],
    /// Smallest output; smaller ones are clamped.
    pub activation_min: f32,
    /// Largest output; larger ones are clamped.
    pub activation_max: f32,
}

/// Computes BATCH_MATMUL of f32 tensors.
pub fn float_batch_matmul(
    p: &FloatBatchMatmul<'_>,
    input1: &[f32],
    input2: &[f32],
    output: &mut [f32],
) {
    p.matrices.multiply(
        [input1, input2],
        output,
        |column| p.bias.get(column).copied().unwrap_or(0.0),
        |sum: f32, x, y| sum + x * y,
        |sum| sum.max(p.activation_min).min(p.activation_max),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matrices_multiply_transposed_or_not() {
        let mut p = FloatBatchMatmul {
            matrices: Matrices {
                broadcast: Broadcast {
                    dims: [1; 6],
                    strides1: [0; 6],
                    strides2: [0; 6],
                },
                rows: 1,
                depth: 2,
                columns: 2,
                strides1: [2, 1],
                strides2: [2, 1],
            },
            bias: &[0.0, 10.0],
            activation_min: f32::NEG_INFINITY,
            activation_max: f32::INFINITY,
        };
        let mut output = [0.0; 2];
        float_batch_matmul(&p, &[1.0, 2.0], &[1.0, 2.0, 3.0, 4.0], &mut output);
        assert_eq!(output, [7.0, 20.0]);
        p.matrices.strides2 = [1, 2];
        float_batch_matmul(&p, &[1.0, 2.0], &[1.0, 2.0, 3.0, 4.0], &mut output);
        assert_eq!(output, [5.0, 21.0]);
    }
}
