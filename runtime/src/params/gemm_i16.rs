//! Matrix products and convolutions of int16 inputs and int8 weights, for wide SIMD registers.

use crate::params::requantize_i16::RequantizeI16Fast;
use crate::params::window::Window;

/// A matrix product: weights, biases and output stage. No sum of a channel leaves 32 bits, in
/// whatever order its products are added up: the compiler has checked `|bias| + 2^15 * sum of |w|`.
#[derive(Clone, Copy, Debug)]
pub struct GemmI16<'a> {
    /// Number of output channels.
    pub channels: usize,
    /// Where runs of neighbouring inputs begin, in elements from a window's first input.
    pub segments: &'a [u32],
    /// Inputs of a run.
    pub run: usize,
    /// Weights, in the layout of `simd/shared/gemm_i16.rs`.
    pub filter: &'a [u8],
    /// Initial sums of whole blocks of sixteen channels.
    pub bias: &'a [i32],
    /// Output stage: from sums to outputs.
    pub output: RequantizeI16Fast<'a>,
}

/// Parameters of the kernel `conv_2d_i16`, which also does rows of FULLY_CONNECTED: they are
/// pixels of a column.
#[derive(Clone, Copy, Debug)]
pub struct Conv2dI16<'a> {
    /// Sizes, strides and padding of the window.
    pub window: Window,
    /// Number of channels of the input.
    pub input_depth: usize,
    /// Rows and columns of the padded image; none if windows are read from the input.
    pub padded: Option<[usize; 2]>,
    /// Weights, biases and output stage.
    pub gemm: GemmI16<'a>,
}

/// Parameters of the kernel `depthwise_conv_2d_i16`: one output channel per input channel. Sums as
/// in [`GemmI16`].
#[derive(Clone, Copy, Debug)]
pub struct DepthwiseI16<'a> {
    /// Sizes, strides and padding of the window.
    pub window: Window,
    /// Number of channels.
    pub channels: usize,
    /// Weights, in the layout 1HWC.
    pub filter: &'a [u8],
    /// Initial sums of whole blocks of sixteen channels.
    pub bias: &'a [i32],
    /// Output stage: from sums to outputs.
    pub output: RequantizeI16Fast<'a>,
}
