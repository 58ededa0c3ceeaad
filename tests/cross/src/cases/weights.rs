//! Weights and biases as kernels take them.

use niello::__private as rt;

use super::random::Random;
use crate::widened;

/// Weights in strips of blocks, those of runs of `run` inputs in `segments` whose last
/// group is filled up, and biases as the target's kernels take them.
pub(super) fn weights(
    r: &mut Random,
    blocks: usize,
    run: usize,
    segments: usize,
) -> (Vec<u8>, Vec<[i32; 16]>) {
    let filter = r.weights(blocks * 64 * run.div_ceil(4) * segments);
    with_biases(r, filter, blocks, run, segments)
}

/// These weights and random biases, as the target's kernels take them.
pub(super) fn with_biases(
    r: &mut Random,
    mut filter: Vec<u8>,
    blocks: usize,
    run: usize,
    segments: usize,
) -> (Vec<u8>, Vec<[i32; 16]>) {
    let groups = run.div_ceil(4);
    let mut totals = vec![[0; 16]; blocks];
    let mut chunks = filter.chunks_mut(64);
    let mut first = 0;
    while first < blocks {
        let width = match blocks - first {
            4.. => 4,
            2.. => 2,
            _ => 1,
        };
        for group in 0..groups * segments {
            for totals in &mut totals[first..first + width] {
                let chunk = chunks
                    .next()
                    .expect("as many as there are blocks and groups");
                for (i, weight) in chunk.iter_mut().enumerate() {
                    if group % groups * 4 + i % 4 >= run {
                        *weight = 0;
                    }
                    totals[i / 4] += i32::from(*weight as i8);
                }
            }
        }
        first += width;
    }
    let bias = r.blocks(blocks, -200_000, 200_000);
    let both = bias.into_iter().zip(totals);
    (filter, both.map(|(b, t)| rt::folded([b], [t])[0]).collect())
}

/// Weights in 16 bits, of every other seed.
pub(super) fn wide(seed: u32, blocked: &[u8], run: usize, segments: usize) -> Vec<u8> {
    if seed % 2 == 1 {
        return Vec::new();
    }
    let filled = run.next_multiple_of(4);
    let runs = ohwi(blocked, filled * segments);
    let runs = runs
        .chunks_exact(filled)
        .flat_map(|weights| &weights[..run]);
    let filter: Vec<i8> = runs.copied().collect();
    let wide = widened(&filter, run * segments, run);
    wide.into_iter().map(|byte| byte as u8).collect()
}

/// Whole blocks' weights, channel by channel.
pub(super) fn ohwi(blocked: &[u8], depth: usize) -> Vec<i8> {
    let channels = blocked.len() / depth;
    let blocks = channels / 16;
    let at = |channel: usize, k: usize| {
        let (block, lane) = (channel / 16, channel % 16);
        // Strips of four blocks, then what is left by twos and ones.
        let (strip, width) = match blocks - block / 4 * 4 {
            4.. => (block / 4 * 4, 4),
            left if block % 4 / 2 * 2 + 2 <= left => (block / 2 * 2, 2),
            _ => (block, 1),
        };
        let chunk = strip * (depth / 4) + k / 4 * width + block - strip;
        blocked[chunk * 64 + lane * 4 + k % 4] as i8
    };
    let channels = (0..channels).flat_map(|channel| (0..depth).map(move |k| (channel, k)));
    channels.map(|(channel, k)| at(channel, k)).collect()
}
