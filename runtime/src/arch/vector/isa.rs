//! What an instruction set can do with sixteen sums.

use crate::arithmetic::Multiplier;
use crate::ops::{Blocks, BlocksConv2d};

/// Sums, channels or elements that are worked on at once.
pub(crate) const LANES: usize = 16;

/// The multipliers of sixteen channels, ready for the few-instruction requantization.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Ready {
    // What is always read lies side by side.
    /// Multiplier and shift as one factor.
    pub(crate) factor: [f32; LANES],
    /// What is added to scaled sums that are not negative: the nudge and the output's
    /// zero point.
    pub(crate) above: [f32; LANES],
    /// What rounding twice adds to a scaled sum's magnitude: half of the first
    /// rounding's unit.
    pub(crate) nudge: [f32; LANES],
    /// Q31 significands.
    pub(crate) multiplier: [i32; LANES],
    /// Places to shift a sum left before it is multiplied.
    pub(crate) left: [i32; LANES],
    /// Places to shift the product's upper half right.
    pub(crate) right: [i32; LANES],
    /// Half of 1 shifted left by `right`.
    pub(crate) half: [i32; LANES],
    /// Where a negative number has a 1 that is taken off it before it is rounded: 31,
    /// or nowhere (32) without a shift.
    pub(crate) sign: [i32; LANES],
}

impl Ready {
    /// A channel's multiplier as it was.
    #[inline(always)]
    pub(crate) fn multiplier(&self, channel: usize) -> Multiplier {
        Multiplier {
            multiplier: self.multiplier[channel],
            shift: self.left[channel] - 1 - self.right[channel],
        }
    }
}

/// Q31 significands and powers of two made ready, for an output with this zero point.
pub const fn ready<const N: usize>(
    multiplier: [[i32; LANES]; N],
    shift: [[i32; LANES]; N],
    output_offset: i32,
) -> [Ready; N] {
    let mut all = [const {
        Ready {
            multiplier: [0; LANES],
            left: [0; LANES],
            right: [0; LANES],
            half: [0; LANES],
            sign: [0; LANES],
            factor: [0.0; LANES],
            nudge: [0.0; LANES],
            above: [0.0; LANES],
        }
    }; N];
    let mut block = 0;
    while block < N {
        let mut i = 0;
        while i < LANES {
            let shift = shift[block][i];
            let right = if shift < 0 { -shift & 31 } else { 0 };
            let ready = &mut all[block];
            ready.multiplier[i] = multiplier[block][i];
            ready.left[i] = if shift > 0 { shift & 31 } else { 0 } + 1;
            ready.right[i] = right;
            ready.half[i] = ((1_u32 << right) >> 1) as i32;
            ready.sign[i] = if right > 0 { 31 } else { 32 };
            let scale = power_of_two(ready.left[i] - 32 - right);
            ready.factor[i] = (multiplier[block][i] as f64 * scale) as f32;
            ready.nudge[i] = if right > 0 {
                power_of_two(-1 - right) as f32
            } else {
                0.0
            };
            ready.above[i] = ready.nudge[i] + output_offset as f32;
            i += 1;
        }
        block += 1;
    }
    all
}

/// Makes the branch that calls it unlikely.
#[cold]
pub(super) fn cold() {}

/// 2 to an exponent in the range of normal numbers.
pub(super) const fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((1023 + exponent) as u64) << 52)
}

/// Per-channel multipliers and what all channels share, of the few-instruction
/// requantization.
#[derive(Clone, Copy, Debug)]
pub struct Scales<'a> {
    /// Multipliers.
    pub channels: &'a [Ready],
    /// The output's zero point.
    pub output_offset: i32,
    /// Smallest output.
    pub activation_min: i32,
    /// Largest output.
    pub activation_max: i32,
}

impl Scales<'_> {
    /// True if all that becomes of negative sums is the smallest output.
    #[inline(always)]
    pub(crate) fn are_one_sided(&self) -> bool {
        self.activation_min >= self.output_offset
    }
}

/// An instruction set. Whoever makes a value of it has seen that the CPU has it.
///
/// # Safety
/// Functions are called where the instruction set is enabled, pointers cover what
/// they say.
pub(crate) unsafe trait Isa: Copy {
    /// True if there are registers for several blocks of channels at once.
    const WIDE: bool;

