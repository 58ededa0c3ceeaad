//! Counts of a tensor's values, of any number and range, in bounded memory: a histogram whose
//! bins widen as the range does, and one with bins that grow with the magnitude.
//!
//! Both can be merged in any order with one result, because their bins depend on the values alone:
//! a linear bin is `[i * 2^k, (i + 1) * 2^k)`, with the least `k` for which there are few enough.

/// Linear bins at most.
const BINS: usize = 2048;

/// Logarithmic bins for each doubling: 2^FRACTION.
const FRACTION: u32 = 4;

/// Values by linear bins of one width, a power of two.
#[derive(Clone, Debug, Default)]
pub(super) struct ValueCounts {
    /// The width of a linear bin is 2 to this power.
    exponent: i32,
    /// The number of the first linear bin.
    first: i64,
    linear: Vec<u64>,
    /// Counts by magnitude: negative numbers from the largest on, then others.
    by_magnitude: Vec<u64>,
}

/// The number of the linear bin that a value is in.
fn bin(x: f32, exponent: i32) -> i64 {
    (f64::from(x) * 2_f64.powi(-exponent)).floor() as i64
}

/// The least exponent with which all values between two need few bins.
fn least_exponent(min: f32, max: f32) -> i32 {
    let largest = f64::from(min.abs().max(max.abs()));
    // Finer ones would only number the bins of a narrow range far from zero beyond any integer.
    let finest = largest.log2().floor().max(-149.0) as i32 - 40;
    let width = (f64::from(max) - f64::from(min)) / BINS as f64;
    let mut exponent = if width > 0.0 {
        (width.log2().floor() as i32).max(finest)
    } else {
        finest
    };
    while bin(max, exponent) - bin(min, exponent) >= BINS as i64 {
        exponent += 1;
    }
    exponent
}

/// Logarithmic bins of one sign.
const MAGNITUDES: usize = 256 << FRACTION;

/// The place of a value among the counts by magnitude, in the order of numbers.
fn magnitude(x: f32) -> usize {
    let bits = (x.to_bits() & 0x7fff_ffff) >> (23 - FRACTION);
    if x.is_sign_negative() {
        MAGNITUDES - 1 - bits as usize
    } else {
        MAGNITUDES + bits as usize
    }
}

/// The ends of a bin by magnitude.
fn magnitude_edges(place: usize) -> (f64, f64) {
    let edge = |bits: usize| {
        let bits = u32::try_from(bits).unwrap_or(u32::MAX) << (23 - FRACTION);
        f64::from(f32::from_bits(bits.min(f32::INFINITY.to_bits())).min(f32::MAX))
    };
    if place < MAGNITUDES {
        let bits = MAGNITUDES - 1 - place;
        (-edge(bits + 1), -edge(bits))
    } else {
        let bits = place - MAGNITUDES;
        (edge(bits), edge(bits + 1))
    }
}

impl ValueCounts {
    /// Counts values, all of them between `min` and `max` and finite.
    pub(super) fn of(values: impl Iterator<Item = f32>, min: f32, max: f32) -> Self {
        let exponent = least_exponent(min, max);
        let first = bin(min, exponent);
        let mut counts = Self {
            exponent,
            first,
            linear: vec![0; (bin(max, exponent) - first) as usize + 1],
            by_magnitude: vec![0; 2 * MAGNITUDES],
        };
        let scale = 2_f64.powi(-exponent);
        for x in values {
            let place = (f64::from(x) * scale).floor() as i64 - first;
            counts.linear[place as usize] += 1;
            counts.by_magnitude[magnitude(x)] += 1;
        }
        counts
    }

    /// Its values in linear bins from `first` to `last` of a width that is not smaller.
    fn widened(&self, exponent: i32, first: i64, last: i64) -> Vec<u64> {
        let mut linear = vec![0; (last - first) as usize + 1];
        let shift = u32::try_from(exponent - self.exponent).unwrap_or(0).min(63);
        for (i, count) in self.linear.iter().enumerate() {
            let place = ((self.first + i as i64) >> shift) - first;
            linear[place as usize] += count;
        }
        linear
    }

    /// Adds the counts of other values; `min` and `max` are those of all.
    pub(super) fn merge(&mut self, other: &Self, min: f32, max: f32) {
        if self.linear.is_empty() {
            *self = other.clone();
            return;
        }
        if other.linear.is_empty() {
            return;
        }
        let exponent = least_exponent(min, max);
        let (first, last) = (bin(min, exponent), bin(max, exponent));
        let mut linear = self.widened(exponent, first, last);
        let more = other.widened(exponent, first, last);
        linear.iter_mut().zip(more).for_each(|(a, b)| *a += b);
        (self.exponent, self.first, self.linear) = (exponent, first, linear);
        let others = self.by_magnitude.iter_mut().zip(&other.by_magnitude);
        others.for_each(|(a, b)| *a += b);
    }

