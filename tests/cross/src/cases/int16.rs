//! CONV_2D, FULLY_CONNECTED and DEPTHWISE_CONV_2D of int16 inputs and int8 weights: each case
//! compares the kernels for wide registers and those for small cores with the plain ones, whose sums
//! have 64 bits.

use niello::__private as rt;

use super::random::Random;
use super::windows::window;

/// Weights, biases and multipliers of each output channel.
struct Layer {
    filter: Vec<u8>,
    bias: Vec<i32>,
    multiplier: Vec<i32>,
    shift: Vec<i8>,
    activation: (i32, i32),
    left: u32,
    right: u32,
}

impl Layer {
    /// Random weights. In every fourth case sums nearly reach 32 bits, if they are long enough.
    fn random(r: &mut Random, channels: usize, depth: usize) -> Self {
        let is_extreme = r.next().is_multiple_of(4);
        let mut filter = r.weights(channels * depth);
        let mut bias: Vec<i32> = (0..channels)
            .map(|_| r.between(-100_000, 100_000))
            .collect();
        if is_extreme {
            for (weights, bias) in filter.chunks_mut(depth).zip(&mut bias) {
                let sign = r.between(0, 1) * 2 - 1;
                weights.fill((127 * sign) as u8);
                *bias = sign * (i32::MAX - 127 * depth as i32 * (1 << 15));
            }
        }
        // Sums that are far from 32 bits may be shifted to the left.
        let bound = depth as i64 * (128 << 15) + 100_000;
        let left = r.between(0, 3);
        let left = if is_extreme || bound << left >= 1 << 31 {
            0
        } else {
            left
        };
        let right = if left == 0 { r.between(0, 3) } else { 0 };
        let moved = left - right;
        let multipliers: Vec<rt::Multiplier> = (0..channels)
            .map(|_| r.multiplier(moved - 17, moved - 1))
            .collect();
        let activation = match r.next() % 3 {
            0 => (0, 32767),
            1 => (r.between(-32768, 0), r.between(1, 32767)),
            _ => (-32768, 32767),
        };
        Self {
            filter,
            bias,
            multiplier: multipliers.iter().map(|m| m.multiplier).collect(),
            shift: multipliers.iter().map(|m| m.shift as i8).collect(),
            activation,
            left: left as u32,
            right: right as u32,
        }
    }

