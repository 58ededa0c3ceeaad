//! LOG_SOFTMAX in fixed point; output scale 1/16, zero point 127.

use crate::arithmetic::fixed_point::{Multiplier, log_of_q12, rounding_divide_by_pot};

/// Parameters of the kernel [`log_softmax`].
#[derive(Clone, Copy, Debug)]
pub struct LogSoftmax<'a> {
    /// Number of elements of a row.
    pub depth: usize,
    /// exp(-d) in Q12.19 for a difference of d steps to the row's maximum.
    pub exponentials: &'a [i32],
    /// Negated differences to the largest input, in Q5.26.
    pub differences: &'a [i32],
    /// Multiplier from Q5.26 to output steps.
    pub reverse: Multiplier,
    /// Differences below it count as minus infinity.
    pub min_difference: i32,
}

/// Computes all rows of the output.
pub fn log_softmax(p: &LogSoftmax<'_>, input: &[i8], output: &mut [i8]) {
    let depth = p.depth.max(1);
    for (row, out) in input
        .chunks_exact(depth)
        .zip(output.chunks_exact_mut(depth))
    {
        let max = row.iter().fold(i8::MIN, |max, &q| max.max(q));
        let steps = |q: i8| (i32::from(max) - i32::from(q)) as usize;
        let sum = row.iter().fold(0_i32, |sum, &q| {
            sum.saturating_add(p.exponentials.get(steps(q)).copied().unwrap_or(0))
        });
        let log = log_of_q12(sum);
        let lowest = p.reverse.apply(log.wrapping_add(i32::MIN));
        let lowest = lowest.max(p.min_difference - 1);
        for (out, &q) in out.iter_mut().zip(row) {
            *out = match p.differences.get(steps(q)) {
                Some(d) if -(steps(q) as i32) > lowest => {
                    let q = rounding_divide_by_pot(d.wrapping_sub(log), 22).saturating_add(127);
                    q.clamp(-128, 127) as i8
                }
                _ => -128,
            };
        }
    }
}
