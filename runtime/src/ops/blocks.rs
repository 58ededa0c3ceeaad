//! CONV_2D and FULLY_CONNECTED of int8 with blocked weights, for wide SIMD registers:
//! see `arch/vector`.

use super::accumulate::{OutputStage, Requantize, Rescale};
use super::strided::copy_row;
use super::window::Window;
use crate::arch::vector::{self, LANES, Rows};
pub use crate::arch::vector::{BlockStage, Scales};

/// Weights of a matrix product and what becomes of its sums.
#[derive(Clone, Copy, Debug)]
pub struct Blocks<'a, S> {
    /// Products per sum.
    pub depth: usize,
    /// Output channels.
    pub channels: usize,
    /// The input's zero point.
    pub zero_point: i8,
    /// Weights, in the order of `arch/vector`.
    pub filter: &'a [u8],
    /// What sums begin with, the zero point's share included: see [`folded`].
    pub bias: &'a [[i32; LANES]],
    /// What becomes of the sums.
    pub output: S,
}

/// Biases for inputs as the target's kernels take them: some of them 128 more than
/// they are. `totals` are the sums of each channel's weights.
pub const fn folded<const N: usize>(
    bias: [[i32; LANES]; N],
    totals: [[i32; LANES]; N],
) -> [[i32; LANES]; N] {
    let mut folded = bias;
    let mut block = 0;
    while block < N {
        let mut i = 0;
        while i < LANES {
            folded[block][i] = bias[block][i].wrapping_sub(totals[block][i].wrapping_mul(128));
            i += 1;
        }
        block += 1;
    }
    folded
}

/// To int8 by few instructions, sixteen channels at a time.
impl BlockStage for Scales<'_> {
    type Element = i8;

    #[inline(always)]
    fn scales(&self) -> Option<Scales<'_>> {
        Some(*self)
    }

    #[inline(always)]
    fn finish(&self, _: i32, _: usize) -> i8 {
        0
    }
}

impl<const ONCE: bool> BlockStage for Requantize<'_, ONCE> {
    type Element = i8;

    #[inline(always)]
    fn scales(&self) -> Option<Scales<'_>> {
        None
    }

    #[inline(always)]
    fn finish(&self, sum: i32, channel: usize) -> i8 {
        OutputStage::finish(self, sum, channel)
    }
}

impl BlockStage for Rescale<'_> {
    type Element = f32;

    #[inline(always)]
    fn scales(&self) -> Option<Scales<'_>> {
        None
    }

    #[inline(always)]
    fn finish(&self, sum: i32, channel: usize) -> f32 {
        OutputStage::finish(self, sum, channel)
    }
}

/// Rows of FULLY_CONNECTED, or the pixels of a 1x1 convolution; the depth is a
/// multiple of four.
pub fn fully_connected_blocks<S: BlockStage>(
    p: &Blocks<'_, S>,
    input: &[i8],
    output: &mut [S::Element],
) {
    let count = output.len() / p.channels.max(1);
    vector::multiply(p, Rows::new(input, p.depth, p.depth, count), output);
}

/// The same of any depth; `scratch` holds one row.
pub fn fully_connected_blocks_padded<S: BlockStage>(
    p: &Blocks<'_, S>,
    input: &[i8],
    output: &mut [S::Element],
    scratch: &mut [i8],
) {
    let rows = input.chunks_exact(p.depth.max(1));
    for (row, out) in rows.zip(output.chunks_exact_mut(p.channels.max(1))) {
        copy_row(row, scratch);
        let pitch = scratch.len();
        vector::multiply(p, Rows::new(scratch, pitch, p.depth, 1), out);
    }
}

/// Parameters of [`conv_2d_blocks`].
#[derive(Clone, Copy, Debug)]
pub struct BlocksConv2d<'a, S> {
    /// Sizes, strides and padding.
    pub window: Window,
    /// Channels of the input.
    pub input_depth: usize,
    /// The weights.
    pub blocks: Blocks<'a, S>,
}

/// All output pixels; `scratch` holds the inputs of as many pixels as are worked on
/// at once, each filled up to a multiple of four.
pub fn conv_2d_blocks<S: BlockStage>(
    p: &BlocksConv2d<'_, S>,
    input: &[i8],
    output: &mut [S::Element],
    scratch: &mut [i8],
) {
    let pitch = p.blocks.depth.next_multiple_of(4).max(4);
    let (tile, pixels) = (scratch.len() / pitch, p.window.pixels());
    if tile == 0 {
        return;
    }
    for first in (0..pixels).step_by(tile) {
        let count = tile.min(pixels - first);
        for (i, row) in scratch.chunks_exact_mut(pitch).enumerate().take(count) {
            p.gather(first + i, input, row);
        }
        let begin = first * p.blocks.channels;
        let out = output.get_mut(begin..begin + count * p.blocks.channels);
        let rows = Rows::new(scratch, pitch, p.blocks.depth, count);
        vector::multiply(&p.blocks, rows, out.unwrap_or_default());
    }
}

impl<S> BlocksConv2d<'_, S> {
    /// The inputs of one output pixel, side by side.
    #[inline(always)]
    fn gather(&self, pixel: usize, input: &[i8], row: &mut [i8]) {
        let (w, depth) = (&self.window, self.input_depth);
        let position = w.position(pixel);
        let inside = w.columns(position);
        let across = w.filter_width * depth;
        for (y, to) in row
            .chunks_exact_mut(across.max(1))
            .enumerate()
            .take(w.filter_height)
        {
            let Some(begin) = w.row(position, y) else {
                to.fill(self.blocks.zero_point);
                continue;
            };
            if inside.is_empty() {
                to.fill(self.blocks.zero_point);
            } else if w.dilation_width == 1 {
                let from = (begin + w.column(position, inside.start)) * depth;
                let count = inside.len() * depth;
                let left = inside.start * depth;
                let Some(from) = input.get(from..from + count) else {
                    continue;
                };
                if count < across {
                    to.fill(self.blocks.zero_point);
                }
                if let Some(to) = to.get_mut(left..left + count) {
                    to.copy_from_slice(from);
                }
            } else {
                for (x, to) in to.chunks_exact_mut(depth.max(1)).enumerate() {
                    let from = inside.contains(&x).then(|| {
                        let from = (begin + w.column(position, x)) * depth;
                        input.get(from..from + depth)
                    });
                    match from.flatten() {
                        Some(from) => copy_row(from, to),
                        None => to.fill(self.blocks.zero_point),
                    }
                }
            }
        }
    }
}
