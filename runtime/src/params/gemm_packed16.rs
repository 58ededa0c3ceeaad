//! Matrix products and convolutions with weights packed in blocks of sixteen channels.

#[cfg(target_arch = "x86_64")]
use crate::params::add::Addend;
use crate::params::layout::LANES;
use crate::params::requant::RequantParams;
use crate::params::window::Window;

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

/// What becomes of finished sums, a block of channels at a time.
pub trait Packed16Stage: Copy {
    /// The output's element type.
    type Element: Copy;
    /// The vector form, if there is one; only where elements are int8, on which unsafe code
    /// relies (*Int8*). `ops/blocks.rs` and `ops/blocks_add.rs` have all implementations.
    fn scales(&self) -> Option<RequantParams<'_>>;
    /// The output of one channel.
    fn finish(&self, sum: i32, channel: usize) -> Self::Element;
    /// What is added to outputs before they are stored.
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
    /// The same with another stage.
    #[inline(always)]
    pub(crate) fn with<T>(&self, output: T) -> Packed16<'a, T> {
        Packed16 {
            depth: self.depth,
            channels: self.channels,
            step: self.step,
            zero_point: self.zero_point,
            filter: self.filter,
            wide: self.wide,
            bias: self.bias,
            output,
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl<'a, S> Packed16Conv2d<'a, S> {
    /// The same with another stage.
    #[inline(always)]
    pub(crate) fn with<T>(&self, output: T) -> Packed16Conv2d<'a, T> {
        Packed16Conv2d {
            window: self.window,
            input_depth: self.input_depth,
            padded: self.padded,
            segments: self.segments,
            run: self.run,
            blocks: self.blocks.with(output),
            transformed: self.transformed,
        }
    }
}
