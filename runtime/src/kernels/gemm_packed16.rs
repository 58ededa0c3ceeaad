//! CONV_2D and FULLY_CONNECTED of int8 with blocked weights, for wide SIMD registers:
//! see `arch/vector`.

use crate::kernels::output_stage::{OutputStage, Requantize, Rescale};
use crate::kernels::pad_and_shift::{Padding, pad, shift_rows};
pub use crate::params::requant::{RequantPanel, RequantParams, pack_requant};
use crate::params::window::Window;
use crate::simd;
use crate::simd::INPUT_XOR;
use crate::simd::gemm::Pixels;
use crate::simd::isa::LANES;
pub use crate::simd::isa::{Packed16Kernels, Packed16Stage};

/// Weights of a matrix product and what becomes of its sums.
#[derive(Clone, Copy, Debug)]
pub struct Packed16<'a, S> {
    /// Products per sum.
    pub depth: usize,
    /// Output channels.
    pub channels: usize,
    /// Elements from a pixel's outputs to the next one's: as many as there are channels,
    /// unless others lie between.
    pub step: usize,
    /// The input's zero point.
    pub zero_point: i8,
    /// Weights, in the order of `arch/vector`.
    pub filter: &'a [u8],
    /// The same in 16 bits, where a kernel wants that and the layer is worth it: see
    /// `avx2_windows.rs`.
    pub wide: &'a [u8],
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
    // x ^ -128 is x + 128.
    let mut folded = bias;
    let mut block = 0;
    while block < N {
        let mut i = 0;
        while i < LANES {
            folded[block][i] =
                bias[block][i].wrapping_add(totals[block][i].wrapping_mul(INPUT_XOR as i32));
            i += 1;
        }
        block += 1;
    }
    folded
}

/// Output stages: their element type, their vector form, the output of one channel.
macro_rules! block_stages {
    ($($stage:ty: $element:ty, $scales:expr, $finish:expr;)*) => {$(
        impl Packed16Stage for $stage {
            type Element = $element;

            #[inline(always)]
            fn scales(&self) -> Option<RequantParams<'_>> {
                let scales: fn(&Self) -> Option<RequantParams<'_>> = $scales;
                scales(self)
            }

            #[inline(always)]
            fn finish(&self, sum: i32, channel: usize) -> $element {
                let finish: fn(&Self, i32, usize) -> $element = $finish;
                finish(self, sum, channel)
            }
        }

        impl Packed16Kernels for $stage {
            fn fully_connected(
                p: &Packed16<'_, Self>,
                input: &[i8],
                output: &mut [$element],
                scratch: &mut [i8],
            ) {
                fully_connected_inner(p, input, output, scratch);
            }

            fn fully_connected_xor128(
                p: &Packed16<'_, Self>,
                input: &[i8],
                output: &mut [$element],
            ) {
                fully_connected_xor128_inner(p, input, output);
            }

            fn fully_connected_zero_skip(
                p: &ZeroSkipRow<'_, Self>,
                input: &[i8],
                output: &mut [$element],
            ) {
                fully_connected_zero_skip_inner(p, input, output);
            }

            fn fully_connected_w6(
                p: &Weights6Row<'_, Self>,
                input: &[i8],
                output: &mut [$element],
                scratch: &mut [i8],
            ) {
                fully_connected_w6_inner(p, input, output, scratch);
            }

            fn conv_2d(
                p: &Packed16Conv2d<'_, Self>,
                input: &[i8],
                output: &mut [$element],
                scratch: &mut [i8],
            ) {
                conv_2d_inner(p, input, output, scratch);
            }
        }
    )*};
}

block_stages! {
    // To int8 by few instructions, sixteen channels at a time.
    RequantParams<'_>: i8, |scales| Some(*scales), |_, _, _| 0;
    Requantize<'_, false>: i8, |_| None, OutputStage::finish;
    Requantize<'_, true>: i8, |_| None, OutputStage::finish;
    Rescale<'_>: f32, |_| None, OutputStage::finish;
}

/// Rows of FULLY_CONNECTED, or the pixels of a 1x1 convolution; `scratch` holds the
/// rows, each filled up to a multiple of four.
pub fn fully_connected_packed16<S: Packed16Kernels>(
    p: &Packed16<'_, S>,
    input: &[i8],
    output: &mut [S::Element],
    scratch: &mut [i8],
) {
    S::fully_connected(p, input, output, scratch);
}

