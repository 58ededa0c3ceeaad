//! Weights in 6 bits, for layers of one row: such a layer is as fast as its weights come
//! from the cache.
//!
//! A file with one scale for all weights of a layer has many channels that need no more,
//! less an offset.

use super::accumulation::Accumulation;

/// Channels that come together.
const STRIP: usize = 64;

/// The last ones may be fewer.
const HALF: usize = 32;

/// Inputs that come together: four groups of four, the last of which lies in the two bits
/// that the others leave.
const INPUTS: usize = 16;

/// How much more weights of the first two groups are.
const MORE: i8 = 32;

/// Fewer weights lie in a first-level cache, from where 8 bits are as fast.
const LEAST: usize = 16 * 1024;

/// More inputs could leave 32 bits.
const MOST_INPUTS: usize = 4096;

/// What 6-bit weights of a channel are less than its weights, if that makes them fit.
fn offset(weights: &[i8]) -> Option<i32> {
    let least = i32::from(weights.iter().copied().min()?);
    let greatest = i32::from(weights.iter().copied().max()?);
    (greatest - least < 64).then_some(least + 32)
}

/// True if a layer of one row is of a kind that 6 bits make faster.
fn fits(depth: usize, channels: usize) -> bool {
    depth.is_multiple_of(INPUTS)
        && depth <= MOST_INPUTS
        && channels >= STRIP
        && depth * channels >= LEAST
}

/// OHWI weights in the order of the runtime's `arch/vector/narrow.rs`, strip by strip of 64
/// channels as long as they need no more than 6 bits; then maybe half a strip. For tests of
/// the runtime, too.
#[must_use]
pub fn narrowed(filter: &[i8], depth: usize) -> Vec<i8> {
    let mut narrowed = Vec::new();
    if depth == 0 || !depth.is_multiple_of(INPUTS) {
        return narrowed;
    }
    let channels: Vec<(&[i8], i32)> = filter
        .chunks_exact(depth)
        .map_while(|weights| Some((weights, offset(weights)?)))
        .collect();
    let count = channels.len() / HALF * HALF;
    for strip in channels[..count].chunks(STRIP) {
        let offsets = strip.iter().flat_map(|(_, offset)| offset.to_le_bytes());
        narrowed.extend(offsets.map(|byte| byte as i8));
        for inputs in (0..depth).step_by(INPUTS) {
            for block in strip.chunks(16) {
                let weight = |at: usize, group: usize| {
                    let (weights, offset) = block[at / 4];
                    let weight = i32::from(weights[inputs + 4 * group + at % 4]);
                    (weight - offset) as i8
                };
                for group in 0..3 {
                    narrowed.extend((0..64).map(|at| {
                        let hidden = weight(at, 3) >> (4 - 2 * group) & 3;
                        match group {
                            2 => weight(at, 2) << 2 | hidden,
                            _ => hidden << 6 | (weight(at, group) + MORE),
                        }
                    }));
                }
            }
        }
    }
    narrowed
}

/// 6-bit weights of one row, if it is worth it.
pub(super) fn of_row(accumulation: &Accumulation, depth: usize) -> Option<Vec<i8>> {
    let (filter, ..) = accumulation.int8()?;
    let worth = fits(depth, accumulation.channels()) && accumulation.is_fast();
    worth
        .then(|| narrowed(filter, depth))
        .filter(|n| !n.is_empty())
}

/// Channels with small weights first, if that makes strips of 6 bits.
pub(super) fn order(
    accumulation: &Accumulation,
    depth: usize,
    channels: &[usize],
) -> Option<Vec<usize>> {
    let (filter, ..) = accumulation.int8()?;
    let narrow = |c: &usize| {
        filter
            .get(c * depth..(c + 1) * depth)
            .is_some_and(|weights| offset(weights).is_some())
    };
    let count = channels.iter().filter(|c| narrow(c)).count();
    if !fits(depth, channels.len()) || count < HALF {
        return None;
    }
    let (mut first, wide): (Vec<usize>, Vec<usize>) = channels.iter().partition(|c| narrow(c));
    first.extend(wide);
    Some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of a strip's offsets.
    const OFFSETS: usize = 4 * STRIP;

    #[test]
    fn three_bytes_hold_four_weights() {
        let depth = 32;
        let filter: Vec<i8> = (0..2 * STRIP * depth)
            .map(|i| ((i * 7) % 64) as i8 - 22)
            .collect();
        let narrowed = narrowed(&filter, depth);
        let strip = OFFSETS + STRIP * depth * 3 / 4;
        assert_eq!(narrowed.len(), 2 * strip);
        // The second strip, inputs from 16 on, the third block, its fifth channel.
        assert_eq!(narrowed[strip + 4 * (2 * 16 + 4)], 10);
        let at = strip + OFFSETS + STRIP * INPUTS * 3 / 4 + 2 * 192 + 4 * 4;
        let channel = STRIP + 2 * 16 + 4;
        for k in 0..4 {
            let bytes = [0, 64, 128].map(|line| narrowed[at + line + k]);
            let weight = |group: usize| filter[channel * depth + INPUTS + 4 * group + k] - 10;
            assert_eq!(
                [0, 1].map(|i| bytes[i] & 63),
                [0, 1].map(|i| weight(i) + 32)
            );
            assert_eq!(bytes[2] >> 2, weight(2));
            let [first, second, third] = bytes.map(|byte| i32::from(byte as u8));
            let hidden = first >> 6 << 4 | second >> 6 << 2 | third & 3;
            assert_eq!((hidden << 26 >> 26) as i8, weight(3));
        }
    }

    #[test]
    fn a_wide_channel_ends_the_strips() {
        let mut filter = vec![31; 3 * STRIP * INPUTS];
        filter[(STRIP + HALF) * INPUTS] = -33;
        let channel = 4 + INPUTS * 3 / 4;
        assert_eq!(narrowed(&filter, INPUTS).len(), (STRIP + HALF) * channel);
        filter[STRIP * INPUTS] = -33;
        assert_eq!(narrowed(&filter, INPUTS).len(), STRIP * channel);
        assert!(narrowed(&filter, INPUTS - 1).is_empty());
    }
}
