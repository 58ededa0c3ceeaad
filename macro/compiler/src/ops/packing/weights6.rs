//! Weights in 6 bits, for layers of one row (M = 1): such a layer is as fast as its weights come
//! from the cache. A file with one scale for all weights of a layer has many channels that need no
//! more, if an offset is subtracted: `w = w6 + offset[c]`, one i32 offset for each channel.
//!
//! Sixteen inputs are four groups (g0 to g3) of four. Three registers of 64 bytes (sixteen channels
//! times four inputs) hold them; the weights of g3 lie in the two bits that the others leave:
//!
//! ```text
//! byte            bits 7 6      bits 5 .. 0
//! register 0      g3 bits 5 4   g0 + 32
//! register 1      g3 bits 3 2   g1 + 32
//!                 bits 7 .. 2   bits 1 0
//! register 2      g2            g3 bits 1 0
//! ```

/// The number of channels that are packed together.
const BLOCK: usize = 16;

/// How many blocks lie side by side.
const BLOCKS: usize = 4;

/// The number of inputs that are packed together: four groups of four.
const INPUTS: usize = 16;

/// What is added to the weights of the first two groups, so that they have no sign.
const MORE: i8 = 32;

/// Fewer weights fit into a first-level cache, from where 8 bits are as fast.
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
        && channels >= BLOCKS * BLOCK
        && depth * channels >= LEAST
}

/// How many blocks of each of so many strips are narrow, of `count` in all: nearly as many
/// of each. The first ones of a strip are.
fn shares(count: usize, strips: usize) -> impl Iterator<Item = usize> {
    let before = move |strip: usize| (count * strip).div_ceil(strips);
    (0..strips).map(move |strip| before(strip + 1) - before(strip))
}

/// OHWI weights in the order of the runtime's `simd/x86_64/avx512/gemv_w6.rs`: those of as many
/// blocks as are where it wants them. For tests of the runtime, too.
#[must_use]
pub fn narrowed(filter: &[i8], depth: usize) -> Vec<i8> {
    let mut narrowed = Vec::new();
    if depth == 0 || !depth.is_multiple_of(INPUTS) {
        return narrowed;
    }
    let channels: Vec<&[i8]> = filter.chunks_exact(depth).collect();
    let offsets: Vec<Option<i32>> = channels.iter().map(|weights| offset(weights)).collect();
    let blocks: Vec<bool> = offsets
        .chunks(BLOCK)
        .map(|block| block.len() == BLOCK && block.iter().all(Option::is_some))
        .collect();
    let strips = blocks.len() / BLOCKS;
    let fits = |&count: &usize| {
        let mut both = blocks.chunks(BLOCKS).zip(shares(count, strips));
        both.all(|(strip, share)| strip[..share].iter().all(|&is_narrow| is_narrow))
    };
    let count = (1..=strips * BLOCKS).rev().find(fits).unwrap_or(0);
    for (strip, share) in shares(count, strips).enumerate() {
        let first = strip * BLOCKS * BLOCK;
        let strip: Vec<(&[i8], i32)> = (first..first + share * BLOCK)
            .map(|channel| (channels[channel], offsets[channel].unwrap_or(0)))
            .collect();
        let offsets = strip.iter().flat_map(|(_, offset)| offset.to_le_bytes());
        narrowed.extend(offsets.map(|byte| byte as i8));
        for inputs in (0..depth).step_by(INPUTS) {
            for block in strip.chunks(BLOCK) {
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

/// 6-bit weights of one row, if the layer is of the kind; none if too many need more.
pub(crate) fn of_row(filter: &[i8], depth: usize, channels: usize) -> Option<Vec<i8>> {
    fits(depth, channels).then(|| narrowed(filter, depth))
}

/// Channels with small weights at the beginning of each strip, if that makes narrow blocks.
pub(crate) fn order(filter: &[i8], depth: usize, channels: &[usize]) -> Option<Vec<usize>> {
    let is_narrow = |c: &usize| {
        filter
            .get(c * depth..(c + 1) * depth)
            .is_some_and(|weights| offset(weights).is_some())
    };
    let (narrow, wide): (Vec<usize>, Vec<usize>) = channels.iter().partition(|c| is_narrow(c));
    let strips = channels.len().div_ceil(BLOCK) / BLOCKS;
    let count = (narrow.len() / BLOCK).min(strips * BLOCKS);
    if !fits(depth, channels.len()) || count == 0 {
        return None;
    }
    let (narrow, others) = narrow.split_at(count * BLOCK);
    let mut narrow = narrow.iter().copied();
    let mut others = others.iter().copied().chain(wide);
    let mut order = Vec::new();
    for share in shares(count, strips) {
        order.extend(narrow.by_ref().take(share * BLOCK));
        order.extend(others.by_ref().take((BLOCKS - share) * BLOCK));
    }
    order.extend(others);
    Some(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of a block of so many inputs, offsets included.
    fn block_bytes(depth: usize) -> usize {
        BLOCK * (4 + depth * 3 / 4)
    }

    #[test]
    fn three_bytes_hold_four_weights() {
        let depth = 32;
        let filter: Vec<i8> = (0..2 * BLOCKS * BLOCK * depth)
            .map(|i| ((i * 7) % 64) as i8 - 22)
            .collect();
        let narrowed = narrowed(&filter, depth);
        let strip = BLOCKS * block_bytes(depth);
        assert_eq!(narrowed.len(), 2 * strip);
        // The second strip, inputs from 16 on, the third block, its fifth channel.
        assert_eq!(narrowed[strip + 4 * (2 * 16 + 4)], 10);
        let at = strip + BLOCKS * (64 + 192) + 2 * 192 + 4 * 4;
        let channel = BLOCKS * BLOCK + 2 * 16 + 4;
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
    fn strips_have_nearly_as_many_narrow_blocks() {
        let shares = |count| shares(count, 3).collect::<Vec<_>>();
        assert_eq!(shares(12), [4, 4, 4]);
        assert_eq!(shares(7), [3, 2, 2]);
        assert_eq!(shares(1), [1, 0, 0]);
        // A wide channel in the first strip's third block, and in the last strip's second.
        let mut filter = vec![31; 3 * BLOCKS * BLOCK * INPUTS];
        filter[(2 * BLOCK + 5) * INPUTS] = -33;
        assert_eq!(narrowed(&filter, INPUTS).len(), 6 * block_bytes(INPUTS));
        filter[(9 * BLOCK + 1) * INPUTS] = -33;
        assert_eq!(narrowed(&filter, INPUTS).len(), 5 * block_bytes(INPUTS));
        assert!(narrowed(&filter, INPUTS - 1).is_empty());
    }
}
