//! The bins of a histogram: equal ones between two ends. Where a few values are far
//! outside of all others, equal bins between the extremes would put all others into one:
//! then equal bins cover the others, and what lies outside gets bins that grow with the
//! magnitude.

/// The number of equal bins.
pub(super) const EQUAL: usize = 2048;
/// Bins for each doubling outside of the equal ones.
const PER_OCTAVE: usize = 64;
/// The number of doublings beyond the others at which a value counts as far away.
const FAR: usize = 5;
/// At most 1 of this many values may be an outlier.
const OUTSIDE: u64 = 100;
/// Cuts are searched at every n-th of the equal bins, this n..
const EQUAL_STEP: usize = EQUAL / 64;
/// .. and at every n-th of the other bins.
const OUTER_STEP: usize = PER_OCTAVE / 8;

/// The number of values of each magnitude, by the exponents of binary32.
#[derive(Clone, Debug)]
pub struct Magnitudes(Box<[u32; 256]>);

impl Magnitudes {
    /// Counts values by their exponents.
    pub fn of(values: &[f32]) -> Self {
        let mut counts = Box::new([0; 256]);
        for x in values {
            counts[(x.to_bits() >> 23 & 0xff) as usize] += 1;
        }
        Self(counts)
    }

    /// Adds the counts of other values.
    pub fn merge(&mut self, other: &Self) {
        for (a, b) in self.0.iter_mut().zip(other.0.iter()) {
            *a = a.saturating_add(*b);
        }
    }

    /// A bound of nearly all values, if others lie far outside of it.
    fn bound(&self) -> Option<f32> {
        let top = self.0.iter().rposition(|n| *n > 0)?;
        // Zeros say nothing about magnitudes.
        let total: u64 = self.0[1..].iter().map(|n| u64::from(*n)).sum();
        let mut outside = 0;
        let core = (1..=top).rev().find(|&exponent| {
            outside += u64::from(self.0[exponent]);
            outside > total / OUTSIDE
        })?;
        (core + FAR <= top).then(|| 2_f32.powi(core as i32 - 126))
    }
}

/// The edges of all bins.
#[derive(Clone, Debug)]
pub struct Bins {
    /// The edges of the bins below the equal ones, from the smallest on.
    below: Vec<f32>,
    min: f32,
    width: f32,
    /// The edges of the bins above the equal ones.
    above: Vec<f32>,
}

impl Bins {
    /// The bins for values from `min` to `max`.
    pub fn new(min: f32, max: f32, magnitudes: &Magnitudes) -> Self {
        let bound = magnitudes.bound().unwrap_or(f32::MAX);
        let (first, last) = (min.max(-bound), max.min(bound));
        let edges = |end: f32| {
            let edge = |k: usize| bound * 2_f32.powf(k as f32 / PER_OCTAVE as f32);
            let inner = (1..).map(edge).take_while(|edge| *edge < end);
            let mut edges: Vec<f32> = inner.collect();
            if end > bound {
                edges.push(end);
            }
            edges
        };
        let below = edges(-min).into_iter().rev().map(|edge| -edge).collect();
        Self {
            below,
            min: first,
            width: ((last - first) / EQUAL as f32).max(f32::MIN_POSITIVE),
            above: edges(max),
        }
    }

    /// The number of bins of a histogram.
    pub fn count(&self) -> usize {
        self.below.len() + EQUAL + self.above.len()
    }

    /// The width of the equal bins.
    pub fn width(&self) -> f32 {
        self.width
    }

    /// True if all bins have one width.
    pub fn are_equal(&self) -> bool {
        self.below.is_empty() && self.above.is_empty()
    }

    /// The bin of a value.
    pub fn find(&self, x: f32) -> usize {
        let first = self.below.len();
        if x < self.min && first > 0 {
            return self.below[1..].partition_point(|edge| *edge <= x);
        }
        // Ends of the range belong to the outermost bins, also after rounding.
        let bin = ((x - self.min) / self.width) as usize;
        if bin >= EQUAL && !self.above.is_empty() {
            let above = self.above.partition_point(|edge| *edge <= x);
            return first + EQUAL + above.min(self.above.len() - 1);
        }
        first + bin.min(EQUAL - 1)
    }

    /// The value at which a bin begins and the one before it ends.
    pub fn edge(&self, bin: usize) -> f32 {
        if bin < self.below.len() {
            return self.below[bin];
        }
        let bin = bin - self.below.len();
        match bin.checked_sub(EQUAL + 1) {
            Some(above) => self.above[above],
            None => self.min + self.width * bin as f32,
        }
    }

    /// The value in the middle of a bin.
    pub fn center(&self, bin: usize) -> f64 {
        match bin.checked_sub(self.below.len()) {
            Some(equal) if equal < EQUAL => {
                f64::from(self.min) + f64::from(self.width) * (equal as f64 + 0.5)
            }
            _ => (f64::from(self.edge(bin)) + f64::from(self.edge(bin + 1))) / 2.0,
        }
    }

    /// The edges at which a search may cut.
    pub fn cuts(&self) -> Vec<usize> {
        let (first, last) = (self.below.len(), self.below.len() + EQUAL);
        let below = (0..first).step_by(OUTER_STEP);
        let equal = (first..last).step_by(EQUAL_STEP);
        let above = (last..self.count()).step_by(OUTER_STEP);
        below
            .chain(equal)
            .chain(above)
            .chain([self.count()])
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bins(values: &[f32]) -> Bins {
        let min = values.iter().copied().fold(f32::MAX, f32::min);
        let max = values.iter().copied().fold(f32::MIN, f32::max);
        Bins::new(min, max, &Magnitudes::of(values))
    }

    #[test]
    fn every_value_lies_in_its_bin() {
        let mut values: Vec<f32> = (0..1000)
            .map(|i| (i as f32 / 500.0 - 1.0).powi(3))
            .collect();
        assert!(bins(&values).are_equal());
        values.extend([-9999.0, 1e30, f32::MAX, -70.0]);
        let bins = bins(&values);
        assert!(!bins.are_equal() && bins.count() < 20_000);
        for x in values {
            let bin = bins.find(x);
            let slack = 1e-5 * x.abs().max(1.0);
            let (from, to) = (bins.edge(bin), bins.edge(bin + 1));
            assert!(from - slack <= x && x <= to + slack, "{from} {x} {to}");
            assert!(to - from <= 0.002 || to.abs().max(from.abs()) > 1.0);
        }
        let cuts = bins.cuts();
        assert_eq!((cuts[0], cuts[cuts.len() - 1]), (0, bins.count()));
        assert!(cuts.is_sorted());
    }

    #[test]
    fn zeros_and_wide_distributions_need_no_other_bins() {
        let mut values = vec![0.0; 10_000];
        values.extend((0..10).map(|i| i as f32));
        assert!(bins(&values).are_equal());
        let wide: Vec<f32> = (0..1000).map(|i| (i as f32 / 100.0).exp2()).collect();
        assert!(bins(&wide).are_equal());
        assert!(bins(&[0.0; 4]).are_equal());
    }
}