    /// Sixteen sums in the making, in any form.
    type Sums: Copy;
    /// Four weights of sixteen channels.
    type Weights: Copy;
    /// Four inputs, for all channels.
    type Inputs: Copy;
    /// Sixteen 32-bit numbers.
    type Words: Copy;
    /// Four vectors of outputs.
    type Bytes: Copy;
    /// Elements of depthwise convolutions that are worked on at once: 16, 32 or 64.
    const SPAN: usize;
    /// As many sums, in the order of `depthwise.rs`.
    type Wide: Copy;

    /// The biases of this part of a block.
    unsafe fn wide_begin(bias: *const i32, part: usize) -> Self::Wide;
    /// Adds four taps: `SPAN` inputs plus 128 from each place on, and a block's
    /// weights, of which this is the part with this number.
    unsafe fn wide_taps(
        sums: Self::Wide,
        from: [*const i8; 4],
        weights: *const u8,
        part: usize,
    ) -> Self::Wide;
    /// Requantizes by a block's multipliers and stores `count` outputs.
    unsafe fn wide_store(
        sums: Self::Wide,
        by: *const Ready,
        part: usize,
        scales: &Scales<'_>,
        to: *mut i8,
        count: usize,
    );

    /// What sums begin with: the biases, or zeros if [`Self::words`] adds those.
    unsafe fn begin(bias: *const i32) -> Self::Sums;
    /// Zeros.
    unsafe fn zero() -> Self::Sums;
    /// Both together.
    unsafe fn add(a: Self::Sums, b: Self::Sums) -> Self::Sums;
    /// Loads 64 bytes.
    unsafe fn weights(from: *const u8) -> Self::Weights;
    /// Loads 4 bytes, inputs as [`super::SHIFT`] says.
    unsafe fn inputs(from: *const i8) -> Self::Inputs;
    /// Loads 4 bytes as they are in a tensor.
    unsafe fn raw_inputs(from: *const i8) -> Self::Inputs;
    /// Adds 64 products.
    unsafe fn dot(sums: Self::Sums, x: Self::Inputs, w: Self::Weights) -> Self::Sums;
    /// The sums, biases (64 bytes) included.
    unsafe fn words(sums: Self::Sums, bias: *const i32) -> Self::Words;
    /// What a fast requantization may have got wrong.
    type Doubt: Copy;

    /// Nothing.
    unsafe fn no_doubt() -> Self::Doubt;
    /// As `Multiplier::apply_small`, then offset and clamp, of four vectors, unless there
    /// is doubt. `ONE_SIDED` if the scales are.
    unsafe fn requantize<const ONE_SIDED: bool>(
        words: [Self::Words; 4],
        by: [*const Ready; 4],
        scales: &Scales<'_>,
        doubt: &mut Self::Doubt,
    ) -> Self::Bytes;
    /// True if outputs have to be computed again.
    unsafe fn is_doubtful(doubt: Self::Doubt) -> bool;
    /// The same without doubt.
    unsafe fn requantize_exactly(
        words: [Self::Words; 4],
        by: [*const Ready; 4],
        scales: &Scales<'_>,
    ) -> Self::Bytes;
    /// Stores all 64 bytes.
    unsafe fn store(bytes: Self::Bytes, to: *mut i8);
    /// Stores the first `count` bytes of a vector.
    unsafe fn store_one(bytes: Self::Bytes, vector: usize, to: *mut i8, count: usize);
    /// The words as an array.
    unsafe fn spill(words: Self::Words) -> [i32; LANES];
}

/// What becomes of finished sums, a block of channels at a time.
pub trait BlockStage: Copy {
    /// The output's element type.
    type Element: Copy;
    /// The vector form, if there is one and outputs are int8.
    fn scales(&self) -> Option<Scales<'_>>;
    /// The output of one channel.
    fn finish(&self, sum: i32, channel: usize) -> Self::Element;

    /// [`crate::ops::fully_connected_blocks`]. A method of each type, not a generic
    /// function, is compiled with this crate's options, whatever the program's are.
    fn fully_connected(
        p: &Blocks<'_, Self>,
        input: &[i8],
        output: &mut [Self::Element],
        scratch: &mut [i8],
    );
    /// [`crate::ops::conv_2d_blocks`].
    fn conv_2d(
        p: &BlocksConv2d<'_, Self>,
        input: &[i8],
        output: &mut [Self::Element],
        scratch: &mut [i8],
    );
}
