//! Rounding with error feedback: the error of each rounded weight goes into the target of those
//! that are still to be rounded, as far as their inputs go together.
//!
//! With the second moments H of a sum's inputs, rounding weights by the errors e adds the mean
//! square error e'He to the sum. Sources: Frantar and Alistarh, "Optimal Brain Compression" (2022);
//! Frantar et al., "GPTQ" (2022), whose order (largest second moment first) and result this is,
//! here in the equivalent form of Babai's nearest plane: with H = U'U, U upper triangular, the
//! weights are rounded from the last to the first. Then single weights are moved by whole steps as
//! long as that makes the error less: Behdin et al., "QuantEase" (2023).

use crate::arithmetic::convert::truncate_i32;

/// How often all weights are looked at again.
const SWEEPS: usize = 4;

/// What is added to the diagonal of the second moments, as a share of its mean: what was seen in
/// few samples is not trusted to the last digit.
const DAMPING: f64 = 0.01;

/// The largest number of steps between a rounded weight and its nearest step.
pub const MOST_BESIDE: i32 = 31;

/// The number of steps that comes closest to a weight.
pub fn nearest(weight: f32, scale: f32) -> i32 {
    truncate_i32((weight / scale).round().clamp(-127.0, 127.0).into())
}

/// The second moments of the inputs of a sum, made ready for rounding.
#[derive(Debug)]
pub struct Feedback {
    depth: usize,
    /// Which input each row and column belongs to: the last one is rounded first.
    order: Vec<usize>,
    /// The damped second moments in this order, row by row.
    moments: Vec<f64>,
    /// The upper triangular root of the same.
    root: Vec<f64>,
    /// Which weights, in this order, stay zero.
    nothing: Vec<bool>,
}

/// Rounded weights of one channel.
#[derive(Debug)]
pub struct Rounded {
    /// In steps.
    pub steps: Vec<i32>,
    /// The error that they add to the sum: a mean square, damping included.
    pub error: f64,
}

impl Feedback {
    /// Prepares the second moments of `nothing.len()` inputs, row by row; the weights of those
    /// that are `nothing` stay zero. `None` if there is nothing to win: no input varies.
    pub fn new(second: &[f64], nothing: &[bool]) -> Option<Self> {
        let depth = nothing.len();
        let diagonal = |i: usize| second[i * depth + i];
        let mean = (0..depth).map(diagonal).sum::<f64>() / depth.max(1) as f64;
        if !(mean.is_finite() && mean > 0.0) {
            return None;
        }
        let mut order: Vec<usize> = (0..depth).collect();
        order.sort_by(|&a, &b| {
            let by_size = diagonal(a).total_cmp(&diagonal(b));
            nothing[a].cmp(&nothing[b]).then(by_size).then(b.cmp(&a))
        });
        let mut moments = vec![0.0; depth * depth];
        for (row, &i) in moments.chunks_exact_mut(depth).zip(&order) {
            for (to, &j) in row.iter_mut().zip(&order) {
                *to = second[i * depth + j];
            }
        }
        for i in 0..depth {
            moments[i * depth + i] += DAMPING * mean;
        }
        let root = root(&moments, depth)?;
        Some(Self {
            depth,
            nothing: order.iter().map(|&i| nothing[i]).collect(),
            order,
            moments,
            root,
        })
    }

    /// Rounds the weights of a channel to steps of this size.
    pub fn round(&self, weights: &[f32], scale: f32) -> Rounded {
        let depth = self.depth;
        let limit = |at: usize| {
            let weight = weights[self.order[at]];
            // What was taken out of the model stays out.
            if self.nothing[at] || weight == 0.0 {
                return [0.0; 2];
            }
            let nearest = nearest(weight, scale);
            let (low, high) = (nearest - MOST_BESIDE, nearest + MOST_BESIDE);
            [low.max(-127), high.min(127)].map(f64::from)
        };
        let limits: Vec<[f64; 2]> = (0..depth).map(limit).collect();
        let scale = f64::from(scale);
        let mut steps = vec![0.0; depth];
        let mut errors = vec![0.0; depth];
        for at in (0..depth).rev() {
            let row = &self.root[at * depth..][at..depth];
            let weight = f64::from(weights[self.order[at]]);
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
            all[i] = truncate_i32(*step);
        }
        Rounded {
            steps: all,
            error: dot(&errors, &slopes),
        }
    }
}

