//! CONV_2D: input NHWC, filter OHWI, output NHWC.

use crate::kernels::output_stage::{Accumulate, OutputStage, dot};
use crate::params::window::Window;

/// Parameters of the kernel [`conv_2d`].
#[derive(Clone, Copy, Debug)]
pub struct Conv2d<'a, S, W = u8, A = i32> {
    /// Sizes, strides and padding of the window.
    pub window: Window,
    /// Number of channels of the input.
    pub input_depth: usize,
    /// The input's negated zero point.
    pub input_offset: i32,
    /// Weights, in the layout OHWI.
    pub filter: &'a [W],
    /// One per output channel, at scale input x filter.
    pub bias: &'a [A],
    /// Output stage: from accumulators to outputs.
    pub output: S,
}

/// Computes all output pixels and channels.
pub fn conv_2d<X: Copy, W: Copy, A: Accumulate<X, W>, S: OutputStage<A>>(
    p: &Conv2d<'_, S, W, A>,
    input: &[X],
    output: &mut [S::Element],
) {
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
                } else {
                    debug_assert!(false, "the input or the weights are too short");
                }
            });
            *out = p.output.finish(sum, channel);
        }
    }
}

/// Computes a convolution in which each group of output channels sees its part of the input's.
pub fn grouped_conv_2d<X: Copy, W: Copy, A: Accumulate<X, W>, S: OutputStage<A>>(
    p: &Conv2d<'_, S, W, A>,
    input: &[X],
    output: &mut [S::Element],
) {
    let taps = (p.window.filter_height * p.window.filter_width).max(1);
    let outputs = p.bias.len().max(1);
    let size = (p.filter.len() / outputs).max(1);
    let depth = size / taps;
    // As many groups as filters fit beside each other.
    let groups = p.input_depth / depth.max(1);
    let per_group = (outputs / groups.max(1)).max(1);
    for (position, pixel) in p.window.positions().zip(output.chunks_exact_mut(outputs)) {
        let channels = p.bias.iter().zip(p.filter.chunks_exact(size));
        for ((channel, out), (&bias, filter)) in pixel.iter_mut().enumerate().zip(channels) {
            let first = channel / per_group * depth;
            let mut sum = bias;
            p.window.taps(position, |tap, at| {
                let begin = at * p.input_depth + first;
                let x = input.get(begin..begin + depth);
                let w = filter.get(tap * depth..(tap + 1) * depth);
                if let (Some(x), Some(w)) = (x, w) {
                    sum = dot(sum, x, w, p.input_offset);
                } else {
                    debug_assert!(false, "the input or the weights are too short");
                }
            });
            *out = p.output.finish(sum, channel);
        }
    }
}
