//! Matrix products and convolutions with weights packed in blocks of sixteen channels.

#[cfg(target_arch = "x86_64")]
use crate::params::add::Addend;
use crate::params::layout::LANES;
use crate::params::requant::RequantParams;
use crate::params::window::Window;

/// A matrix product: weights, biases and output stage.
#[derive(Clone, Copy, Debug)]
pub struct Packed16<'a, S> {
    /// Number of products per sum.
    pub depth: usize,
    /// Number of output channels of the layer.
    pub channels: usize,
    /// Elements from a pixel's outputs to the next pixel's: `channels`, or more where other operands
    /// of a concatenation are between them.
    pub output_stride: usize,
    /// Zero point of the input tensor.
    pub zero_point: i8,
    /// Weights, in the layout of `simd`.
    pub filter: &'a [u8],
    /// The weights in 16 bits, in the layout of `simd/x86_64/avx2/gemm_madd16.rs`; empty where no
    /// kernel wants them or the layer is not worth it.
    pub filter_i16: &'a [u8],
    /// Initial accumulators, which include the share of the zero point: see `folded`.
    pub bias: &'a [[i32; LANES]],
    /// Output stage: from sums to outputs.
    pub output: S,
}

/// Parameters of the kernel `fully_connected_zero_skip`.
#[derive(Clone, Copy, Debug)]
pub struct ZeroSkipRow<'a, S> {
    /// The layer; its usual weights are there where the target has no other kernel, or if there are
    /// `saturating_pairs`.
    pub gemm: Packed16<'a, S>,
    /// The weights as rows for each input, in the layout of
    /// `simd/x86_64/common/gemv_zero_skip.rs`; empty where no kernel wants them.
    pub filter_by_input: &'a [u8],
    /// `[channel, first input]` of each pair of neighbouring inputs whose two products may overflow
    /// i16, sorted by channel. `None` if there are too many.
    pub saturating_pairs: Option<&'a [[u16; 2]]>,
}

/// Parameters of the kernel `fully_connected_w6`.
#[derive(Clone, Copy, Debug)]
pub struct Weights6Row<'a, S> {
    /// The layer, with the usual weights of all channels.
    pub gemm: Packed16<'a, S>,
    /// The weights of some channels once more in 6 bits, in the layout of
    /// `simd/x86_64/avx512/gemv_w6.rs`; empty where no kernel wants them.
    pub filter_i6: &'a [u8],
    /// Pairs of weights whose products may saturate, as in [`ZeroSkipRow`].
    pub saturating_pairs: Option<&'a [[u16; 2]]>,
}

/// Parameters of the kernel `conv_2d_packed16`.
#[derive(Clone, Copy, Debug)]
pub struct Packed16Conv2d<'a, S> {
    /// Sizes, strides and padding of the window.
    pub window: Window,
    /// Number of channels of the input.
    pub input_depth: usize,
    /// Rows and columns of the padded image.
    pub padded: [usize; 2],
    /// Where runs of neighbouring inputs of a window begin in the padded image.
    pub segments: &'a [u32],
    /// Inputs in each run; groups of four are filled up with weights of 0.
    pub run: usize,
    /// Weights, biases and output stage.
    pub gemm: Packed16<'a, S>,
    /// The weights of 3x3 windows, transformed for Winograd; empty if no kernel wants them.
    pub winograd_filter: &'a [u8],
}

/// An output stage of matrix products: from finished sums to outputs, a block of channels at a time.
pub trait Packed16Stage: Copy {
    /// Element type of the output tensor.
    type Element: Copy;
    /// Whether there are [`Packed16Stage::scales`]. Kernels ask this constant first, so that the
    /// ways to int8 are not compiled for stages that never take them.
    const TO_INT8: bool;
    /// Whether there is a [`Packed16Stage::addend`].
    #[cfg(target_arch = "x86_64")]
    const ADDS: bool = false;
    /// Parameters of SIMD requantization. `Some` only for int8 outputs; unsafe code relies on that
    /// (*Int8*). `kernels/gemm_packed16.rs` and `kernels/fused_add.rs` have all implementations.
    fn scales(&self) -> Option<RequantParams<'_>>;
    /// The output of one channel.
    fn finish(&self, sum: i32, channel: usize) -> Self::Element;
    /// The operand that is added to outputs before they are stored, if there is one.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn addend(&self) -> Option<Addend<'_>> {
        None
    }
    /// The outputs as int8, if the stage has an addend, which only stages of int8 have.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn as_int8_mut<'o>(&self, _output: &'o mut [Self::Element]) -> Option<&'o mut [i8]> {
        None
    }
}

#[cfg(target_arch = "x86_64")]
impl<'a, S> Packed16<'a, S> {
    /// This matrix product with another output stage.
    #[inline(always)]
    pub(crate) fn with<T>(&self, output: T) -> Packed16<'a, T> {
        Packed16 {
            depth: self.depth,
            channels: self.channels,
            output_stride: self.output_stride,
            zero_point: self.zero_point,
            filter: self.filter,
            filter_i16: self.filter_i16,
            bias: self.bias,
            output,
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl<'a, S> Packed16Conv2d<'a, S> {
    /// This convolution with another output stage.
    #[inline(always)]
    pub(crate) fn with<T>(&self, output: T) -> Packed16Conv2d<'a, T> {
        Packed16Conv2d {
            window: self.window,
            input_depth: self.input_depth,
            padded: self.padded,
            segments: self.segments,
            run: self.run,
            gemm: self.gemm.with(output),
            winograd_filter: self.winograd_filter,
        }
    }
}
