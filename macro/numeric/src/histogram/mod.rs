//! Histograms of tensors and the ranges that they suggest.

mod bins;
mod divergence;

pub use bins::{Bins, Magnitudes};

/// A histogram: values counted in bins.
#[derive(Clone, Debug)]
pub struct Histogram {
    bins: Bins,
    counts: Vec<u64>,
}

/// The number of int8 steps of a range.
const LEVELS: f64 = 255.0;

impl Histogram {
    /// A histogram with these bins, in which nothing is counted yet.
    pub fn new(bins: &Bins) -> Self {
        Self {
            counts: vec![0; bins.count()],
            bins: bins.clone(),
        }
    }

    /// Counts all values, those outside of a range as the end of it.
    pub fn add(&mut self, values: &[f32], (min, max): (f32, f32)) {
        for x in values {
            // Not f32::clamp: a range may be empty, and x NaN.
            self.counts[self.bins.find(x.max(min).min(max))] += 1;
        }
    }

    /// Adds the counts of other values in the same bins.
    pub fn merge(&mut self, other: &Self) {
        for (a, b) in self.counts.iter_mut().zip(&other.counts) {
            *a += b;
        }
    }

    /// The share of values that lie outside of a range, by the centers of their bins. What int8
    /// rounds to an end is inside.
    pub fn share_clipped(&self, min: f32, max: f32) -> f64 {
        // Every range contains zero.
        let (min, max) = (f64::from(min).min(0.0), f64::from(max).max(0.0));
        let half = (max - min) / LEVELS / 2.0;
        let total: u64 = self.counts.iter().sum();
        let is_outside = |bin: usize| {
            let x = self.bins.center(bin);
            x < min - half || x > max + half
        };
        let outside = (0..self.counts.len()).filter(|&bin| is_outside(bin));
        let outside: u64 = outside.map(|bin| self.counts[bin]).sum();
        outside as f64 / total.max(1) as f64
    }

    fn range(&self, low: usize, high: usize) -> (f32, f32) {
        (self.bins.edge(low), self.bins.edge(high))
    }

    /// The range that holds `percent` of the values: what is cut is split evenly
    /// between both ends, and an odd value is cut where it lies farther out.
    pub fn percentile(&self, percent: f64) -> (f32, f32) {
        let total: u64 = self.counts.iter().sum();
        // The product may lie below a whole number by rounding.
        let cut = (total as f64 * (100.0 - percent) / 100.0 + 1e-6) as u64;
        let bins = self.counts.len();
        let passes = |seen: &mut u64, bin: &usize, cut: u64| {
            *seen += self.counts[*bin];
            *seen > cut
        };
        let low = |cut| {
            let mut seen = 0;
            (0..bins).find(|b| passes(&mut seen, b, cut)).unwrap_or(0)
        };
        let high = |cut| {
            let mut seen = 0;
            let last = (0..bins).rev().find(|b| passes(&mut seen, b, cut));
            last.map_or(bins, |last| last + 1)
        };
        let (less, more) = (cut / 2, cut.div_ceil(2));
        let (left, right) = (
            self.range(low(more), high(less)),
            self.range(low(less), high(more)),
        );
        if left.1 - left.0 < right.1 - right.0 {
            left
        } else {
            right
        }
    }

    /// Searches cuts at both ends for the least mean square error of rounding
    /// and clipping.
    pub fn least_square_error(&self) -> (f32, f32) {
        self.search(|low, high| {
            let (low, high) = self.range(low, high);
            let (min, max) = (f64::from(low).min(0.0), f64::from(high).max(0.0));
            let step = (max - min) / LEVELS;
            let rounding = step * step / 12.0;
            self.filled()
                .map(|(bin, n)| {
                    let x = self.bins.center(bin);
                    let clipped = (min - x).max(x - max).max(0.0);
                    n * (rounding + clipped * clipped)
                })
                .sum()
        })
    }

    /// Searches cuts at both ends for the least Kullback-Leibler divergence
    /// between the clipped distribution and its int8 rounding: see [`super::divergence`].
    pub fn least_divergence(&self) -> (f32, f32) {
        let zero = self.bins.find(0.0);
        let (start, end) = self.range(zero, zero + 1);
        let counts = if start <= 0.0 && end >= 0.0 {
            divergence::without_peak(&self.counts, zero)
        } else {
            // No value is zero.
            self.counts.clone()
        };
        let narrowest = (LEVELS + 1.0) * f64::from(self.bins.width());
        self.search(|low, high| {
            let (min, max) = self.range(low, high);
            let width = f64::from(max) - f64::from(min);
            // The least cut may be off by the rounding of its edges.
            if low > zero || high <= zero || width < narrowest * 0.999 {
                return f64::INFINITY;
            }
            let width = |bin: usize| {
                let (start, end) = self.range(bin, bin + 1);
                f64::from(end) - f64::from(start)
            };
            divergence::divergence(&counts, low..high, &self.levels(low, high), width)
        })
    }

    /// The ends, counted from `low`, of the bins that each int8 value between two
    /// edges stands for.
    fn levels(&self, low: usize, high: usize) -> Vec<usize> {
        let bins = high - low;
        let levels = bins.min(LEVELS as usize + 1);
        if self.bins.are_equal() {
            return (1..=levels).map(|level| level * bins / levels).collect();
        }
        let (min, max) = self.range(low, high);
        let step = (f64::from(max) - f64::from(min)) / levels as f64;
        let mut to = 0;
        let mut ends: Vec<usize> = (1..levels)
            .map(|level| {
                let end = f64::from(min) + step * level as f64;
                while to < bins && self.bins.center(low + to) < end {
                    to += 1;
                }
                to
            })
            .collect();
        ends.push(bins);
        ends
    }

