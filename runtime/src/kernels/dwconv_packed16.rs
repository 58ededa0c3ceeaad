//! DEPTHWISE_CONV_2D of int8 for wide SIMD registers: see `simd/shared/dwconv.rs`.

use crate::kernels::pad_image_xor128::{Padding, pad, xor128_in_place};
use crate::params::layout::LANES;
use crate::params::layout::XOR128;
use crate::params::requant::RequantParams;
use crate::params::window::Window;
use crate::simd::calls;
#[cfg(target_arch = "x86_64")]
use crate::simd::dispatch;
use crate::simd::shared::dwconv::Plane;
#[cfg(target_arch = "x86_64")]
use crate::simd::x86_64::common::dwconv_3x3::Unpadded;

/// Parameters of [`depthwise_packed16`]: one output channel per input channel, one or
/// two columns from one output to the next.
#[derive(Clone, Copy, Debug)]
pub struct Packed16Depthwise<'a> {
    /// Sizes, strides and padding of the window.
    pub window: Window,
    /// Number of channels of a pixel.
    pub channels: usize,
    /// Zero point of the input tensor.
    pub zero_point: i8,
    /// Rows and columns of the padded image; with a stride of 2 the even columns are
    /// in front of the odd ones.
    pub padded: [usize; 2],
    /// Where each tap begins in the padded image, four per group. Groups are filled up with
    /// their last tap.
    pub taps: &'a [[u32; 4]],
    /// 256 weights per group and block: zeros for the taps that fill groups up.
    pub filter: &'a [u8],
    /// Initial accumulators, which include the share of the zero point; four times sixteen per block.
    pub bias: &'a [[i32; LANES]],
    /// Multipliers in the order of the biases.
    pub output: RequantParams<'a>,
    /// True if outputs are written XORed with 0x80, as other kernels read inputs.
    pub writes_xor128: bool,
}

/// All images; `scratch` holds a padded one and 64 bytes more.
pub fn depthwise_packed16(
    p: &Packed16Depthwise<'_>,
    input: &[i8],
    output: &mut [i8],
    scratch: &mut [i8],
) {
    let (w, depth) = (&p.window, p.channels);
    let image = (w.input_height * w.input_width * depth).max(1);
    let row = (w.output_width * depth).max(1);
    let output_xor = if p.writes_xor128 { XOR128 } else { 0 };
    let outputs = output.chunks_exact_mut((w.output_height * row).max(1));
    for (input, output) in input.chunks_exact(image).zip(outputs) {
        let padding = Padding {
            window: w,
            padded: p.padded,
            depth,
            zero_point: p.zero_point,
            even_columns_first: w.stride_width == 2,
        };
        #[cfg(target_arch = "x86_64")]
        if [w.filter_height, w.filter_width] == [3, 3]
            && [w.dilation_height, w.dilation_width] == [1, 1]
        {
            let unpadded = Unpadded {
                plane: Plane {
                    inputs: input,
                    pitch: 0,
                    row,
                    taps: p.taps,
                    filter: p.filter,
                    bias: p.bias,
                    scales: p.output,
                    output_xor,
                },
                size: [w.input_height, w.input_width * depth],
                channels: depth,
                stride: [w.stride_height, w.stride_width],
                padding: [w.padding_top, w.padding_left],
                zero_point: p.zero_point,
            };
            if dispatch::try_dwconv_3x3_unpadded(&unpadded, output) {
                continue;
            }
        }
        pad(&padding, input, scratch);
        let plane = Plane {
            inputs: scratch,
            pitch: w.stride_height * p.padded[1] * depth,
            row,
            taps: p.taps,
            filter: p.filter,
            bias: p.bias,
            scales: p.output,
            output_xor: 0,
        };
        calls::dwconv(plane, output);
        if output_xor != 0 {
            xor128_in_place(output);
        }
    }
}
