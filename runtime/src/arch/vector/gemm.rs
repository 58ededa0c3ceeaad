//! Rows of inputs by blocks of channels, sums and what becomes of them.

use super::isa::{BlockStage, Isa, LANES};
use crate::ops::Blocks;

/// Rows of int8 inputs, `pitch` bytes apart; each has the depth, filled up to a
/// multiple of four.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    bytes: &'a [i8],
    pitch: usize,
    count: usize,
}

impl<'a> Rows<'a> {
    /// As many rows of `depth` inputs as there are, up to `count`.
    #[inline(always)]
    pub(crate) fn new(bytes: &'a [i8], pitch: usize, depth: usize, count: usize) -> Self {
        let last = bytes.len().checked_sub(depth.next_multiple_of(4));
        let fit = last.map_or(0, |last| last / pitch.max(1) + 1);
        Self {
            bytes,
            pitch,
            count: count.min(fit),
        }
    }

    /// True if there is one row.
    #[inline(always)]
    pub(super) fn is_single(&self) -> bool {
        self.count == 1
    }
}

/// What a tile reads and writes; all of it in bounds.
struct Tile<'a, S: BlockStage> {
    weights: &'a [u8],
    bias: &'a [[i32; LANES]],
    /// Groups of four inputs.
    groups: usize,
    channels: usize,
    stage: S,
}

/// All rows by all channels; `output` has `channels` elements per row.
#[inline(always)]
pub(super) unsafe fn all<I: Isa, S: BlockStage, const M: usize, const SINGLE: usize>(
    p: &Blocks<'_, S>,
    rows: Rows<'_>,
    output: &mut [S::Element],
) {
    let groups = p.depth.div_ceil(4);
    let channels = p.channels.min(p.bias.len() * LANES);
    let blocks = channels
        .div_ceil(LANES)
        .min(p.filter.len() / (groups * 4 * LANES).max(1));
    let count = rows.count.min(output.len() / channels.max(1));
    if groups == 0 || count == 0 {
        return;
    }
    let tile = Tile {
        weights: p.filter,
        bias: p.bias,
        groups,
        channels,
        stage: p.output,
    };
    let mut block = 0;
    while block < blocks {
        let wide = blocks - block;
        let mut row = 0;
        // SAFETY: rows and blocks exist, as counted above; the caller has enabled
        // the instruction set.
        unsafe {
            if I::WIDE && wide >= 4 {
                while row < count {
                    tile.run::<I, M, 4>(rows, row, count, block, output);
                    row += M;
                }
                block += 4;
            } else if I::WIDE && wide >= 2 {
                while row < count {
                    tile.run::<I, SINGLE, 2>(rows, row, count, block, output);
                    row += SINGLE;
                }
                block += 2;
            } else {
                while row < count {
                    tile.run::<I, SINGLE, 1>(rows, row, count, block, output);
                    row += SINGLE;
                }
                block += 1;
            }
        }
    }
}

/// One row, four blocks at a time, two chains of sums each.
#[inline(always)]
pub(super) unsafe fn single<I: Isa, S: BlockStage>(
    p: &Blocks<'_, S>,
    rows: Rows<'_>,
    output: &mut [S::Element],
) {
    // SAFETY: the caller's promises are the same.
    unsafe { all::<I, S, 1, 1>(p, rows, output) }
}

impl<S: BlockStage> Tile<'_, S> {
    /// `M` rows (the last one again where there are fewer) by `N` blocks.
    #[inline(always)]
    unsafe fn run<I: Isa, const M: usize, const N: usize>(
        &self,
        rows: Rows<'_>,
        row: usize,
        count: usize,
        block: usize,
        output: &mut [S::Element],
    ) {
        let size = self.groups * 4 * LANES;
        let x: [*const i8; M] = core::array::from_fn(|m| {
            let at = (row + m).min(count - 1) * rows.pitch;
            rows.bytes.as_ptr().wrapping_add(at)
        });
        let w: [*const u8; N] =
            core::array::from_fn(|n| self.weights.as_ptr().wrapping_add((block + n) * size));
        // SAFETY: `groups` groups lie behind every pointer.
        unsafe {
            let mut sums = [[I::zero(); N]; M];
            for k in 0..self.groups {
                let mut weights = [I::weights(w[0].add(64 * k)); N];
                for n in 1..N {
                    weights[n] = I::weights(w[n].add(64 * k));
                }
                for m in 0..M {
                    let inputs = I::inputs(x[m].add(4 * k));
                    for n in 0..N {
                        sums[m][n] = I::dot(sums[m][n], inputs, weights[n]);
                    }
                }
            }
            for n in 0..N {
                let column: [I::Sums; M] = core::array::from_fn(|m| sums[m][n]);
                self.finish::<I, M>(column, block + n, row, count, output);
            }
        }
    }

    /// Outputs of one block of channels of `M` rows.
    #[inline(always)]
    unsafe fn finish<I: Isa, const M: usize>(
        &self,
        sums: [I::Sums; M],
        block: usize,
        row: usize,
        count: usize,
        output: &mut [S::Element],
    ) {
        let Some(bias) = self.bias.get(block) else {
            return;
        };
        let channel = block * LANES;
        let width = (self.channels - channel).min(LANES);
        let scales = self.stage.scales();
        let multipliers =
            scales.and_then(|s| Some((s, s.multiplier.get(block)?, s.shift.get(block)?)));
        // SAFETY: the bias has sixteen words; outputs are checked.
        unsafe {
            if let Some((scales, multiplier, shift)) = multipliers {
                let by = I::multipliers(multiplier, shift);
                for (m, sums) in sums.into_iter().enumerate().take(count - row) {
                    let begin = (row + m) * self.channels + channel;
                    if let Some(out) = output.get_mut(begin..begin + width) {
                        let words = I::words(sums, bias.as_ptr());
                        let words = I::requantize(words, &by, &scales);
                        I::store(words, out.as_mut_ptr().cast(), width);
                    }
                }
                return;
            }
            for (m, sums) in sums.into_iter().enumerate().take(count - row) {
                let begin = (row + m) * self.channels + channel;
                let words = I::spill(I::words(sums, bias.as_ptr()));
                let out = output.get_mut(begin..begin + width).unwrap_or_default();
                for (i, (out, sum)) in out.iter_mut().zip(words).enumerate() {
                    *out = self.stage.finish(sum, channel + i);
                }
            }
        }
    }
}
