//! SIMD kernels at the level `Generic` beside plain loops, each on memory of just the size that it
//! asks for: tests that Miri can run. `tests/tests/simd_levels` has all other levels, and more shapes.

use std::vec;
use std::vec::Vec;

use crate::kernels::dwconv_packed16::{Packed16Depthwise, depthwise_packed16};
use crate::kernels::gemm_packed16::{conv_2d_packed16, folded, fully_connected_packed16};
use crate::kernels::output_stage::{OutputStage, Requantize, Rescale};
use crate::params::gemm_packed16::{Packed16, Packed16Conv2d};
use crate::params::layout::LANES;
use crate::params::requant::RequantParams;
use crate::params::requant::pack_requant;
use crate::params::window::Window;
use crate::simd::Level;
use crate::simd::force;
use crate::simd::shared::gemm_tile::strip_width;

/// A generator of numbers that look random.
struct Numbers(u32);

impl Numbers {
    fn next(&mut self) -> i8 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 16) as i8
    }

    fn bytes(&mut self, count: usize) -> Vec<i8> {
        (0..count).map(|_| self.next()).collect()
    }
}

/// Weights, `runs` times `run` for each channel, as kernels take them, and biases of 0.
fn blocked(weights: &[Vec<i8>], runs: usize, run: usize) -> (Vec<u8>, Vec<[i32; LANES]>) {
    let (blocks, groups) = (weights.len().div_ceil(LANES), run.div_ceil(4));
    let mut filter = Vec::new();
    let mut first = 0;
    while first < blocks {
        let width = strip_width(blocks - first);
        for group in 0..runs * groups {
            for i in 0..width * LANES * 4 {
                let channel = first * LANES + i / 4;
                let at = group % groups * 4 + i % 4;
                let k = group / groups * run + at;
                let weight = weights
                    .get(channel)
                    .filter(|_| at < run)
                    .map_or(0, |w| w[k]);
                filter.push(weight as u8);
            }
        }
        first += width;
    }
    let total = |channel: usize| -> i32 {
        let weights = weights.get(channel).into_iter().flatten();
        weights.map(|&w| i32::from(w)).sum()
    };
    let totals = (0..blocks).map(|block| std::array::from_fn(|i| total(block * LANES + i)));
    let biases = totals.map(|totals| folded([[0; LANES]], [totals])[0]);
    (filter, biases.collect())
}

fn dot(x: &[i8], w: &[i8]) -> i32 {
    x.iter()
        .zip(w)
        .map(|(&x, &w)| i32::from(x) * i32::from(w))
        .sum()
}

/// The last channels, groups and pixels of strips and tiles that are not whole.
#[test]
fn rows_by_channels() {
    force(Level::Generic);
    let mut r = Numbers(1);
    for (rows, depth, channels) in [(1, 4, 1), (1, 8, 16), (2, 6, 33), (3, 20, 70), (5, 5, 64)] {
        let weights: Vec<Vec<i8>> = (0..channels).map(|_| r.bytes(depth)).collect();
        let (filter, bias) = blocked(&weights, 1, depth);
        let input = r.bytes(rows * depth);
        let scale = vec![1.0; channels];
        let real = Packed16 {
            depth,
            channels,
            output_stride: channels,
            zero_point: 0,
            filter: &filter,
            filter_i16: &[],
            bias: &bias,
            output: Rescale {
                scale: &scale,
                activation_min: f32::MIN,
                activation_max: f32::MAX,
            },
        };
        let mut scratch = vec![0; rows * depth.next_multiple_of(4)];
        let mut output = vec![0.0; rows * channels];
        fully_connected_packed16(&real, &input, &mut output, &mut scratch);
        let inputs = input.chunks_exact(depth);
        let sums: Vec<i32> = inputs
            .flat_map(|x| weights.iter().map(move |w| dot(x, w)))
            .collect();
        assert!(sums.iter().zip(&output).all(|(&a, &b)| a as f32 == b));
        // To int8, by the vector form.
        let blocks = channels.div_ceil(LANES);
        let all = vec![pack_requant([[3 << 29; LANES]], [[-7; LANES]], &[])[0]; blocks];
        let int8 = Packed16 {
            depth,
            channels,
            output_stride: channels,
            zero_point: 0,
            filter: &filter,
            filter_i16: &[],
            bias: &bias,
            output: RequantParams {
                channels: &all,
                output_offset: 3,
                activation_min: -100,
                activation_max: 100,
            },
        };
        let mut output = vec![0; rows * channels];
        fully_connected_packed16(&int8, &input, &mut output, &mut scratch);
        let exact = Requantize::<'_, false> {
            multiplier: &[3 << 29],
            shift: &[-7],
            output_offset: 3,
            activation_min: -100,
            activation_max: 100,
        };
        assert!(sums.iter().map(|&sum| exact.finish(sum, 0)).eq(output));
    }
}

