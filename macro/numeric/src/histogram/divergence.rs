//! The Kullback-Leibler divergence of a histogram and its int8 rounding.
//!
//! The method is that of S. Migacz, "8-bit Inference with TensorRT" (GTC 2017): for every range, the
//! bins outside are folded into the outermost ones inside (P); the bins inside are merged into as
//! many levels as int8 has and spread again over those of them that hold values (Q); the range of
//! least divergence sum(P ln(P / Q)) is chosen. Three things go with it:
//!
//! - A range has at least as many bins as there are levels: with fewer, every bin is a level of
//!   its own, nothing is lost by rounding, and the divergence prefers to clip most values.
//! - The bin of zero counts as its larger neighbour does, as in NVIDIA's pytorch-quantization
//!   (`_compute_amax_entropy`: `bins[0] = bins[1]`). Zeros are exact in every range. As the
//!   larger part of the values behind a ReLU they would make all clipped values look rare.
//! - Q is at least [`SMOOTHED`], as in MXNet (`_smooth_distribution`): an outermost bin without
//!   values of its own makes no divergence infinite.
//!
//! TensorRT's ranges are symmetric, with 128 levels for magnitudes in 2048 bins; here both ends
//! are searched, 256 levels in as many bins. A range always includes zero.

use std::ops::Range;

/// The least probability of Q.
const SMOOTHED: f64 = 1e-9;

/// The counts, where the bin of zero has no more than its neighbours.
pub(super) fn without_peak(counts: &[u64], zero: usize) -> Vec<u64> {
    let mut counts = counts.to_vec();
    let before = zero.checked_sub(1).map_or(0, |bin| counts[bin]);
    let after = counts.get(zero + 1).copied().unwrap_or(0);
    counts[zero] = counts[zero].min(before.max(after));
    counts
}

/// The divergence for a range of bins; `ends` has the ends of the levels, counted from the
/// beginning of the range, `width` the widths of bins.
pub(super) fn divergence(
    counts: &[u64],
    range: Range<usize>,
    ends: &[usize],
    width: impl Fn(usize) -> f64,
) -> f64 {
    let bins = range.len();
    let inside: Vec<f64> = counts[range.clone()].iter().map(|&n| n as f64).collect();
    let mut rounded = vec![0.0; bins];
    let mut from = 0;
    for &to in ends {
        let sum: f64 = inside[from..to].iter().sum();
        let used = (from..to).filter(|&bin| inside[bin] > 0.0);
        let all: f64 = used.clone().map(|bin| width(range.start + bin)).sum();
        for bin in used {
            rounded[bin] = sum * width(range.start + bin) / all;
        }
        from = to;
    }
    let rounded_total: f64 = rounded.iter().sum();
    let mut clipped = inside;
    clipped[0] += counts[..range.start].iter().sum::<u64>() as f64;
    clipped[bins - 1] += counts[range.end..].iter().sum::<u64>() as f64;
    let total: f64 = clipped.iter().sum();
    clipped
        .iter()
        .zip(&rounded)
        .filter(|(p, _)| **p > 0.0)
        .map(|(p, q)| {
            let p = p / total;
            let q = (q / rounded_total.max(1.0)).max(SMOOTHED);
            p * (p / q).ln()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_count_as_their_larger_neighbour() {
        assert_eq!(without_peak(&[100, 3, 2], 0), [3, 3, 2]);
        assert_eq!(without_peak(&[1, 100, 3], 1), [1, 3, 3]);
        assert_eq!(without_peak(&[1, 2, 100], 2), [1, 2, 2]);
        assert_eq!(without_peak(&[5, 1, 7], 1), [5, 1, 7]);
    }

    #[test]
    fn the_divergence_is_that_of_the_definition() {
        // Two levels of two bins; the third bin's values go into the second level's end.
        let counts = [4, 2, 0, 6, 3];
        let got = divergence(&counts, 0..4, &[2, 4], |_| 1.0);
        let p = [4.0 / 15.0, 2.0 / 15.0, 9.0 / 15.0];
        let q = [3.0 / 12.0, 3.0 / 12.0, 6.0 / 12.0];
        let expected: f64 = p
            .iter()
            .zip(q)
            .map(|(p, q): (&f64, f64)| p * (p / q).ln())
            .sum();
        assert!((got - expected).abs() < 1e-12, "{got} {expected}");
        // As many levels as bins and nothing outside: nothing is lost.
        assert_eq!(divergence(&counts, 0..5, &[1, 2, 3, 4, 5], |_| 1.0), 0.0);
    }
}
