//! Statistics of a stream of numbers: extremes, moments, shares, percentiles, a histogram.

use serde::{Deserialize, Serialize};

use super::metrics::finite;
use super::value_counts::ValueCounts;
use crate::calibrate::RealRange;

/// The percentiles that reports have.
const PERCENTILES: [f64; 9] = [0.1, 1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0, 99.9];

/// Bins of a reported histogram at most.
const SHOWN_BINS: usize = 64;

/// One percentile of a tensor's values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Percentile {
    /// How many of a hundred values lie below.
    pub percent: f64,
    /// The value, to about 1/2000 of the tensor's range or 3 % of itself, whichever is finer.
    pub value: f64,
}

/// How many values lie where.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HistogramReport {
    /// Where the first bin begins.
    pub from: f64,
    /// The width of each bin.
    pub width: f64,
    /// Values in each bin.
    pub counts: Vec<u64>,
}

/// Sums over the numbers of a stream, from which statistics follow.
#[derive(Clone, Debug)]
pub(super) struct Statistics {
    pub count: u64,
    /// Numbers that are infinite or not a number, which nothing else counts.
    pub not_finite: u64,
    pub min: f32,
    pub max: f32,
    /// The mean, and sums of the 2nd to 4th powers of the differences from it.
    mean: f64,
    m2: f64,
    m3: f64,
    m4: f64,
    zeros: u64,
    clipped: u64,
    counts: ValueCounts,
}

impl Default for Statistics {
    fn default() -> Self {
        Self {
            count: 0,
            not_finite: 0,
            min: f32::MAX,
            max: f32::MIN,
            mean: 0.0,
            m2: 0.0,
            m3: 0.0,
            m4: 0.0,
            zeros: 0,
            clipped: 0,
            counts: ValueCounts::default(),
        }
    }
}

impl Statistics {
    /// The statistics of some numbers; those outside of `range` count as clipped.
    pub(super) fn of(all: &[f32], range: Option<RealRange>) -> Self {
        let mut statistics = Self::default();
        let finite = || all.iter().copied().filter(|x| x.is_finite());
        let (low, high) = range.map_or((f32::MIN, f32::MAX), |r| (r.min, r.max));
        let mut sum = 0.0;
        for x in finite() {
            statistics.count += 1;
            statistics.min = statistics.min.min(x);
            statistics.max = statistics.max.max(x);
            statistics.zeros += u64::from(x == 0.0);
            statistics.clipped += u64::from(x < low || x > high);
            sum += f64::from(x);
        }
        statistics.not_finite = all.len() as u64 - statistics.count;
        if statistics.count == 0 {
            return statistics;
        }
        statistics.mean = sum / statistics.count as f64;
        for x in finite() {
            let d = f64::from(x) - statistics.mean;
            let square = d * d;
            statistics.m2 += square;
            statistics.m3 += square * d;
            statistics.m4 += square * square;
        }
        statistics.counts = ValueCounts::of(finite(), statistics.min, statistics.max);
        statistics
    }

    /// Adds the statistics of other numbers.
    ///
    /// Source: Pébay, "Formulas for Robust, One-Pass Parallel Computation of Covariances and
    /// Arbitrary-Order Statistical Moments" (2008), equations 2.1, 3.1.
    pub(super) fn merge(&mut self, other: &Self) {
        self.not_finite += other.not_finite;
        if other.count == 0 {
            return;
        }
        let (a, b) = (self.count as f64, other.count as f64);
        let n = a + b;
        let d = other.mean - self.mean;
        let d_n = d / n;
        self.m4 += other.m4
            + d * d_n * d_n * d_n * a * b * (a * a - a * b + b * b)
            + 6.0 * d_n * d_n * (a * a * other.m2 + b * b * self.m2)
            + 4.0 * d_n * (a * other.m3 - b * self.m3);
        self.m3 +=
            other.m3 + d * d_n * d_n * a * b * (a - b) + 3.0 * d_n * (a * other.m2 - b * self.m2);
        self.m2 += other.m2 + d * d_n * a * b;
        self.mean += d_n * b;
        self.count += other.count;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.zeros += other.zeros;
        self.clipped += other.clipped;
        self.counts.merge(&other.counts, self.min, self.max);
    }