    fn filled(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.counts
            .iter()
            .enumerate()
            .filter(|(_, n)| **n > 0)
            .map(|(bin, n)| (bin, *n as f64))
    }

    /// Coordinate descent over the two ends, from the full range; of cuts that cost the same, the
    /// one that keeps more.
    fn search(&self, cost: impl Fn(usize, usize) -> f64) -> (f32, f32) {
        let cuts = self.bins.cuts();
        let (mut low, mut high) = (0, self.counts.len());
        for _ in 0..3 {
            let before = (low, high);
            let best = |candidates: &[usize], cost: &dyn Fn(usize) -> f64, now: usize| {
                let costs = candidates.iter().map(|&c| (c, cost(c)));
                costs
                    .fold((now, cost(now)), |a, b| if b.1 < a.1 { b } else { a })
                    .0
            };
            let above = cuts.partition_point(|c| *c <= low);
            let highest_first: Vec<usize> = cuts[above..].iter().rev().copied().collect();
            high = best(&highest_first, &|h| cost(low, h), high);
            let below = cuts.partition_point(|c| *c < high);
            low = best(&cuts[..below], &|l| cost(l, high), low);
            if (low, high) == before {
                break;
            }
        }
        self.range(low, high)
    }
}

#[cfg(test)]
mod tests {
    use super::bins::Magnitudes;
    use super::*;

    fn of(values: &[f32]) -> Histogram {
        let min = values.iter().copied().fold(f32::MAX, f32::min);
        let max = values.iter().copied().fold(f32::MIN, f32::max);
        let bins = Bins::new(min, max, &Magnitudes::of(values));
        let mut histogram = Histogram::new(&bins);
        histogram.add(values, (f32::MIN, f32::MAX));
        histogram
    }

    /// Samples with a peak around 0.
    fn peak(count: usize) -> Vec<f32> {
        let x = |i| (i % 200) as f32 / 100.0 - 1.0;
        (0..count).map(|i| x(i) * x(i) * x(i)).collect()
    }

    #[test]
    fn percentile_cuts_outliers_however_far_they_are() {
        for outlier in [100.0, 1e4, 1e9, f32::MAX] {
            let mut values = peak(20_000);
            values.push(outlier);
            let (min, max) = of(&values).percentile(99.9);
            assert!((-1.0..=-0.9).contains(&min), "{min}");
            assert!((0.9..1.05).contains(&max), "{max}");
        }
        // A single value may be cut of a thousand, at the end where it is.
        let mut values = peak(1200);
        values[7] = -9999.0;
        let (min, max) = of(&values).percentile(99.9);
        assert!(min >= -1.01 && max >= 0.95, "{min} {max}");
    }

    #[test]
    fn what_rounds_to_an_end_is_not_clipped() {
        let histogram = of(&(0..1000).map(|i| i as f32).collect::<Vec<_>>());
        assert_eq!(histogram.share_clipped(0.0, 998.0), 0.0);
        let share = histogram.share_clipped(100.0, 899.0);
        assert!((share - 0.1).abs() < 0.003, "{share}");
    }

    #[test]
    fn searches_cut_outliers_and_keep_what_has_none() {
        for outlier in [100.0, 1e6] {
            let mut values = peak(20_000);
            values.push(outlier);
            let (_, max) = of(&values).least_divergence();
            assert!(max < outlier / 2.0, "{max}");
        }
        let flat: Vec<f32> = (0..10000).map(|i| i as f32 / 10000.0).collect();
        let (min, max) = of(&flat).least_square_error();
        assert!(min <= 0.01 && max >= 0.99, "{min} {max}");
    }

    #[test]
    fn zeros_do_not_decide_about_the_range() {
        // Behind a ReLU: half of all values are zeros, the others fall off slowly.
        let tail = |i: usize| -(1.0 - i as f32 / 20_001.0).ln();
        let positive: Vec<f32> = (0..20_000).map(tail).collect();
        let mut values = positive.clone();
        values.extend([0.0; 20_000]);
        let (all, without) = (
            of(&values).least_divergence(),
            of(&positive).least_divergence(),
        );
        assert_eq!(all, without);
        // 256 levels of a range that has 2048 bins: an eighth of it at least.
        let largest = tail(19_999);
        assert!(all.0 == 0.0 && all.1 >= largest / 8.0, "{all:?}");
        let clipped = values.iter().filter(|x| **x > all.1).count();
        assert!(clipped * 1000 < values.len(), "{all:?} {clipped}");
        // The same on both sides of zero.
        let both: Vec<f32> = values.iter().flat_map(|&x| [x, -x]).collect();
        let (min, max) = of(&both).least_divergence();
        let clipped = both.iter().filter(|x| **x > max || **x < min).count();
        assert!(clipped * 1000 < both.len(), "{min} {max} {clipped}");
    }

    #[test]
    fn the_least_square_error_is_found_beside_an_outlier() {
        // Clipping one value of 10^5 costs less than rounding all others to its steps.
        let mut values = peak(1_000_000);
        values.push(100.0);
        let (min, max) = of(&values).least_square_error();
        let step = f64::from(max - min) / LEVELS;
        let clipped = f64::from((100.0 - max).max(0.0)).powi(2) / values.len() as f64;
        assert!(step * step / 12.0 + clipped < 0.0115, "{min} {max}");
    }
}