#[inline(always)]
pub(super) fn fully_connected_inner<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    input: &[i8],
    output: &mut [S::Element],
    scratch: &mut [i8],
) {
    if input.len() == p.depth && p.depth.is_multiple_of(4) {
        simd::multiply(p, &Pixels::raw_row(input), output);
        return;
    }
    shift_rows(input, p.depth, scratch);
    let pixels = Pixels::rows(scratch, p.depth.next_multiple_of(4));
    simd::multiply(p, &pixels, output);
}

/// The same of rows that their producer has written as kernels take them: shifted. Their
/// depth is a multiple of four.
pub fn fully_connected_xor128<S: Packed16Kernels>(
    p: &Packed16<'_, S>,
    input: &[i8],
    output: &mut [S::Element],
    _scratch: &mut [i8],
) {
    S::fully_connected_xor128(p, input, output);
}

#[inline(always)]
pub(super) fn fully_connected_xor128_inner<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    input: &[i8],
    output: &mut [S::Element],
) {
    let is_whole = p.depth.is_multiple_of(4);
    debug_assert!(is_whole, "rows end inside of a group of four");
    if is_whole {
        simd::multiply(p, &Pixels::rows(input, p.depth), output);
    }
}

/// Parameters of [`fully_connected_zero_skip`].
#[derive(Clone, Copy, Debug)]
pub struct ZeroSkipRow<'a, S> {
    /// All but [`transformed`] weights, unless long `pairs` are few.
    pub blocks: Packed16<'a, S>,
    /// The same weights as rows for each input, where kernels want those.
    pub rows: &'a [u8],
    /// Channels and first inputs, by channels, of the pairs of neighbouring inputs the sum of
    /// whose products may need more than 16 bits; known if they are few.
    pub pairs: Option<&'a [[u16; 2]]>,
}

/// One row whose zeros, -128, are likely; at most 256 inputs and a multiple of 64 channels.
pub fn fully_connected_zero_skip<S: Packed16Kernels>(
    p: &ZeroSkipRow<'_, S>,
    input: &[i8],
    output: &mut [S::Element],
    _scratch: &mut [i8],
) {
    S::fully_connected_zero_skip(p, input, output);
}

#[inline(always)]
fn fully_connected_zero_skip_inner<S: Packed16Stage>(
    p: &ZeroSkipRow<'_, S>,
    input: &[i8],
    output: &mut [S::Element],
) {
    #[cfg(target_arch = "x86_64")]
    if !simd::try_gemv_maddubs(&p.blocks, p.pairs, &Pixels::raw_row(input), output) {
        simd::gemm_sparse(&p.blocks, p.rows, input, output);
    }
    #[cfg(not(target_arch = "x86_64"))]
    simd::multiply(&p.blocks, &Pixels::raw_row(input), output);
}

/// Parameters of [`fully_connected_w6`].
#[derive(Clone, Copy, Debug)]
pub struct Weights6Row<'a, S> {
    /// All channels.
    pub blocks: Packed16<'a, S>,
    /// Those of the first channels once more in 6 bits, where a kernel wants that.
    pub narrow: &'a [u8],
    /// As in [`ZeroSkipRow`].
    pub pairs: Option<&'a [[u16; 2]]>,
}

/// One row of a multiple of 16 inputs, by weights the first of which need 6 bits only;
/// `scratch` holds the row.
pub fn fully_connected_w6<S: Packed16Kernels>(
    p: &Weights6Row<'_, S>,
    input: &[i8],
    output: &mut [S::Element],
    scratch: &mut [i8],
) {
    S::fully_connected_w6(p, input, output, scratch);
}

