//! CONV_2D and FULLY_CONNECTED of int8 with weights packed in blocks of sixteen channels, for wide
//! SIMD registers: see `simd`.

#[cfg(target_arch = "x86_64")]
use crate::kernels::add::add_in_place;
use crate::kernels::output_stage::{OutputStage, Requantize, RequantizeI16, Rescale};
use crate::kernels::pad_image_xor128::{Padding, pad, xor128_rows};
use crate::params::gemm_packed16::Packed16Stage;
use crate::params::gemm_packed16::{Packed16, Packed16Conv2d, Weights6Row, ZeroSkipRow};
use crate::params::layout::LANES;
use crate::params::layout::XOR128;
use crate::params::requant::RequantParams;
use crate::simd::calls;
#[cfg(target_arch = "x86_64")]
use crate::simd::dispatch;
use crate::simd::shared::pixels::Pixels;

/// Biases for inputs XORed with `XOR128`: `bias - 128 * total` where that makes inputs 128
/// larger. `totals` are the sums of each channel's weights.
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
                bias[block][i].wrapping_add(totals[block][i].wrapping_mul(XOR128 as i32));
            i += 1;
        }
        block += 1;
    }
    folded
}

/// The kernels that end with an output stage.
pub trait Packed16Kernels: Packed16Stage {
    /// The kernel [`fully_connected_packed16`] with this output stage. A method of each type, unlike
    /// a generic function, is compiled with this crate's options, whatever the program's are.
    fn fully_connected(
        p: &Packed16<'_, Self>,
        input: &[i8],
        output: &mut [Self::Element],
        scratch: &mut [i8],
    );
    /// The kernel [`fully_connected_xor128`] with this output stage.
    fn fully_connected_xor128(p: &Packed16<'_, Self>, input: &[i8], output: &mut [Self::Element]);
    /// The kernel [`fully_connected_zero_skip`] with this output stage.
    fn fully_connected_zero_skip(
        p: &ZeroSkipRow<'_, Self>,
        input: &[i8],
        output: &mut [Self::Element],
    );
    /// The kernel [`fully_connected_w6`] with this output stage.
    fn fully_connected_w6(
        p: &Weights6Row<'_, Self>,
        input: &[i8],
        output: &mut [Self::Element],
        scratch: &mut [i8],
    );
    /// The kernel [`conv_2d_packed16`] with this output stage.
    fn conv_2d(
        p: &Packed16Conv2d<'_, Self>,
        input: &[i8],
        output: &mut [Self::Element],
        scratch: &mut [i8],
    );
}

/// Implements the traits of output stages, from their element type, their vector form and the
/// output of one channel.
macro_rules! block_stages {
    ($($stage:ty: $element:ty, $to_int8:literal, $scales:expr, $finish:expr;)*) => {$(
        impl Packed16Stage for $stage {
            type Element = $element;
            const TO_INT8: bool = $to_int8;

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
    RequantParams<'_>: i8, true, |scales| Some(*scales), |_, _, _| 0;
    Requantize<'_, false>: i8, false, |_| None, OutputStage::finish;
    Requantize<'_, true>: i8, false, |_| None, OutputStage::finish;
    RequantizeI16<'_>: i16, false, |_| None, OutputStage::finish;
    Rescale<'_>: f32, false, |_| None, OutputStage::finish;
}

/// The matrix product; also adds the second operand of a fused ADD.
#[inline(always)]
fn multiply<S: Packed16Stage>(p: &Packed16<'_, S>, pixels: &Pixels<'_>, output: &mut [S::Element]) {
    #[cfg(target_arch = "x86_64")]
    if S::ADDS {
        multiply_and_add(p, pixels, output);
    } else {
        calls::gemm(p, pixels, output);
    }
    #[cfg(not(target_arch = "x86_64"))]
    calls::gemm(p, pixels, output);
}

/// The matrix product with an addend: added before outputs are stored, or else to stored ones.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn multiply_and_add<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    if dispatch::try_gemm_added(p, pixels, output) {
        return;
    }
    let int8 = p.output.scales().zip(p.output.as_int8_mut(output));
    debug_assert!(int8.is_some(), "sums of outputs that are not int8");
    if let (Some((scales, output)), Some(addend)) = (int8, p.output.addend()) {
        calls::gemm(&p.with(scales), pixels, output);
        add_in_place(addend.add, output, addend.other);
    }
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
        multiply(p, &Pixels::raw_row(input), output);
        return;
    }
    xor128_rows(input, p.depth, scratch);
    let pixels = Pixels::rows(scratch, p.depth.next_multiple_of(4));
    multiply(p, &pixels, output);
}

/// Rows of FULLY_CONNECTED that their producer has written XORed with 0x80, as kernels read them.
/// Their depth is a multiple of four.
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
        multiply(p, &Pixels::rows(input, p.depth), output);
    }
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
    if !dispatch::try_gemv_maddubs(&p.gemm, p.saturating_pairs, &Pixels::raw_row(input), output) {
        dispatch::gemv_zero_skip(&p.gemm, p.filter_by_input, input, output);
    }
    #[cfg(not(target_arch = "x86_64"))]
    multiply(&p.gemm, &Pixels::raw_row(input), output);
}

