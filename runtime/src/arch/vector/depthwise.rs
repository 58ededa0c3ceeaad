//! Depthwise convolution over padded rows seen as one run of elements: weights,
//! biases and multipliers repeat with the channels, so that registers are full
//! whatever their number.
//!
//! # Blocks of 64 elements
//! Taps go in groups of four. Per group a block has 256 weights: element
//! `16 * l + 4 * j + i` has its four at `64 * j + 16 * l + 4 * i`, which is where
//! byte interleaving within lanes of 16 bytes leaves the inputs; biases and
//! multipliers are in the same order.

use super::isa::{Isa, LANES, Scales};

/// Elements of a block.
pub(crate) const BLOCK: usize = 64;

/// A row of outputs; everything lies in bounds: see [`Row::fits`].
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    /// Inputs plus 128, padded, from the row's first tap on.
    pub(crate) inputs: &'a [i8],
    /// Where each tap's inputs begin, four per group.
    pub(crate) taps: &'a [[u32; 4]],
    /// 256 per group and block.
    pub(crate) filter: &'a [u8],
    /// Four per block.
    pub(crate) bias: &'a [[i32; LANES]],
    /// Four of each per block.
    pub(crate) scales: Scales<'a>,
}

impl Row<'_> {
    /// Blocks after which weights repeat.
    #[inline(always)]
    fn period(&self) -> usize {
        let multipliers = self.scales.channels.len();
        let by_filter = self.filter.len() / (256 * self.taps.len()).max(1);
        (self.bias.len().min(multipliers) / 4).min(by_filter)
    }

    /// True if `count` outputs, and 63 more, can be computed.
    #[inline(always)]
    fn fits(&self, count: usize) -> bool {
        let last = self.taps.as_flattened().iter().max();
        let reach = last.map_or(0, |&tap| tap as usize) + count + BLOCK;
        self.period() > 0 && !self.taps.is_empty() && reach <= self.inputs.len()
    }

    /// All outputs of the row.
    #[inline(always)]
    pub(super) unsafe fn run<I: Isa>(&self, output: &mut [i8]) {
        if !self.fits(output.len()) {
            return;
        }
        let (groups, period) = (self.taps.len(), self.period());
        let (mut at, mut block) = (0, 0);
        while at < output.len() {
            for part in 0..BLOCK / I::SPAN {
                if at >= output.len() {
                    break;
                }
                // SAFETY: inputs and outputs of the block are in bounds, and so are
                // the block's weights and multipliers; the caller has enabled the
                // instruction set.
                unsafe {
                    let mut sums = I::wide_zero();
                    for (g, taps) in self.taps.iter().enumerate() {
                        let from = taps.map(|tap| self.inputs.as_ptr().add(tap as usize + at));
                        let weights = self.filter.as_ptr().add(256 * (block * groups + g));
                        sums = I::wide_taps(sums, from, weights, part);
                    }
                    let count = (output.len() - at).min(I::SPAN);
                    I::wide_store(
                        sums,
                        self.bias.as_ptr().add(4 * block).cast(),
                        self.scales.channels.as_ptr().add(4 * block),
                        part,
                        &self.scales,
                        output.as_mut_ptr().add(at),
                        count,
                    );
                }
                at += I::SPAN;
            }
            block = if block + 1 == period { 0 } else { block + 1 };
        }
    }
}