    fn exact(&self) -> rt::RequantizeI16<'_> {
        rt::RequantizeI16(rt::Requantize {
            multiplier: &self.multiplier,
            shift: &self.shift,
            output_offset: 0,
            activation_min: self.activation.0,
            activation_max: self.activation.1,
        })
    }

    fn wide_bias(&self) -> Vec<i64> {
        self.bias.iter().map(|&b| b.into()).collect()
    }

    fn factors(&self) -> Vec<i32> {
        let significand = |m: i32| {
            if m < 0x7FFF_0000 {
                (m + (1 << 15)) >> 16
            } else {
                0x7FFF
            }
        };
        let both = self.multiplier.iter().zip(&self.shift);
        both.map(|(m, shift)| {
            significand(*m) << (17 - self.left as i32 + self.right as i32 + i32::from(*shift))
        })
        .collect()
    }

    fn fast<'a>(&self, factor: &'a [i32]) -> rt::RequantizeI16Fast<'a> {
        rt::RequantizeI16Fast {
            factor,
            left: self.left,
            right: self.right,
            activation_min: self.activation.0,
            activation_max: self.activation.1,
        }
    }

    /// A convolution by all kernels.
    fn convolve(&self, window: rt::Window, input_depth: usize, input: &[i16]) -> Vec<i16> {
        let channels = self.bias.len();
        let depth = self.filter.len() / channels;
        let pixels = window.batches * window.output_height * window.output_width;
        let mut exact = vec![0; pixels * channels];
        let wide_bias = self.wide_bias();
        let plain = rt::Conv2d {
            window,
            input_depth,
            input_offset: 0,
            filter: &self.filter,
            bias: &wide_bias,
            output: self.exact(),
        };
        rt::conv_2d(&plain, input, &mut exact);
        let factors = self.factors();
        let mut outputs = vec![0; exact.len()];
        let packed = pairs_of_channels(&self.filter, depth);
        let small = rt::Packed2Conv2d {
            window,
            input_depth,
            packed: rt::Packed2 {
                depth,
                zero_point: 0,
                filter: &packed,
                bias: rt::Bias::Wide(&self.bias),
                output: self.fast(&factors),
            },
        };
        // What is left of another operator.
        let mut columns = vec![0x5A5A; depth.div_ceil(4) * 8];
        rt::conv_2d_packed2_i16(&small, input, &mut outputs, &mut columns);
        assert_eq!(outputs, exact, "small cores");
        outputs.fill(0);
        let mut padded = [
            (window.output_height - 1) * window.stride_height
                + (window.filter_height - 1) * window.dilation_height
                + 1,
            (window.output_width - 1) * window.stride_width
                + (window.filter_width - 1) * window.dilation_width
                + 1,
        ];
        padded[0] = padded[0].max(window.padding_top + window.input_height);
        padded[1] = padded[1].max(window.padding_left + window.input_width);
        let is_dense = window.dilation_width == 1;
        let taps = if is_dense { 1 } else { window.filter_width };
        let run = depth / window.filter_height / taps;
        let is_input = padded == [window.input_height, window.input_width];
        let padded = (!is_input || run % 2 == 1).then_some(padded);
        let columns = padded.map_or(window.input_width, |[_, columns]| columns);
        let mut segments = Vec::new();
        for y in 0..window.filter_height {
            for x in 0..taps {
                let row = y * window.dilation_height * columns;
                segments.push(((row + x * window.dilation_width) * input_depth) as u32);
            }
        }
        let whole = |list: &[i32]| {
            let mut list = list.to_vec();
            list.resize(channels.next_multiple_of(16), 0);
            list
        };
        let (pairs, bias) = (pairs_of_inputs(&self.filter, depth, run), whole(&self.bias));
        let factors = whole(&factors);
        let wide = rt::Conv2dI16 {
            window,
            input_depth,
            padded,
            gemm: rt::GemmI16 {
                channels,
                segments: &segments,
                run,
                filter: &pairs,
                bias: &bias,
                output: self.fast(&factors),
            },
        };
        let scratch = padded.map_or(0, |[rows, columns]| rows * columns * input_depth + 1);
        rt::conv_2d_i16(&wide, input, &mut outputs, &mut vec![0x5A5A; scratch]);
        assert_eq!(outputs, exact, "wide registers");
        outputs
    }
}

/// Weights of two channels side by side, in fours.
fn pairs_of_channels(filter: &[u8], depth: usize) -> Vec<u8> {
    let mut packed = Vec::new();
    for pair in filter.chunks(2 * depth) {
        for k in (0..depth).step_by(4) {
            for channel in pair.chunks(depth) {
                packed.extend((k..k + 4).map(|k| channel.get(k).copied().unwrap_or(0)));
            }
        }
    }
    packed
}

/// Weights of two neighbouring inputs of a run, of sixteen channels side by side.
fn pairs_of_inputs(filter: &[u8], depth: usize, run: usize) -> Vec<u8> {
    let channels: Vec<&[u8]> = filter.chunks(depth).collect();
    let mut packed = Vec::new();
    for block in channels.chunks(16) {
        for begin in (0..depth).step_by(run) {
            for k in (begin..begin + run).step_by(2) {
                for lane in 0..16 {
                    let weight = |k: usize| block.get(lane).filter(|_| k < begin + run)?.get(k);
                    packed.extend([k, k + 1].map(|k| weight(k).copied().unwrap_or(0)));
                }
            }
        }
    }
    packed
}

/// Inputs of all values, or of the extremes alone.
fn inputs(r: &mut Random, count: usize) -> Vec<i16> {
    match r.next() % 4 {
        0 => vec![-32768; count],
        1 => vec![32767; count],
        2 => (0..count).map(|_| [-32768, 32767][r.size(0, 1)]).collect(),
        _ => (0..count)
            .map(|_| r.between(-32768, 32767) as i16)
            .collect(),
    }
}

fn bytes(outputs: &[i16]) -> Vec<i8> {
    let bytes = outputs.iter().flat_map(|x| x.to_le_bytes());
    bytes.map(|byte| byte as i8).collect()
}

/// A random CONV_2D of int16 inputs.
pub(super) fn windows_i16(seed: u32) -> Vec<i8> {
    let mut r = Random(seed ^ 0x1616);
    let (mut window, _) = window(&mut r);
    window.batches = r.size(1, 2);
    let input_depth = match r.next() % 3 {
        0 => r.size(1, 9),
        1 => 4 * r.size(1, 4),
        _ => [1, 3][r.size(0, 1)],
    };
    let channels = [16 * r.size(1, 3), r.size(1, 40)][r.size(0, 1)];
    let depth = window.filter_height * window.filter_width * input_depth;
    let layer = Layer::random(&mut r, channels, depth);
    let count = window.batches * window.input_height * window.input_width * input_depth;
    let input = inputs(&mut r, count);
    bytes(&layer.convolve(window, input_depth, &input))
}

