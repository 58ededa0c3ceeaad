//! CONV_2D: input NHWC, filter OHWI, output NHWC.

use super::accumulate::{OutputStage, dot};
use super::window::Window;

/// Parameters of [`conv_2d`].
#[derive(Clone, Copy, Debug)]
pub struct Conv2d<'a, S> {
    /// Sizes, strides and padding.
    pub window: Window,
    /// Channels of the input.
    pub input_depth: usize,
    /// The input's negated zero point.
    pub input_offset: i32,
    /// Weights, OHWI.
    pub filter: &'a [u8],
    /// One per output channel, at scale input x filter.
    pub bias: &'a [i32],
    /// What becomes of the accumulators.
    pub output: S,
}

/// Computes all output pixels.
pub fn conv_2d<S: OutputStage>(p: &Conv2d<'_, S>, input: &[i8], output: &mut [S::Element]) {
    let depth = p.input_depth;
    let taps = p.window.filter_height * p.window.filter_width;
    let size = (taps * depth).max(1);
    let pixels = output.chunks_exact_mut(p.bias.len().max(1));
    for (position, pixel) in p.window.positions().zip(pixels) {
        let channels = p.bias.iter().zip(p.filter.chunks_exact(size));
        for ((channel, out), (&bias, filter)) in pixel.iter_mut().enumerate().zip(channels) {
            let mut sum = bias;
            p.window.taps(position, |tap, at| {
                let x = input.get(at * depth..(at + 1) * depth);
                let w = filter.get(tap * depth..(tap + 1) * depth);
                if let (Some(x), Some(w)) = (x, w) {
                    sum = dot(sum, x, w, p.input_offset);
                }
            });
            *out = p.output.finish(sum, channel);
        }
    }
}