/// The mean square error that these errors of weights add to a sum whose inputs have these second
/// moments.
pub fn error(second: &[f64], errors: &[f64]) -> f64 {
    let rows = second.chunks_exact(errors.len().max(1));
    let products = rows.zip(errors).map(|(row, e)| e * dot(row, errors));
    products.sum()
}

/// Eight sums beside each other: one alone would wait for each addition.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Second moments of inputs of which neighbours go together: 0.9 to the power of the distance.
    fn correlated(depth: usize) -> Vec<f64> {
        let moment = |i: usize, j: usize| 0.9_f64.powi(i.abs_diff(j) as i32);
        (0..depth * depth)
            .map(|at| moment(at / depth, at % depth))
            .collect()
    }

    fn weights(depth: usize) -> Vec<f32> {
        (0..depth).map(|i| (i as f32 * 1.7).sin()).collect()
    }

    fn plain(weights: &[f32], scale: f32) -> Vec<i32> {
        weights.iter().map(|w| nearest(*w, scale)).collect()
    }

    fn errors(weights: &[f32], steps: &[i32], scale: f32) -> Vec<f64> {
        let pairs = weights.iter().zip(steps);
        let error = |(w, s): (&f32, &i32)| f64::from(*w) - f64::from(*s) * f64::from(scale);
        pairs.map(error).collect()
    }

    #[test]
    fn the_root_is_one() {
        let (n, a) = (9, correlated(9));
        let u = root(&a, n).expect("positive definite");
        for i in 0..n {
            for j in 0..n {
                let product: f64 = (0..n).map(|k| u[k * n + i] * u[k * n + j]).sum();
                assert!((product - a[i * n + j]).abs() < 1e-12);
            }
        }
        assert!(root(&[1.0, 2.0, 2.0, 1.0], 2).is_none());
    }

    #[test]
    fn feedback_beats_the_nearest_step_where_inputs_go_together() {
        let (depth, scale) = (30, 0.02);
        let (second, weights) = (correlated(depth), weights(depth));
        let feedback = Feedback::new(&second, &[false; 30]).expect("inputs vary");
        let steps = feedback.round(&weights, scale).steps;
        let got = error(&second, &errors(&weights, &steps, scale));
        let plain = error(&second, &errors(&weights, &plain(&weights, scale), scale));
        assert!(got < 0.5 * plain, "{got} {plain}");
    }

    #[test]
    fn without_correlation_every_weight_goes_to_its_nearest_step() {
        let weights = weights(5);
        let second: Vec<f64> = (0..25).map(|at| f64::from(u8::from(at % 6 == 0))).collect();
        let feedback = Feedback::new(&second, &[false; 5]).expect("inputs vary");
        let steps = feedback.round(&weights, 0.05).steps;
        assert_eq!(steps, plain(&weights, 0.05));
    }

    #[test]
    fn what_is_zero_stays_zero() {
        let mut weights = weights(12);
        weights[3] = 0.0;
        weights[7] = 0.004;
        let nothing: Vec<bool> = (0..12).map(|i| i == 7).collect();
        let feedback = Feedback::new(&correlated(12), &nothing).expect("inputs vary");
        let steps = feedback.round(&weights, 0.01).steps;
        assert_eq!((steps[3], steps[7]), (0, 0));
        assert!(steps.iter().all(|s| s.abs() <= 127));
    }

    #[test]
    fn inputs_of_zeros_say_nothing() {
        assert!(Feedback::new(&[0.0; 4], &[false; 2]).is_none());
        assert!(Feedback::new(&[f64::NAN; 4], &[false; 2]).is_none());
    }
}
