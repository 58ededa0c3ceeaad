//! OHWI weights in the orders of the runtime's `simd/`.

use crate::ops::packing::layout::{LANES, STRIP};

/// How many of the `left` strips are side by side: four, then two, then one.
fn side_by_side(left: usize) -> usize {
    match left {
        4.. => 4,
        2.. => 2,
        _ => 1,
    }
}

/// Strips of four blocks of sixteen channels, what is left in strips of two and one:
/// four weights of each channel of the strip, the next four of them, and so on; depth
/// and channels are filled up with zeros.
pub(crate) fn blocked(filter: &[i8], depth: usize) -> Vec<i8> {
    let channels: Vec<&[i8]> = filter.chunks(depth.max(1)).collect();
    let blocks: Vec<&[&[i8]]> = channels.chunks(LANES).collect();
    let mut rest = blocks.as_slice();
    let mut blocked = Vec::new();
    while !rest.is_empty() {
        let (strip, more) = rest.split_at(side_by_side(rest.len()));
        rest = more;
        for group in 0..depth.div_ceil(4) {
            for block in strip {
                for lane in 0..LANES {
                    let weight = |k: usize| block.get(lane)?.get(group * 4 + k).copied();
                    blocked.extend((0..4).map(|k| weight(k).unwrap_or(0)));
                }
            }
        }
    }
    blocked
}

/// OHWI weights in 16 bits, in runs of `run` inputs: for each sixteen channels and each two
/// neighbouring inputs of a run, two weights of each channel. For tests of the runtime, too.
#[must_use]
pub fn widened(filter: &[i8], depth: usize, run: usize) -> Vec<i8> {
    let channels: Vec<&[i8]> = filter.chunks_exact(depth.max(1)).collect();
    let mut wide = Vec::new();
    for block in channels.chunks(LANES) {
        for begin in (0..depth).step_by(run.max(1)) {
            let end = depth.min(begin + run);
            for input in (begin..end).step_by(2) {
                for at in 0..2 * LANES {
                    let (channel, input) = (at / 2, input + at % 2);
                    let weights = block.get(channel).filter(|_| input < end);
                    let weight = weights.map_or(0, |weights| i16::from(weights[input]));
                    wide.extend(weight.to_le_bytes().map(|byte| byte as i8));
                }
            }
        }
    }
    wide
}

/// OHWI weights in runs of `run` inputs: for each sixteen channels and each two neighbouring inputs
/// of a run, two weights of each channel. For tests of the runtime, too.
#[must_use]
pub fn pairs(filter: &[i8], depth: usize, run: usize) -> Vec<i8> {
    // The lower bytes of 16-bit weights in the same order.
    widened(filter, depth, run).into_iter().step_by(2).collect()
}

/// OHWI weights, channel by channel, as rows for each input: the order is that of the
/// runtime's `gemv_zero_skip.rs`. Channels are a multiple of 64. For tests of the runtime, too.
#[must_use]
pub fn rows_of_weights(filter: &[i8], depth: usize) -> Vec<i8> {
    let channels: Vec<&[i8]> = filter.chunks_exact(depth.max(1)).collect();
    let (mut rest, mut rows) = (channels.as_slice(), Vec::with_capacity(filter.len()));
    while !rest.is_empty() {
        let count = side_by_side(rest.len() / STRIP) * STRIP;
        let (strips, more) = rest.split_at(count.min(rest.len()));
        rest = more;
        for input in 0..depth {
            for at in 0..strips.len() {
                let (strip, lane, word) = (at / STRIP * STRIP, at % STRIP / 16, at / 4 % 4);
                let channel = strip + 16 * word + 4 * lane + at % 4;
                rows.extend(strips.get(channel).map(|weights| weights[input]));
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_channels_lie_side_by_side() {
        let filter: Vec<i8> = (0..17 * 5).map(|i| i as i8).collect();
        let blocked = blocked(&filter, 5);
        assert_eq!(blocked.len(), 2 * 2 * 64);
        assert_eq!(blocked[..8], [0, 1, 2, 3, 5, 6, 7, 8]);
        assert_eq!(blocked[64..72], [80, 81, 82, 83, 0, 0, 0, 0]);
        assert_eq!(blocked[128..136], [4, 0, 0, 0, 9, 0, 0, 0]);
    }

    #[test]
    fn two_weights_of_sixteen_channels_lie_side_by_side() {
        // Two runs of three inputs.
        let filter: Vec<i8> = (0..17 * 6).map(|i| i as i8).collect();
        let wide = widened(&filter, 6, 3);
        assert_eq!(wide.len(), 2 * 4 * 64);
        assert_eq!(wide[..8], [0, 0, 1, 0, 6, 0, 7, 0]);
        assert_eq!(wide[64..72], [2, 0, 0, 0, 8, 0, 0, 0]);
        assert_eq!(wide[128..136], [3, 0, 4, 0, 9, 0, 10, 0]);
        assert_eq!(wide[256..264], [96, 0, 97, 0, 0, 0, 0, 0]);
        assert_eq!(widened(&[-2], 1, 1)[..4], [-2, -1, 0, 0]);
    }
}
