//! Statistics of channels, and what is done to each channel.

use crate::arithmetic::convert::low_i8;
use crate::feedback::nearest;

/// The sums of errors of one channel: between them, mean and variance.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moments {
    /// The number of errors.
    pub count: f64,
    /// The sum of errors.
    pub sum: f64,
    /// The sum of their squares.
    pub squares: f64,
}

impl Moments {
    /// Adds the sums of other samples.
    pub fn merge(&mut self, other: &Moments) {
        self.count += other.count;
        self.sum += other.sum;
        self.squares += other.squares;
    }
}

/// For each channel, the errors `wanted - got` of one tensor where `min < wanted < max`.
pub fn errors(
    channels: usize,
    wanted: &[f32],
    got: &[f32],
    (min, max): (f32, f32),
) -> Vec<Moments> {
    let mut moments = vec![Moments::default(); channels];
    let rows = wanted
        .chunks(channels.max(1))
        .zip(got.chunks(channels.max(1)));
    for (wanted, got) in rows {
        for ((m, w), g) in moments.iter_mut().zip(wanted).zip(got) {
            if *w > min && *w < max {
                let error = f64::from(*w) - f64::from(*g);
                m.count += 1.0;
                m.sum += error;
                m.squares += error * error;
            }
        }
    }
    moments
}

/// What is seen of one channel.
#[derive(Clone, Copy, Debug, Default)]
pub struct Magnitude {
    /// The largest magnitude of a value.
    pub range: f32,
    /// The number of values that are not zero.
    pub count: usize,
}

impl Magnitude {
    /// Adds what is seen in other samples.
    pub fn merge(&mut self, other: Self) {
        self.range = self.range.max(other.range);
        self.count += other.count;
    }
}

/// For each channel, the magnitudes of one tensor.
pub fn magnitudes(channels: usize, data: &[f32]) -> Vec<Magnitude> {
    let mut seen = vec![Magnitude::default(); channels];
    for row in data.chunks(channels.max(1)) {
        for (seen, x) in seen.iter_mut().zip(row) {
            seen.range = seen.range.max(x.abs());
            seen.count += usize::from(*x != 0.0);
        }
    }
    seen
}

/// For each channel, the largest magnitude of a number; the channels are a dimension with so many
/// elements inside of it.
pub fn largest(data: &[f32], channels: usize, inside: usize) -> Vec<f32> {
    let mut largest = vec![0.0_f32; channels];
    for (i, part) in data.chunks(inside.max(1)).enumerate() {
        let largest = &mut largest[i % channels];
        *largest = part.iter().fold(*largest, |max, x| max.max(x.abs()));
    }
    largest
}

/// Multiplies all numbers by the factor of their channel; the channels are a dimension with so many
/// elements inside of it.
pub fn scale(data: &mut [f32], factors: &[f32], inside: usize) {
    for (part, factor) in data.chunks_mut(inside.max(1)).zip(factors.iter().cycle()) {
        part.iter_mut().for_each(|x| *x *= factor);
    }
}

/// The nearest steps of weights, with one scale for each channel, or one for all; the channels are a
/// dimension with so many elements inside of it.
pub fn nearest_steps(data: &[f32], scales: &[f32], inside: usize) -> Vec<i8> {
    let mut steps = Vec::with_capacity(data.len());
    for (part, &scale) in data.chunks(inside.max(1)).zip(scales.iter().cycle()) {
        steps.extend(part.iter().map(|&x| low_i8(nearest(x, scale))));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_may_be_any_dimension() {
        let mut data = [1.0, -2.0, 3.0, 4.0, -5.0, 6.0, 7.0, -8.0];
        assert_eq!(largest(&data, 2, 1), [7.0, 8.0]);
        assert_eq!(largest(&data, 2, 4), [4.0, 8.0]);
        assert_eq!(largest(&data, 2, 2), [6.0, 8.0]);
        assert_eq!(nearest_steps(&data[..4], &[1.0, 2.0], 1), [1, -1, 3, 2]);
        assert_eq!(nearest_steps(&data[..4], &[0.01], 4), [100, -127, 127, 127]);
        scale(&mut data, &[1.0, 10.0], 2);
        assert_eq!(data, [1.0, -2.0, 30.0, 40.0, -5.0, 6.0, 70.0, -80.0]);
    }

    #[test]
    fn channels_are_the_last_dimension() {
        let moments = errors(2, &[1.0, 5.0, 2.0, 9.0], &[0.5, 4.0, 2.5, 0.0], (0.0, 6.0));
        assert_eq!(
            moments.iter().map(|m| m.count).collect::<Vec<_>>(),
            [2.0, 1.0]
        );
        assert_eq!(
            moments.iter().map(|m| m.sum).collect::<Vec<_>>(),
            [0.0, 1.0]
        );
        assert_eq!(moments[0].squares, 0.5);
        let seen = magnitudes(2, &[-3.0, 0.0, 1.0, 2.0]);
        assert_eq!((seen[0].range, seen[0].count), (3.0, 2));
        assert_eq!((seen[1].range, seen[1].count), (2.0, 1));
    }
}