    pub(super) fn mean(&self) -> f64 {
        finite(self.mean)
    }

    /// The standard deviation of all numbers.
    pub(super) fn deviation(&self) -> f64 {
        finite((self.m2 / self.count.max(1) as f64).sqrt())
    }

    /// The excess kurtosis: 0 for a normal distribution, large where a few values lie far out.
    pub(super) fn kurtosis(&self) -> Option<f64> {
        let squares = self.m2 * self.m2;
        (squares > 0.0).then(|| finite(self.count as f64 * self.m4 / squares - 3.0))
    }

    pub(super) fn share_of_zeros(&self) -> f64 {
        self.zeros as f64 / self.count.max(1) as f64
    }

    pub(super) fn share_clipped(&self) -> f64 {
        self.clipped as f64 / self.count.max(1) as f64
    }

    pub(super) fn percentiles(&self) -> Vec<Percentile> {
        let value = |percent: f64| {
            let value = self.counts.quantile(percent / 100.0);
            value.clamp(self.min.into(), self.max.into())
        };
        let all = PERCENTILES.iter().filter(|_| self.count > 0);
        all.map(|&percent| Percentile {
            percent,
            value: value(percent),
        })
        .collect()
    }

    pub(super) fn histogram(&self) -> HistogramReport {
        if self.count == 0 {
            return HistogramReport::default();
        }
        let (from, width, counts) = self.counts.coarse(SHOWN_BINS);
        HistogramReport {
            from,
            width,
            counts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_statistics_are_those_of_the_whole() {
        let values: Vec<f32> = (0..1000)
            .map(|i| ((i * 7919 % 1000) as f32 / 100.0 - 3.0).powi(3))
            .chain([0.0, f32::NAN, f32::INFINITY])
            .collect();
        let range = RealRange {
            min: -10.0,
            max: 100.0,
        };
        let whole = Statistics::of(&values, Some(range));
        let mut merged = Statistics::default();
        for part in values.chunks(17) {
            merged.merge(&Statistics::of(part, Some(range)));
        }
        assert_eq!((whole.count, whole.not_finite), (1001, 2));
        assert_eq!(merged.count, whole.count);
        assert_eq!(merged.not_finite, whole.not_finite);
        assert_eq!((merged.zeros, merged.clipped), (whole.zeros, whole.clipped));
        assert!((merged.mean() - whole.mean()).abs() < 1e-9);
        assert!((merged.deviation() - whole.deviation()).abs() < 1e-9);
        let kurtosis = |s: &Statistics| s.kurtosis().expect("values differ");
        assert!((kurtosis(&merged) - kurtosis(&whole)).abs() < 1e-9);
        assert_eq!(merged.percentiles(), whole.percentiles());
        assert_eq!(merged.histogram(), whole.histogram());
    }

    #[test]
    fn a_normal_distribution_has_no_excess_kurtosis() {
        // The sum of twelve uniform numbers, less six: its kurtosis is -0.1.
        let mut state = 1_u32;
        let mut uniform = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32
        };
        let values: Vec<f32> = (0..50_000)
            .map(|_| (0..12).map(|_| uniform()).sum::<f32>() - 6.0)
            .collect();
        let statistics = Statistics::of(&values, None);
        let kurtosis = statistics.kurtosis().expect("values differ");
        assert!((kurtosis + 0.1).abs() < 0.1, "{kurtosis}");
        assert!((statistics.deviation() - 1.0).abs() < 0.02);
        assert_eq!(Statistics::of(&[2.0; 9], None).kurtosis(), None);
    }
}
