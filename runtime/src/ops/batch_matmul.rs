//! BATCH_MATMUL: products of two stacks of computed matrices.

use super::broadcast::Broadcast;
use crate::arithmetic::Multiplier;

/// Parameters of [`batch_matmul`].
#[derive(Clone, Copy, Debug)]
pub struct BatchMatmul<'a> {
    /// How the stacks meet.
    pub broadcast: Broadcast,
    /// Rows of the output.
    pub rows: usize,
    /// Products per element.
    pub depth: usize,
    /// Columns of the output.
    pub columns: usize,
    /// Steps to the next row and the next product in operand 1.
    pub strides1: [usize; 2],
    /// Steps to the next product and the next column in operand 2.
    pub strides2: [usize; 2],
    /// Operand 1's negated zero point.
    pub input1_offset: i32,
    /// Operand 2's negated zero point.
    pub input2_offset: i32,
    /// By column.
    pub bias: &'a [i32],
    /// Scale 1 times scale 2 by the output's.
    pub output_multiplier: Multiplier,
    /// Rounded once, as LiteRT's FULLY_CONNECTED does.
    pub rounds_once: bool,
    /// The output's zero point.
    pub output_offset: i32,
    /// Smallest output.
    pub activation_min: i32,
    /// Largest output.
    pub activation_max: i32,
}

/// Element by element.
pub fn batch_matmul(p: &BatchMatmul<'_>, input1: &[i8], input2: &[i8], output: &mut [i8]) {
    let mut outputs = output.iter_mut();
    p.broadcast.each(|a, b| {
        let (a, b) = (a * p.rows * p.depth, b * p.depth * p.columns);
        for row in 0..p.rows {
            for (column, &bias) in p.bias.iter().enumerate().take(p.columns) {
                let begin1 = a + row * p.strides1[0];
                let begin2 = b + column * p.strides2[1];
                let mut sum = bias;
                for k in 0..p.depth {
                    let x = input1.get(begin1 + k * p.strides1[1]).copied().unwrap_or(0);
                    let y = input2.get(begin2 + k * p.strides2[0]).copied().unwrap_or(0);
                    let x = i32::from(x) + p.input1_offset;
                    sum = sum.wrapping_add(x * (i32::from(y) + p.input2_offset));
                }
                let scaled = if p.rounds_once {
                    p.output_multiplier.apply_once(sum)
                } else {
                    p.output_multiplier.apply(sum)
                };
                let q = scaled.wrapping_add(p.output_offset);
                if let Some(out) = outputs.next() {
                    *out = q.max(p.activation_min).min(p.activation_max) as i8;
                }
            }
        }
    });
}
