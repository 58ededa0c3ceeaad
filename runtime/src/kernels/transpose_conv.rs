//! TRANSPOSE_CONV: each output pixel gathers the inputs that reach it.

use crate::kernels::conv_2d::Conv2d;
use crate::kernels::output_stage::{Accumulate, OutputStage, dot};

/// Computes all output pixels; the window walks the output.
pub fn transpose_conv<X: Copy, W: Copy, A: Accumulate<X, W>, S: OutputStage<A>>(
    p: &Conv2d<'_, S, W, A>,
    input: &[X],
    output: &mut [S::Element],
) {
    let w = &p.window;
    let depth = p.input_depth;
    let taps = w.filter_height * w.filter_width;
    let size = (taps * depth).max(1);
    let mut pixels = output.chunks_exact_mut(p.bias.len().max(1));
    // The row (or column) of the input whose tap `tap` falls on `at`.
    let source = |at: usize, padding: usize, tap: usize, stride: usize, count: usize| {
        let from = (at + padding).checked_sub(tap)?;
        let stride = stride.max(1);
        (from % stride == 0 && from / stride < count).then_some(from / stride)
    };
    for batch in 0..w.batches {
        for y in 0..w.input_height {
            for x in 0..w.input_width {
                let Some(pixel) = pixels.next() else {
                    debug_assert!(false, "the output is too short");
                    return;
                };
                let channels = p.bias.iter().zip(p.filter.chunks_exact(size));
                for ((channel, out), (&bias, filter)) in pixel.iter_mut().enumerate().zip(channels)
                {
                    let mut sum = bias;
                    for tap in 0..taps {
                        let (ty, tx) = (tap / w.filter_width.max(1), tap % w.filter_width.max(1));
                        let row = source(y, w.padding_top, ty, w.stride_height, w.output_height);
                        let column = source(x, w.padding_left, tx, w.stride_width, w.output_width);
                        let Some((row, column)) = row.zip(column) else {
                            continue;
                        };
                        let at =
                            ((batch * w.output_height + row) * w.output_width + column) * depth;
                        let x = input.get(at..at + depth);
                        let weights = filter.get(tap * depth..(tap + 1) * depth);
                        if let (Some(x), Some(weights)) = (x, weights) {
                            sum = dot(sum, x, weights, p.input_offset);
                        } else {
                            debug_assert!(false, "the input or the weights are too short");
                        }
                    }
                    *out = p.output.finish(sum, channel);
                }
            }
        }
    }
}
