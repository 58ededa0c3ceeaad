//! Rounding with error feedback: the error of each rounded weight goes into the target of those
//! that are still to be rounded, as far as their inputs go together.
//!
//! With the second moments H of a sum's inputs, rounding weights by the errors e adds the mean
//! square error e'He to the sum. Sources: Frantar and Alistarh, "Optimal Brain Compression" (2022);
//! Frantar et al., "GPTQ" (2022), whose order (largest second moment first) and result this is,
//! here in the equivalent form of Babai's nearest plane: with H = U'U, U upper triangular, the
//! weights are rounded from the last to the first. Then single weights are moved by whole steps as
//! long as that makes the error less: Behdin et al., "QuantEase" (2023).

use crate::ir::rounding::Rounding;

/// How often all weights are looked at again.
const SWEEPS: usize = 4;

/// The second moments of the inputs of a sum, made ready for rounding.
pub(super) struct Feedback {
    depth: usize,
    /// Which input each row and column belongs to: the last one is rounded first.
    order: Vec<usize>,
    /// The damped second moments in this order, row by row.
    moments: Vec<f64>,
    /// The upper triangular root of the same.
    root: Vec<f64>,
    /// Weights, in this order, that stay at their nearest step.
    fixed: Vec<bool>,
}

/// Rounded weights of one channel.
pub(super) struct Rounded {
    /// In steps.
    pub steps: Vec<i32>,
    /// The error that they add to the sum: a mean square, damping included.
    pub error: f64,
}

/// The nearest step.
pub(super) fn nearest(weight: f64, scale: f64) -> f64 {
    (weight / scale).round().clamp(-127.0, 127.0)
}

impl Feedback {
    /// Of the second moments of `fixed.len()` inputs, row by row. `damping` is a share of their
    /// mean that is added to the diagonal. `None` if there is nothing to win: all inputs are zero.
    pub(super) fn new(second: &[f64], damping: f64, fixed: &[bool]) -> Option<Self> {
        let depth = fixed.len();
        let diagonal = |i: usize| second[i * depth + i];
        let mean = (0..depth).map(diagonal).sum::<f64>() / depth.max(1) as f64;
        if !(mean.is_finite() && mean > 0.0) {
            return None;
        }
        let mut order: Vec<usize> = (0..depth).collect();
        order.sort_by(|&a, &b| {
            let by_size = diagonal(a).total_cmp(&diagonal(b));
            fixed[a].cmp(&fixed[b]).then(by_size).then(b.cmp(&a))
        });
        let mut moments = vec![0.0; depth * depth];
        for (row, &i) in moments.chunks_exact_mut(depth).zip(&order) {
            for (to, &j) in row.iter_mut().zip(&order) {
                *to = second[i * depth + j];
            }
        }
        for i in 0..depth {
            moments[i * depth + i] += damping * mean;
        }
        let root = root(&moments, depth)?;
        Some(Self {
            depth,
            fixed: order.iter().map(|&i| fixed[i]).collect(),
            order,
            moments,
            root,
        })
    }

    /// Rounds the weights of a channel to steps of this size.
    pub(super) fn round(&self, weights: &[f64], scale: f64) -> Rounded {
        let depth = self.depth;
        let limits: Vec<[f64; 2]> = (0..depth)
            .map(|at| {
                let weight = weights[self.order[at]];
                let nearest = nearest(weight, scale);
                // What was taken out of the model stays out.
                let most = if self.fixed[at] || weight == 0.0 {
                    0.0
                } else {
                    f64::from(Rounding::MOST)
                };
                [(nearest - most).max(-127.0), (nearest + most).min(127.0)]
            })
            .collect();
        let mut steps = vec![0.0; depth];
        let mut errors = vec![0.0; depth];
        for at in (0..depth).rev() {
            let row = &self.root[at * depth..][at..depth];
            let weight = weights[self.order[at]];
            let behind = dot(&row[1..], &errors[at + 1..]);
            let target = (weight + behind / row[0]) / scale;
            steps[at] = target.round().clamp(limits[at][0], limits[at][1]);
            errors[at] = weight - steps[at] * scale;
        }
        let row = |at: usize| &self.moments[at * depth..][..depth];
        let mut slopes: Vec<f64> = (0..depth).map(|at| dot(row(at), &errors)).collect();
        for _ in 0..SWEEPS {
            let mut is_changed = false;
            for at in 0..depth {
                let more = (slopes[at] / (row(at)[at] * scale)).round();
                let moved = (steps[at] + more).clamp(limits[at][0], limits[at][1]);
                let change = (moved - steps[at]) * scale;
                if change == 0.0 {
                    continue;
                }
                is_changed = true;
                steps[at] = moved;
                errors[at] -= change;
                for (slope, moment) in slopes.iter_mut().zip(row(at)) {
                    *slope -= change * moment;
                }
            }
            if !is_changed {
                break;
            }
        }
        let mut all = vec![0; depth];
        for (&i, step) in self.order.iter().zip(&steps) {
            all[i] = *step as i32;
        }
        Rounded {
            steps: all,
            error: dot(&errors, &slopes),
        }
    }
}

/// The mean square error that these errors of weights add to a sum whose inputs have these second
/// moments.
pub(super) fn error(second: &[f64], errors: &[f64]) -> f64 {
    let rows = second.chunks_exact(errors.len().max(1));
    let products = rows.zip(errors).map(|(row, e)| e * dot(row, errors));
    products.sum()
}

/// Four sums beside each other: one alone would wait for each addition.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a_parts, b_parts) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest = a_parts.remainder().iter().zip(b_parts.remainder());
    let rest: f64 = rest.map(|(a, b)| a * b).sum();
    for (a, b) in a_parts.zip(b_parts) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// The upper triangular U with U'U = `a` (Cholesky); `None` if `a` is not positive definite.
fn root(a: &[f64], n: usize) -> Option<Vec<f64>> {
    let mut u = a.to_vec();
    for i in 0..n {
        let (above, below) = u.split_at_mut((i + 1) * n);
        let row = &mut above[i * n..];
        let pivot = row[i];
        if !(pivot.is_finite() && pivot > 0.0) {
            return None;
        }
        let pivot = pivot.sqrt();
        row[..i].fill(0.0);
        row[i..].iter_mut().for_each(|x| *x /= pivot);
        for (k, other) in below.chunks_exact_mut(n).enumerate() {
            let j = i + 1 + k;
            let factor = row[j];
            if factor != 0.0 {
                let both = other[j..].iter_mut().zip(&row[j..]);
                both.for_each(|(x, y)| *x -= factor * y);
            }
        }
    }
    Some(u)
}