/// 3x3 windows over a padded image of three channels.
#[test]
fn windows_by_channels() {
    force(Level::Generic);
    let mut r = Numbers(2);
    let ([height, width], depth, channels) = ([5, 4], 3, 20);
    let window = Window {
        batches: 1,
        input_height: height,
        input_width: width,
        output_height: height,
        output_width: width,
        filter_height: 3,
        filter_width: 3,
        stride_height: 1,
        stride_width: 1,
        dilation_height: 1,
        dilation_width: 1,
        padding_top: 1,
        padding_left: 1,
    };
    let weights: Vec<Vec<i8>> = (0..channels).map(|_| r.bytes(9 * depth)).collect();
    let (filter, bias) = blocked(&weights, 3, 3 * depth);
    let padded = [height + 2, width + 2];
    let scale = vec![1.0; channels];
    let p = Packed16Conv2d {
        window,
        input_depth: depth,
        padded,
        segments: &[0, 1, 2].map(|y| y * (padded[1] * depth) as u32),
        run: 3 * depth,
        gemm: Packed16 {
            depth: 9 * depth,
            channels,
            output_stride: channels,
            zero_point: 0,
            filter: &filter,
            filter_i16: &[],
            bias: &bias,
            output: Rescale {
                scale: &scale,
                activation_min: f32::MIN,
                activation_max: f32::MAX,
            },
        },
        winograd_filter: &[],
    };
    let input = r.bytes(height * width * depth);
    let mut scratch = vec![0; padded[0] * padded[1] * depth + 4 * LANES];
    let mut output = vec![0.0; height * width * channels];
    conv_2d_packed16(&p, &input, &mut output, &mut scratch);
    for (pixel, output) in output.chunks_exact(channels).enumerate() {
        let mut x = Vec::new();
        for tap in 0..9 {
            let (y, column) = (pixel / width + tap / 3, pixel % width + tap % 3);
            let inside = (1..=height).contains(&y) && (1..=width).contains(&column);
            let at = ((y.max(1) - 1) * width + column.max(1) - 1) * depth;
            x.extend((0..depth).map(|c| if inside { input[at + c] } else { 0 }));
        }
        let sums = weights.iter().map(|w| dot(&x, w) as f32);
        assert!(sums.eq(output.iter().copied()), "pixel {pixel}");
    }
}

/// Rows of three taps; weights repeat after a block of 64 elements, as with 64 channels.
#[test]
fn depthwise_rows() {
    force(Level::Generic);
    let mut r = Numbers(3);
    let (width, channels) = (3, 64);
    let window = Window {
        batches: 1,
        input_height: 1,
        input_width: width,
        output_height: 1,
        output_width: width,
        filter_height: 1,
        filter_width: 3,
        stride_height: 1,
        stride_width: 1,
        dilation_height: 1,
        dilation_width: 1,
        padding_top: 0,
        padding_left: 1,
    };
    let weights: Vec<Vec<i8>> = (0..channels).map(|_| r.bytes(3)).collect();
    // Element 16 * l + 4 * j + i: see `shared/dwconv.rs`.
    let place = |e: usize| 16 * (e % 16 / 4) + 4 * (e / 16) + e % 4;
    let mut filter = vec![0; 256];
    let mut bias = [[0; LANES]; 4];
    for (e, weights) in weights.iter().enumerate() {
        for (tap, &w) in weights.iter().enumerate() {
            filter[4 * place(e) + tap] = w as u8;
        }
        let total = weights.iter().map(|&w| i32::from(w)).sum();
        let totals = [[total; LANES]];
        bias[place(e) / LANES][e % 4 + 4 * (e / 16)] = folded([[0; LANES]], totals)[0][0];
    }
    let taps = [0, 1, 2, 2].map(|x| x * channels as u32);
    let padded = [1, width + 2];
    let all = [pack_requant([[3 << 29; LANES]], [[-7; LANES]], &[])[0]; 4];
    let p = Packed16Depthwise {
        window,
        channels,
        zero_point: 0,
        padded,
        taps: &[taps],
        filter: &filter,
        bias: &bias,
        output: RequantParams {
            channels: &all,
            output_offset: -5,
            activation_min: -128,
            activation_max: 127,
        },
        writes_xor128: false,
    };
    let input = r.bytes(width * channels);
    let mut scratch = vec![0; padded[1] * channels + 64];
    let mut output = vec![0; width * channels];
    depthwise_packed16(&p, &input, &mut output, &mut scratch);
    let exact = Requantize::<'_, false> {
        multiplier: &[3 << 29],
        shift: &[-7],
        output_offset: -5,
        activation_min: -128,
        activation_max: 127,
    };
    for (i, &got) in output.iter().enumerate() {
        let (x, channel) = (i / channels, i % channels);
        let tap = |t: usize| match (x + t).checked_sub(1) {
            Some(x) if x < width => input[x * channels + channel],
            _ => 0,
        };
        let sum = dot(&[tap(0), tap(1), tap(2)], &weights[channel]);
        assert_eq!(got, exact.finish(sum, 0), "element {i}");
    }
}
