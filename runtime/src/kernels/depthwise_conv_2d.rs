//! DEPTHWISE_CONV_2D: input NHWC, filter 1HWC, output NHWC; output channel
//! `input channel * depth_multiplier + m`.

use crate::kernels::output_stage::{Accumulate, OutputStage};
use crate::params::window::Window;

/// Parameters of the kernel [`depthwise_conv_2d`].
#[derive(Clone, Copy, Debug)]
pub struct DepthwiseConv2d<'a, S, W = u8, A = i32> {
    /// Sizes, strides and padding of the window.
    pub window: Window,
    /// Number of channels of the input.
    pub input_depth: usize,
    /// Output channels per input channel.
    pub depth_multiplier: usize,
    /// The input's negated zero point.
    pub input_offset: i32,
    /// Weights, in the layout 1HWC.
    pub filter: &'a [W],
    /// One per output channel, at scale input x filter.
    pub bias: &'a [A],
    /// Output stage: from accumulators to outputs.
    pub output: S,
}

/// Output channels that are accumulated side by side.
const BLOCK: usize = 16;

/// Computes all output pixels and channels.
pub fn depthwise_conv_2d<X: Copy, W: Copy, A: Accumulate<X, W>, S: OutputStage<A>>(
    p: &DepthwiseConv2d<'_, S, W, A>,
    input: &[X],
    output: &mut [S::Element],
) {
    let channels = p.bias.len().max(1);
    let taps = p.window.filter_height * p.window.filter_width;
    debug_assert!(
        p.filter.len() >= taps * channels,
        "the weights are too short"
    );
    let multiplier = p.depth_multiplier.max(1);
    for (position, pixel) in p.window.positions().zip(output.chunks_exact_mut(channels)) {
        for (block, out) in pixel.chunks_mut(BLOCK).enumerate() {
            let first = block * BLOCK;
            let mut sums = [A::default(); BLOCK];
            for (sum, bias) in sums.iter_mut().zip(p.bias.get(first..).unwrap_or(&[])) {
                *sum = *bias;
            }
            p.window.taps(position, |tap, at| {
                let x = input
                    .get(at * p.input_depth..(at + 1) * p.input_depth)
                    .unwrap_or(&[]);
                let w = p
                    .filter
                    .get(tap * channels + first..(tap + 1) * channels)
                    .unwrap_or(&[]);
                let add =
                    |sum: &mut A, w: &W, x: &X| *sum = sum.add_product(*x, *w, p.input_offset);
                if multiplier == 1 {
                    let x = x.get(first..).unwrap_or(&[]);
                    sums.iter_mut()
                        .zip(w)
                        .zip(x)
                        .for_each(|((sum, w), x)| add(sum, w, x));
                } else {
                    for ((i, sum), w) in sums.iter_mut().enumerate().zip(w) {
                        if let Some(x) = x.get((first + i) / multiplier) {
                            add(sum, w, x);
                        }
                    }
                }
            });
            for ((i, out), sum) in out.iter_mut().enumerate().zip(sums) {
                *out = p.output.finish(sum, first + i);
            }
        }
    }
}
