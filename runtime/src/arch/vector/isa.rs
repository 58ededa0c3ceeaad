//! What an instruction set can do with sixteen sums.

/// Sums, channels or elements that are worked on at once.
pub(crate) const LANES: usize = 16;

/// Per-channel multipliers and what all channels share, of the few-instruction
/// requantization.
#[derive(Clone, Copy, Debug)]
pub struct Scales<'a> {
    /// Q31 significands, a multiple of [`LANES`].
    pub multiplier: &'a [[i32; LANES]],
    /// Powers of two, as many.
    pub shift: &'a [[i32; LANES]],
    /// The output's zero point.
    pub output_offset: i32,
    /// Smallest output.
    pub activation_min: i32,
    /// Largest output.
    pub activation_max: i32,
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
    /// Multipliers of sixteen channels, made ready.
    type Multipliers: Copy;

    /// Elements of depthwise convolutions that are worked on at once: 16, 32 or 64.
    const SPAN: usize;
    /// As many sums, in the order of `depthwise.rs`.
    type Wide: Copy;

    /// Zeros.
    unsafe fn wide_zero() -> Self::Wide;
    /// Adds four taps: `SPAN` inputs plus 128 from each place on, and a block's
    /// weights, of which this is the part with this number.
    unsafe fn wide_taps(
        sums: Self::Wide,
        from: [*const i8; 4],
        weights: *const u8,
        part: usize,
    ) -> Self::Wide;
    /// Requantizes by a block's biases, multipliers and shifts and stores `count`
    /// outputs.
    unsafe fn wide_store(
        sums: Self::Wide,
        bias: *const i32,
        by: [*const [i32; LANES]; 2],
        part: usize,
        scales: &Scales<'_>,
        to: *mut i8,
        count: usize,
    );

    /// Zeros.
    unsafe fn zero() -> Self::Sums;
    /// Loads 64 bytes, aligned to 16.
    unsafe fn weights(from: *const u8) -> Self::Weights;
    /// Loads 4 bytes and adds 128 to each.
    unsafe fn inputs(from: *const i8) -> Self::Inputs;
    /// Loads 4 bytes that are 128 more already.
    unsafe fn shifted_inputs(from: *const i8) -> Self::Inputs;
    /// Adds 64 products, of inputs plus 128.
    unsafe fn dot(sums: Self::Sums, x: Self::Inputs, w: Self::Weights) -> Self::Sums;
    /// The sums and a bias for each, 64 bytes.
    unsafe fn words(sums: Self::Sums, bias: *const i32) -> Self::Words;
    /// Makes multipliers ready.
    unsafe fn multipliers(multiplier: &[i32; LANES], shift: &[i32; LANES]) -> Self::Multipliers;
    /// As `Multiplier::apply_small`, then offset and clamp.
    unsafe fn requantize(
        words: Self::Words,
        by: &Self::Multipliers,
        scales: &Scales<'_>,
    ) -> Self::Words;
    /// Stores the low bytes of the first `count` words.
    unsafe fn store(words: Self::Words, to: *mut i8, count: usize);
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
}
