//! DEPTHWISE_CONV_2D of int8 for wide SIMD registers: see `arch/vector/depthwise.rs`.

use super::blocks::Scales;
use super::window::Window;
use crate::arch::vector::{self, BLOCK, LANES, Row};

/// Parameters of [`depthwise_blocks`]: one output channel per input channel, one or
/// two columns from one output to the next.
#[derive(Clone, Copy, Debug)]
pub struct BlocksDepthwise<'a> {
    /// Sizes, strides and padding.
    pub window: Window,
    /// Channels.
    pub channels: usize,
    /// The input's zero point.
    pub zero_point: i8,
    /// Rows of the padded image.
    pub rows: usize,
    /// Columns of the padded image; with a stride of 2 the even ones lie in front of
    /// the odd ones.
    pub columns: usize,
    /// Where each tap begins in the padded image, four per group.
    pub taps: &'a [[u32; 4]],
    /// 256 weights per group and block.
    pub filter: &'a [u8],
    /// What sums begin with, the zero point's share included; four per block.
    pub bias: &'a [[i32; LANES]],
    /// Multipliers in the order of the biases.
    pub output: Scales<'a>,
}

/// All images; `scratch` holds a padded one and 64 bytes more.
pub fn depthwise_blocks(
    p: &BlocksDepthwise<'_>,
    input: &[i8],
    output: &mut [i8],
    scratch: &mut [i8],
) {
    let (w, depth) = (&p.window, p.channels);
    let image = (w.input_height * w.input_width * depth).max(1);
    let row = (w.output_width * depth).max(1);
    let outputs = output.chunks_exact_mut((w.output_height * row).max(1));
    for (input, output) in input.chunks_exact(image).zip(outputs) {
        p.pad(input, scratch);
        let step = w.stride_height * p.columns * depth;
        for (y, out) in output.chunks_exact_mut(row).enumerate() {
            let row = Row {
                inputs: scratch.get(y * step..).unwrap_or(&[]),
                taps: p.taps,
                filter: p.filter,
                bias: p.bias,
                scales: p.output,
            };
            vector::depthwise_row(row, out);
        }
    }
}

impl BlocksDepthwise<'_> {
    /// Copies an image between its padding, 128 added.
    fn pad(&self, input: &[i8], scratch: &mut [i8]) {
        let (w, depth) = (&self.window, self.channels);
        let pitch = (self.columns * depth).max(1);
        let fill = self.zero_point ^ -128;
        let Some((padded, slack)) = scratch.split_at_mut_checked(self.rows * pitch) else {
            return;
        };
        slack.iter_mut().take(BLOCK).for_each(|x| *x = fill);
        let rows = input.chunks_exact((w.input_width * depth).max(1));
        let (above, rest) = padded
            .split_at_mut_checked(w.padding_top * pitch)
            .unwrap_or_default();
        above.fill(fill);
        let mut last = rest.chunks_exact_mut(pitch);
        for (from, to) in rows.zip(last.by_ref()) {
            if w.stride_width == 1 {
                let begin = (w.padding_left * depth).min(to.len());
                let (left, to) = to.split_at_mut(begin);
                let (to, right) = to.split_at_mut(from.len().min(to.len()));
                left.fill(fill);
                right.fill(fill);
                for (to, from) in to.iter_mut().zip(from) {
                    *to = from ^ -128;
                }
            } else {
                self.pad_apart(from, to, fill);
            }
        }
        last.for_each(|row| row.fill(fill));
    }

    /// Even columns, then odd ones.
    fn pad_apart(&self, from: &[i8], to: &mut [i8], fill: i8) {
        let (depth, left) = (self.channels, self.window.padding_left);
        let (even, odd) = to.split_at_mut((self.columns.div_ceil(2) * depth).min(to.len()));
        for (parity, plane) in [even, odd].into_iter().enumerate() {
            for (i, to) in plane.chunks_exact_mut(depth.max(1)).enumerate() {
                let column = (2 * i + parity).wrapping_sub(left);
                let from = (column < self.window.input_width)
                    .then(|| from.get(column * depth..(column + 1) * depth));
                match from.flatten() {
                    Some(from) => to.iter_mut().zip(from).for_each(|(to, x)| *to = x ^ -128),
                    None => to.fill(fill),
                }
            }
        }
    }
}
