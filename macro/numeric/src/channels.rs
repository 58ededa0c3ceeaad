//! Statistics of channels, over tensors whose last dimension is the channel.

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

#[cfg(test)]
mod tests {
    use super::*;

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