/// One row of a multiple of 16 inputs; the weights of some channels need only 6 bits.
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
        xor128_rows(input, p.gemm.depth, scratch);
        let row = Pixels::rows(scratch, p.gemm.depth);
        if !dispatch::try_gemv_w6(&p.gemm, p.filter_i6, &row, output)
            && !dispatch::try_gemv_maddubs(&p.gemm, p.saturating_pairs, &row, output)
        {
            multiply(&p.gemm, &row, output);
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    fully_connected_inner(&p.gemm, input, output, scratch);
}

/// These weights on x86-64, whose kernels have layouts of their own; none elsewhere.
pub const fn only_on_x86_64(weights: &'static [u8]) -> &'static [u8] {
    if cfg!(target_arch = "x86_64") {
        weights
    } else {
        &[]
    }
}

/// These weights on all targets but x86-64, whose kernels have layouts of their own.
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
    let size = (w.output_height * w.output_width * p.gemm.output_stride).max(1);
    let padding = Padding {
        window: w,
        padded: p.padded,
        depth,
        zero_point: p.gemm.zero_point,
        even_columns_first: false,
    };
    let padded = p.padded[0] * p.padded[1] * depth + 4 * LANES;
    #[cfg_attr(
        not(target_arch = "x86_64"),
        expect(unused_variables, reason = "only kernels for x86-64 read it")
    )]
    let (scratch, work) = scratch.split_at_mut(padded.min(scratch.len()));
    let sizes = [w.output_height, w.output_width];
    let steps = |columns| [w.stride_height * columns * depth, w.stride_width * depth];
    // The last image's outputs may end with the last channel.
    for (input, output) in input.chunks_exact(image).zip(output.chunks_mut(size)) {
        if p.reads_input() {
            let pixels = Pixels::windows(input, sizes, steps(w.input_width), p.segments, p.run);
            multiply(&p.gemm, &pixels.as_in_tensor(), output);
            continue;
        }
        pad(&padding, input, scratch);
        #[cfg(target_arch = "x86_64")]
        if S::TO_INT8
            && !p.winograd_filter.is_empty()
            && let Some(scales) = p.gemm.output.scales()
        {
            let tiled = crate::simd::x86_64::common::winograd_f4x3::Tiled {
                image: scratch,
                pitch: p.padded[1] * depth,
                depth,
                channels: p.gemm.channels,
                output_stride: p.gemm.output_stride,
                size: sizes,
                winograd_filter: p.winograd_filter,
                bias: p.gemm.bias,
                scales,
                addend: p.gemm.output.addend(),
            };
            if dispatch::try_winograd::<S>(&tiled, work, output) {
                continue;
            }
        }
        let pixels = Pixels::windows(scratch, sizes, steps(p.padded[1]), p.segments, p.run);
        multiply(&p.gemm, &pixels, output);
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
