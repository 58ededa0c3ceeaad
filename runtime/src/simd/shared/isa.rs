//! What an instruction set can do with sixteen sums.

use crate::params::layout::LANES;
use crate::params::requant::{RequantPanel, RequantParams};

/// Makes the branch that calls it unlikely.
#[cold]
pub(crate) fn cold() {}

/// An instruction set. Nobody makes a value of it: kernels take it as a type, where it is
/// enabled.
///
/// # Safety
/// Implementations access no more memory than what their functions say is *Covered*: see
/// `vector`.
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
    const DW_LANES: usize;
    /// As many sums, in the order of `depthwise.rs`.
    type DwSums: Copy;

    /// The biases of this part of a block.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: 64 biases.
    unsafe fn dw_init(bias: *const i32, part: usize) -> Self::DwSums;
    /// Adds four taps: `DW_LANES` inputs plus 128 from each place on, and a block's
    /// weights, of which this is the part with this number.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: `DW_LANES` inputs from each place on, and 256 weights.
    unsafe fn dw_mac4(
        sums: Self::DwSums,
        from: [*const i8; 4],
        weights: *const u8,
        part: usize,
    ) -> Self::DwSums;
    /// Requantizes by a block's multipliers and stores `count` outputs.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: four blocks of multipliers, and `count` outputs, but no more
    /// than `DW_LANES`.
    unsafe fn dw_store(
        sums: Self::DwSums,
        by: *const RequantPanel,
        part: usize,
        scales: &RequantParams<'_>,
        to: *mut i8,
        count: usize,
    );

    /// What sums begin with: the biases, or zeros if [`Self::finish_i32`] adds those.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: sixteen biases.
    unsafe fn init_bias(bias: *const i32) -> Self::Sums;
    /// Zeros.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn zero() -> Self::Sums;
    /// Both together.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn add(a: Self::Sums, b: Self::Sums) -> Self::Sums;
    /// Loads 64 bytes.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: 64 bytes.
    unsafe fn load_w4(from: *const u8) -> Self::Weights;
    /// Loads 4 bytes, inputs as [`crate::params::layout::INPUT_XOR`] says.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: 4 bytes.
    unsafe fn broadcast4(from: *const i8) -> Self::Inputs;
    /// Loads 4 bytes as they are in a tensor.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: 4 bytes.
    unsafe fn broadcast4_xor128(from: *const i8) -> Self::Inputs;
    /// Adds 64 products.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn dot(sums: Self::Sums, x: Self::Inputs, w: Self::Weights) -> Self::Sums;
    /// The sums, biases (64 bytes) included.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: sixteen biases.
    unsafe fn finish_i32(sums: Self::Sums, bias: *const i32) -> Self::Words;
    /// What a fast requantization may have got wrong.
    type Inexact: Copy;

    /// Nothing.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn exact() -> Self::Inexact;
    /// As `Multiplier::apply_small`, then offset and clamp, of four vectors, unless there
    /// is doubt. `ONE_SIDED` if the scales are.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: a block's multipliers at each place.
    unsafe fn requantize<const ONE_SIDED: bool>(
        words: [Self::Words; 4],
        by: [*const RequantPanel; 4],
        scales: &RequantParams<'_>,
        inexact: &mut Self::Inexact,
    ) -> Self::Bytes;
    /// True if outputs have to be computed again.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn is_inexact(inexact: Self::Inexact) -> bool;
    /// The same without doubt.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: a block's multipliers at each place.
    unsafe fn requantize_exactly(
        words: [Self::Words; 4],
        by: [*const RequantPanel; 4],
        scales: &RequantParams<'_>,
    ) -> Self::Bytes;
    /// Stores all 64 bytes.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: 64 bytes.
    unsafe fn store(bytes: Self::Bytes, to: *mut i8);
    /// Stores the first `count` bytes of a vector.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: `count` bytes, but no more than sixteen.
    unsafe fn store_one(bytes: Self::Bytes, vector: usize, to: *mut i8, count: usize);
    /// The words as an array.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn spill(words: Self::Words) -> [i32; LANES];
}