/// FULLY_CONNECTED, up to the longest sums that always fit 32 bits.
pub(super) fn rows_i16(seed: u32) -> Vec<i8> {
    let mut r = Random(seed ^ 0x1617);
    let (rows, depth) = (
        r.size(1, 12),
        [r.size(1, 90), r.size(500, 516)][r.size(0, 1)],
    );
    let channels = r.size(1, 70);
    let mut layer = Layer::random(&mut r, channels, depth);
    // Only weights of 127 may make sums so long.
    for w in &mut layer.filter {
        *w = if *w == 128 { 129 } else { *w };
    }
    let window = rt::Window {
        batches: 1,
        input_height: rows,
        input_width: 1,
        output_height: rows,
        output_width: 1,
        filter_height: 1,
        filter_width: 1,
        stride_height: 1,
        stride_width: 1,
        dilation_height: 1,
        dilation_width: 1,
        padding_top: 0,
        padding_left: 0,
    };
    let input = inputs(&mut r, rows * depth);
    bytes(&layer.convolve(window, depth, &input))
}

/// DEPTHWISE_CONV_2D with one output channel per input channel.
pub(super) fn depthwise_i16(seed: u32) -> Vec<i8> {
    let mut r = Random(seed ^ 0x1618);
    let (mut window, _) = window(&mut r);
    window.batches = r.size(1, 2);
    let channels = [r.size(1, 100), 16 * r.size(1, 5)][r.size(0, 1)];
    let taps = window.filter_height * window.filter_width;
    let layer = Layer::random(&mut r, channels, taps);
    let by_channel = &layer.filter;
    let filter: Vec<u8> = (0..taps)
        .flat_map(|tap| by_channel.iter().skip(tap).step_by(taps))
        .copied()
        .collect();
    let count = window.batches * window.input_height * window.input_width * channels;
    let input = inputs(&mut r, count);
    let outputs = window.batches * window.output_height * window.output_width * channels;
    let mut exact = vec![0; outputs];
    let wide_bias = layer.wide_bias();
    let plain = rt::DepthwiseConv2d {
        window,
        input_depth: channels,
        depth_multiplier: 1,
        input_offset: 0,
        filter: &filter,
        bias: &wide_bias,
        output: layer.exact(),
    };
    rt::depthwise_conv_2d(&plain, &input, &mut exact);
    let factors = layer.factors();
    let mut outputs = vec![0; outputs];
    let wide = rt::DepthwiseI16 {
        window,
        channels,
        filter: &filter,
        bias: &layer.bias,
        output: layer.fast(&factors),
    };
    rt::depthwise_conv_2d_i16(&wide, &input, &mut outputs);
    assert_eq!(outputs, exact, "wide registers");
    let is_planar = [window.filter_height, window.filter_width] == [3, 3]
        && window.stride_height == window.stride_width
        && window.dilation_height * window.dilation_width == 1;
    if is_planar && layer.right == 0 {
        outputs.fill(0);
        planar(&layer, window, &input, &mut outputs, &factors);
        assert_eq!(outputs, exact, "small cores");
    }
    bytes(&outputs)
}

fn planar(layer: &Layer, window: rt::Window, input: &[i16], outputs: &mut [i16], factors: &[i32]) {
    let pitch = (2 * (window.output_width + 2))
        .max(window.input_width + window.padding_left)
        .next_multiple_of(2);
    let p = rt::PlanarI16 {
        window,
        pitch,
        filter: layer.filter.as_chunks().0,
        bias: rt::Bias::Wide(&layer.bias),
        output: layer.fast(factors),
    };
    let rows = (window.output_height - 1) * window.stride_height + 3;
    let rows = rows.max(window.input_height + window.padding_top);
    let mut plane = vec![0x5A5A; rows * pitch];
    rt::depthwise_planar_i16(&p, input, outputs, &mut plane);
    let same = window.stride_height == 1
        && [window.input_height, window.input_width] == [window.output_height, window.output_width];
    if same {
        let mut in_out = input.to_vec();
        rt::depthwise_planar_i16_in_place(&p, &mut in_out, &mut plane);
        assert_eq!(in_out, outputs, "in place");
    }
}