#[inline(always)]
fn fully_connected_w6_inner<S: Packed16Stage>(
    p: &Weights6Row<'_, S>,
    input: &[i8],
    output: &mut [S::Element],
    scratch: &mut [i8],
) {
    #[cfg(target_arch = "x86_64")]
    {
        shift_rows(input, p.blocks.depth, scratch);
        let row = Pixels::rows(scratch, p.blocks.depth);
        if !simd::try_gemv_w6(&p.blocks, p.narrow, &row, output)
            && !simd::try_gemv_maddubs(&p.blocks, p.pairs, &row, output)
        {
            simd::multiply(&p.blocks, &row, output);
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    fully_connected_inner(&p.blocks, input, output, scratch);
}

/// Parameters of [`conv_2d_packed16`].
#[derive(Clone, Copy, Debug)]
pub struct Packed16Conv2d<'a, S> {
    /// Sizes, strides and padding.
    pub window: Window,
    /// Channels of the input.
    pub input_depth: usize,
    /// Rows and columns of the padded image.
    pub padded: [usize; 2],
    /// Where runs of neighbouring inputs of a window begin in the padded image.
    pub segments: &'a [u32],
    /// Inputs in each run; groups of four are filled up with weights of 0.
    pub run: usize,
    /// The weights.
    pub blocks: Packed16<'a, S>,
    /// The weights of 3x3 windows for [`transformed`] inputs, or none.
    pub transformed: &'a [u8],
}

/// Weights in an order of their own, where there is a kernel that wants them.
pub const fn only_on_x86_64(weights: &'static [u8]) -> &'static [u8] {
    if cfg!(target_arch = "x86_64") {
        weights
    } else {
        &[]
    }
}

/// Weights that kernels read where there is none for [`transformed`] ones.
pub const fn except_on_x86_64(weights: &'static [u8]) -> &'static [u8] {
    if cfg!(target_arch = "x86_64") {
        &[]
    } else {
        weights
    }
}

/// All output pixels; `scratch` holds a padded image, 64 bytes more and what
/// kernels that transform inputs need.
pub fn conv_2d_packed16<S: Packed16Kernels>(
    p: &Packed16Conv2d<'_, S>,
    input: &[i8],
    output: &mut [S::Element],
    scratch: &mut [i8],
) {
    S::conv_2d(p, input, output, scratch);
}

#[inline(always)]
pub(super) fn conv_2d_inner<S: Packed16Stage>(
    p: &Packed16Conv2d<'_, S>,
    input: &[i8],
    output: &mut [S::Element],
    scratch: &mut [i8],
) {
    let (w, depth) = (&p.window, p.input_depth);
    let image = (w.input_height * w.input_width * depth).max(1);
    let size = (w.output_height * w.output_width * p.blocks.step).max(1);
    let padding = Padding {
        window: w,
        padded: p.padded,
        depth,
        zero_point: p.blocks.zero_point,
        apart: false,
    };
    let padded = p.padded[0] * p.padded[1] * depth + 4 * LANES;
    #[cfg_attr(not(target_arch = "x86_64"), expect(unused_variables))]
    let (scratch, work) = scratch.split_at_mut(padded.min(scratch.len()));
    let sizes = [w.output_height, w.output_width];
    let steps = |columns| [w.stride_height * columns * depth, w.stride_width * depth];
    // The last image's outputs may end with the last channel.
    for (input, output) in input.chunks_exact(image).zip(output.chunks_mut(size)) {
        if p.reads_input() {
            let pixels = Pixels::windows(input, sizes, steps(w.input_width), p.segments, p.run);
            simd::multiply(&p.blocks, &pixels.as_in_tensor(), output);
            continue;
        }
        pad(&padding, input, scratch);
        #[cfg(target_arch = "x86_64")]
        if !p.transformed.is_empty()
            && let Some(scales) = p.blocks.output.scales()
        {
            let tiled = crate::simd::x86_64::winograd_f4x3::Tiled {
                image: scratch,
                pitch: p.padded[1] * depth,
                depth,
                channels: p.blocks.channels,
                step: p.blocks.step,
                size: sizes,
                filter: p.transformed,
                bias: p.blocks.bias,
                scales,
                addend: p.blocks.output.addend(),
            };
            if simd::try_winograd::<S>(&tiled, work, output) {
                continue;
            }
        }
        let pixels = Pixels::windows(scratch, sizes, steps(p.padded[1]), p.segments, p.run);
        simd::multiply(&p.blocks, &pixels, output);
    }
}

impl<S> Packed16Conv2d<'_, S> {
    /// True if windows are single pixels, which the kernel reads where they are.
    #[inline(always)]
    fn reads_input(&self) -> bool {
        let w = &self.window;
        let is_pixel = w.filter_height * w.filter_width == 1;
        is_pixel && w.padding_top + w.padding_left == 0 && self.input_depth.is_multiple_of(4)
    }
}
