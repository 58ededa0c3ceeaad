//! Histograms of tensors and the ranges that they suggest.

/// Values counted in equal bins between two ends.
#[derive(Clone, Debug)]
pub(super) struct Histogram {
    min: f32,
    width: f32,
    counts: Vec<u64>,
}

const BINS: usize = 2048;
/// Int8 values.
const LEVELS: f64 = 255.0;
/// How finely a cut is searched: steps of the range at each end.
const CUTS: usize = 64;

impl Histogram {
    pub(super) fn new(min: f32, max: f32) -> Self {
        Self {
            min,
            width: ((max - min) / BINS as f32).max(f32::MIN_POSITIVE),
            counts: vec![0; BINS],
        }
    }

    pub(super) fn add(&mut self, x: f32) {
        let bin = ((x - self.min) / self.width) as usize;
        self.counts[bin.min(BINS - 1)] += 1;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (a, b) in self.counts.iter_mut().zip(&other.counts) {
            *a += b;
        }
    }

    fn edge(&self, bin: usize) -> f32 {
        self.min + self.width * bin as f32
    }

    fn center(&self, bin: usize) -> f64 {
        f64::from(self.min) + f64::from(self.width) * (bin as f64 + 0.5)
    }

    /// The range that holds `percent` of the values; what is cut is split
    /// evenly between both ends.
    pub(super) fn percentile(&self, percent: f64) -> (f32, f32) {
        let total: u64 = self.counts.iter().sum();
        let cut = (total as f64 * (100.0 - percent) / 200.0) as u64;
        let passes = |seen: &mut u64, bin: &usize| {
            *seen += self.counts[*bin];
            *seen > cut
        };
        let (mut below, mut above) = (0, 0);
        let low = (0..BINS).find(|b| passes(&mut below, b)).unwrap_or(0);
        let high = (0..BINS)
            .rev()
            .find(|b| passes(&mut above, b))
            .unwrap_or(BINS - 1);
        (self.edge(low), self.edge(high + 1))
    }

    /// Searches cuts at both ends for the least mean square error of rounding
    /// and clipping.
    pub(super) fn least_square_error(&self) -> (f32, f32) {
        self.search(|low, high| {
            let (min, max) = (
                f64::from(self.edge(low)).min(0.0),
                f64::from(self.edge(high)).max(0.0),
            );
            let step = (max - min) / LEVELS;
            let rounding = step * step / 12.0;
            self.filled()
                .map(|(bin, n)| {
                    let x = self.center(bin);
                    let clipped = (min - x).max(x - max).max(0.0);
                    n * (rounding + clipped * clipped)
                })
                .sum()
        })
    }

    /// Searches cuts at both ends for the least Kullback-Leibler divergence
    /// between the clipped distribution and its int8 rounding.
    pub(super) fn least_divergence(&self) -> (f32, f32) {
        let total: u64 = self.counts.iter().sum();
        self.search(|low, high| {
            let bins = high - low;
            let mut clipped: Vec<f64> = self.counts[low..high].iter().map(|&n| n as f64).collect();
            let levels = bins.min(LEVELS as usize + 1);
            // What lies outside is clipped to the ends; int8 spreads each level
            // over the bins it stands for.
            let mut quantized = vec![0.0; bins];
            for level in 0..levels {
                let (from, to) = (level * bins / levels, (level + 1) * bins / levels);
                let sum: f64 = clipped[from..to].iter().sum();
                let used = clipped[from..to].iter().filter(|n| **n > 0.0).count();
                for (q, n) in quantized[from..to].iter_mut().zip(&clipped[from..to]) {
                    *q = if *n > 0.0 { sum / used as f64 } else { 0.0 };
                }
            }
            clipped[0] += self.counts[..low].iter().sum::<u64>() as f64;
            clipped[bins - 1] += self.counts[high..].iter().sum::<u64>() as f64;
            let quantized_total: f64 = quantized.iter().sum();
            clipped
                .iter()
                .zip(&quantized)
                .filter(|(p, _)| **p > 0.0)
                .map(|(p, q)| {
                    let p = p / total as f64;
                    let q = (q / quantized_total.max(1.0)).max(1e-9);
                    p * (p / q).ln()
                })
                .sum()
        })
    }

    fn filled(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.counts
            .iter()
            .enumerate()
            .filter(|(_, n)| **n > 0)
            .map(|(bin, n)| (bin, *n as f64))
    }

    /// Coordinate descent over the two ends, from the full range.
    fn search(&self, cost: impl Fn(usize, usize) -> f64) -> (f32, f32) {
        let step = BINS / CUTS;
        let (mut low, mut high) = (0, BINS);
        for _ in 0..3 {
            let before = (low, high);
            let best = |candidates: Vec<usize>, cost: &dyn Fn(usize) -> f64, now: usize| {
                let costs = candidates.into_iter().map(|c| (c, cost(c)));
                costs
                    .fold((now, cost(now)), |a, b| if b.1 < a.1 { b } else { a })
                    .0
            };
            high = best(
                (low / step + 1..=CUTS).map(|c| c * step).collect(),
                &|h| cost(low, h),
                high,
            );
            low = best(
                (0..high.div_ceil(step)).map(|c| c * step).collect(),
                &|l| cost(l, high),
                low,
            );
            if (low, high) == before {
                break;
            }
        }
        (self.edge(low), self.edge(high))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A triangle around 0 with one outlier.
    fn with_outlier() -> Histogram {
        let mut h = Histogram::new(-1.0, 100.0);
        for i in 0..20000 {
            let x = (i % 200) as f32 / 100.0 - 1.0;
            h.add(x * x * x);
        }
        h.add(100.0);
        h
    }

    #[test]
    fn percentile_cuts_the_outlier() {
        let (min, max) = with_outlier().percentile(99.9);
        assert!(
            (-1.0..=-0.9).contains(&min) && (0.9..2.0).contains(&max),
            "{min} {max}"
        );
    }

    #[test]
    fn searches_cut_outliers_and_keep_what_has_none() {
        let h = with_outlier();
        assert!(h.least_divergence().1 < 50.0, "{:?}", h.least_divergence());
        let mut flat = Histogram::new(0.0, 1.0);
        (0..10000).for_each(|i| flat.add(i as f32 / 10000.0));
        let (min, max) = flat.least_square_error();
        assert!(min <= 0.01 && max >= 0.99, "{min} {max}");
    }
}
