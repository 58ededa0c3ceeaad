//! CONV_2D.

use niello::__private as rt;

use super::additions::{Addition, run};
use super::outputs::Outputs;
use super::random::Random;
use super::weights::{ohwi, weights, wide};
use crate::transformed;

/// Sizes, strides and padding, and the padded image's size.
pub(super) fn window(r: &mut Random) -> (rt::Window, [usize; 2]) {
    // Most often 3x3.
    let filter = match r.next() % 8 {
        0 => [1, 1],
        _ => [0, 1].map(|_| [3, r.size(1, 4)][r.size(0, 1)]),
    };
    let stride = [r.size(1, 2), r.size(1, 2)];
    let dilation = [r.size(1, 2), r.size(1, 2)];
    let output = [r.size(1, 5), r.size(1, 40)];
    let padded = [0, 1].map(|d| (output[d] - 1) * stride[d] + (filter[d] - 1) * dilation[d] + 1);
    let padding = [0, 1].map(|d| r.size(0, (padded[d] - 1).min(filter[d] / 2)));
    let input = [0, 1].map(|d| (padded[d] - padding[d]).max(1));
    let window = rt::Window {
        batches: 1,
        input_height: input[0],
        input_width: input[1],
        output_height: output[0],
        output_width: output[1],
        filter_height: filter[0],
        filter_width: filter[1],
        stride_height: stride[0],
        stride_width: stride[1],
        padding_top: padding[0],
        padding_left: padding[1],
        dilation_height: dilation[0],
        dilation_width: dilation[1],
    };
    (window, padded)
}

/// A random CONV_2D with packed weights.
pub(super) fn windows(seed: u32) -> Vec<i8> {
    some_windows(seed, None)
}

pub(super) fn some_windows(seed: u32, addition: Option<&Addition>) -> Vec<i8> {
    let mut r = Random(seed ^ 0xAAAA);
    let (window, padded) = window(&mut r);
    let input_depth = match r.next() % 3 {
        0 => r.size(1, 9),
        1 => 4 * r.size(1, 4),
        _ => [1, 3][r.size(0, 1)],
    };
    let channels = [8, 16 * r.size(1, 4), r.size(1, 100)][r.size(0, 2)];
    let rows = 0..window.filter_height;
    let (mut segments, length) = (Vec::new(), window.filter_width * input_depth);
    for y in rows {
        segments.push((y * window.dilation_height * padded[1] * input_depth) as u32);
    }
    let blocks = channels.div_ceil(16);
    let (filter, bias) = weights(&mut r, blocks, length, segments.len());
    let outputs = Outputs::random_for(addition, &mut r, blocks, [-12, 1]);
    let wide = wide(seed, &filter, length, segments.len());
    let p = rt::Packed16Conv2d {
        window,
        input_depth,
        padded,
        segments: &segments,
        run: length,
        gemm: rt::Packed16 {
            filter_i16: &wide,
            ..outputs.blocks(
                [length * segments.len(), channels],
                r.byte(),
                &filter,
                &bias,
            )
        },
        winograd_filter: &[],
    };
    let sizes = [
        window.input_height * window.input_width * input_depth,
        window.output_height * window.output_width * channels,
        padded[0] * padded[1] * input_depth + 64,
    ];
    run(p, addition, &mut r, sizes)
}

/// CONV_2D of 3x3 pixels with weights for transformed inputs, too.
pub(super) fn tiles(seed: u32) -> Vec<i8> {
    some_tiles(seed, None)
}

pub(super) fn some_tiles(seed: u32, addition: Option<&Addition>) -> Vec<i8> {
    let mut r = Random(seed ^ 0x7117);
    let (depth, channels) = (16 * r.size(1, 4), 16 * r.size(1, 5));
    let blocks = channels / 16;
    let (output, padding) = ([r.size(1, 9), r.size(1, 18)], r.size(0, 1));
    let input = output.map(|n| n + 2 - padding - r.size(0, padding));
    let padded = output.map(|n| n.next_multiple_of(4) + 2);
    let segments = [0, 1, 2].map(|y| (y * padded[1] * depth) as u32);
    let (filter, bias) = weights(&mut r, blocks, 3 * depth, 3);
    let (transformed, work) = transformed(&ohwi(&filter, 9 * depth), depth, channels);
    let transformed: Vec<u8> = transformed.into_iter().map(|w| w as u8).collect();
    let outputs = Outputs::random_for(addition, &mut r, blocks, [-14, -8]);
    let p = rt::Packed16Conv2d {
        window: rt::Window {
            batches: 1,
            input_height: input[0],
            input_width: input[1],
            output_height: output[0],
            output_width: output[1],
            filter_height: 3,
            filter_width: 3,
            stride_height: 1,
            stride_width: 1,
            padding_top: padding,
            padding_left: padding,
            dilation_height: 1,
            dilation_width: 1,
        },
        input_depth: depth,
        padded,
        segments: &segments,
        run: 3 * depth,
        gemm: outputs.blocks([9 * depth, channels], r.byte(), &filter, &bias),
        winograd_filter: &transformed,
    };
    let sizes = [
        input[0] * input[1] * depth,
        output[0] * output[1] * channels,
        padded[0] * padded[1] * depth + 64 + work,
    ];
    run(p, addition, &mut r, sizes)
}