    /// About the value below which a share of all lies: the middle of what both counts say.
    pub(super) fn quantile(&self, share: f64) -> f64 {
        let total: u64 = self.linear.iter().sum();
        let wanted = ((total as f64 * share).ceil() as u64).clamp(1, total.max(1));
        let find = |counts: &[u64]| {
            let mut seen = 0;
            counts.iter().position(|n| {
                seen += n;
                seen >= wanted
            })
        };
        let width = 2_f64.powi(self.exponent);
        let linear = find(&self.linear).map(|i| (self.first + i as i64) as f64 * width);
        let linear = linear.map(|low| (low, low + width));
        let by_magnitude = find(&self.by_magnitude).map(magnitude_edges);
        let about = match (linear, by_magnitude) {
            (Some(a), Some(b)) => f64::midpoint(a.0.max(b.0), a.1.min(b.1)),
            _ => 0.0,
        };
        // The bins around zero hold zeros, mostly.
        if about.abs() < f32::MIN_POSITIVE.into() {
            0.0
        } else {
            about
        }
    }

    /// The counts in at most so many linear bins: where the first begins, their width, counts.
    pub(super) fn coarse(&self, bins: usize) -> (f64, f64, Vec<u64>) {
        let last = self.first + self.linear.len() as i64 - 1;
        let shift = (0..63)
            .find(|s| (last >> s) - (self.first >> s) < bins as i64)
            .unwrap_or(63);
        let exponent = self.exponent + shift;
        let first = self.first >> shift;
        let width = 2_f64.powi(exponent);
        let counts = self.widened(exponent, first, last >> shift);
        (first as f64 * width, width, counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f32]) -> ValueCounts {
        let min = values.iter().copied().fold(f32::MAX, f32::min);
        let max = values.iter().copied().fold(f32::MIN, f32::max);
        ValueCounts::of(values.iter().copied(), min, max)
    }

    #[test]
    fn the_order_of_merging_does_not_matter() {
        let parts: [&[f32]; 4] = [&[0.1, 0.2], &[-3.0, 1e-30], &[1e6], &[0.0, -0.0, 5.0]];
        let all: Vec<f32> = parts.concat();
        let whole = of(&all);
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
            let mut merged = ValueCounts::default();
            let mut seen: Vec<f32> = Vec::new();
            for part in order {
                seen.extend(parts[part]);
                let min = seen.iter().copied().fold(f32::MAX, f32::min);
                let max = seen.iter().copied().fold(f32::MIN, f32::max);
                merged.merge(&of(parts[part]), min, max);
            }
            assert_eq!(merged.exponent, whole.exponent);
            assert_eq!(merged.first, whole.first);
            assert_eq!(merged.linear, whole.linear);
            assert_eq!(merged.by_magnitude, whole.by_magnitude);
        }
    }

    #[test]
    fn quantiles_are_close_also_beside_an_outlier() {
        let mut values: Vec<f32> = (0..10_001).map(|i| i as f32 / 10_000.0).collect();
        let counts = of(&values);
        assert!((counts.quantile(0.5) - 0.5).abs() < 1e-3);
        assert!((counts.quantile(0.01) - 0.01).abs() < 1e-3);
        values.push(-1e9);
        let counts = of(&values);
        let median = counts.quantile(0.5);
        assert!((median - 0.5).abs() < 0.03, "{median}");
        assert!(counts.quantile(0.0) < -9e8);
        assert_eq!(of(&[0.0, 0.0, 0.0, 1.0]).quantile(0.5), 0.0);
    }

    #[test]
    fn any_numbers_have_a_bin() {
        for values in [
            vec![f32::MAX, f32::MIN],
            vec![0.0],
            vec![1000.0, 1000.0],
            vec![1e-45, -1e-45],
            vec![f32::MAX],
            vec![16_777_216.0, 16_777_217.0],
        ] {
            let counts = of(&values);
            assert!(counts.linear.len() <= BINS, "{values:?}");
            let total: u64 = counts.linear.iter().sum();
            assert_eq!(total, values.len() as u64);
            let (from, width, coarse) = counts.coarse(64);
            assert!(coarse.len() <= 64 && from.is_finite() && width > 0.0);
            assert_eq!(coarse.iter().sum::<u64>(), total);
            assert!(counts.quantile(0.5).is_finite());
        }
    }
}
