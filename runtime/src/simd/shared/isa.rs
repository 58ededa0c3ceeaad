//! The operations of an instruction set that the loops of this folder consist of. It knows no
//! algorithm. Tests: `tests/tests/simd_levels/`, `tests/cross`.

use crate::params::layout::LANES;
use crate::params::requant::{RequantPanel, RequantParams};

/// Makes the branch that calls it unlikely, as the compiler puts calls of cold functions aside.
#[cold]
pub(crate) fn cold() {}

/// An instruction set: operations on sixteen sums at a time. No values of it are made: kernels
/// take it as a type, and all methods require that their caller has it enabled.
///
/// # Safety
/// Implementations access only the memory that their functions call *Covered*: see
/// `simd`.
pub(crate) unsafe trait Isa: Copy {
    /// True if there are enough registers for the sums of several blocks of channels at once.
    const WIDE: bool;

    /// Sixteen int32 accumulators, in any form that [`Self::finish_i32`] can read.
    type Sums: Copy;
    /// Four weights of each of sixteen channels: 64 bytes.
    type Weights: Copy;
    /// Four inputs, repeated for all sixteen channels.
    type Inputs: Copy;
    /// Sixteen finished int32 sums, in the order of channels.
    type Words: Copy;
    /// Four vectors of sixteen int8 outputs.
    type Bytes: Copy;
    /// Number of elements that depthwise convolutions compute at once: 16, 32 or 64.
    const DW_LANES: usize;
    /// Accumulators of `DW_LANES` elements, in the order of `shared/dwconv.rs`.
    type DwSums: Copy;

    /// Loads the biases of part number `part` of a block of 64 elements, `DW_LANES` of them.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: 64 biases.
    unsafe fn dw_init(bias: *const i32, part: usize) -> Self::DwSums;
    /// Adds the products of four taps: `DW_LANES` unsigned inputs from each pointer on, and the
    /// weights of part number `part` of a block.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: `DW_LANES` inputs from each place on, and 256 weights.
    unsafe fn dw_mac4(
        sums: Self::DwSums,
        from: [*const i8; 4],
        weights: *const u8,
        part: usize,
    ) -> Self::DwSums;
    /// Requantizes by the multipliers of a block of 64 elements and stores `count` outputs.
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

    /// Initial accumulators: the biases, or zeros if [`Self::finish_i32`] adds the biases.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: sixteen biases.
    unsafe fn init_bias(bias: *const i32) -> Self::Sums;
    /// Accumulators that are all zero.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn zero() -> Self::Sums;
    /// Adds accumulators, channel by channel.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn add(a: Self::Sums, b: Self::Sums) -> Self::Sums;
    /// Loads four weights of each of sixteen channels: 64 bytes.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: 64 bytes.
    unsafe fn load_w4(from: *const u8) -> Self::Weights;
    /// Loads four inputs that are already XORed with [`crate::params::layout::XOR128`], for all
    /// channels.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: 4 bytes.
    unsafe fn broadcast4(from: *const i8) -> Self::Inputs;
    /// Loads four inputs as they are in a tensor and XORs them with
    /// [`crate::params::layout::XOR128`], for all channels.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: 4 bytes.
    unsafe fn broadcast4_xor128(from: *const i8) -> Self::Inputs;
    /// Adds 64 products: `sums[c] += x[0]*w[c][0] + x[1]*w[c][1] + x[2]*w[c][2] + x[3]*w[c][3]`.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn dot(sums: Self::Sums, x: Self::Inputs, w: Self::Weights) -> Self::Sums;
    /// The finished sums of sixteen channels, with their biases.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: sixteen biases.
    unsafe fn finish_i32(sums: Self::Sums, bias: *const i32) -> Self::Words;
    /// The outputs of a fast requantization that may be wrong, in any form.
    type Inexact: Copy;

    /// The value that says that all outputs are right.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn exact() -> Self::Inexact;
    /// Requantizes four vectors fast: the result of `Multiplier::apply_small`, plus the output's
    /// offset, clamped. Outputs that may be wrong are noted in `inexact`. `ONE_SIDED` says that
    /// the smallest output is the zero point.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: a block's multipliers at each place.
    unsafe fn requantize<const ONE_SIDED: bool>(
        words: [Self::Words; 4],
        by: [*const RequantPanel; 4],
        scales: &RequantParams<'_>,
        inexact: &mut Self::Inexact,
    ) -> Self::Bytes;
    /// True if outputs have to be computed again, by [`Self::requantize_exactly`].
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn is_inexact(inexact: Self::Inexact) -> bool;
    /// Requantizes four vectors in integers, which is right for all sums.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: a block's multipliers at each place.
    unsafe fn requantize_exactly(
        words: [Self::Words; 4],
        by: [*const RequantPanel; 4],
        scales: &RequantParams<'_>,
    ) -> Self::Bytes;
    /// Stores all four vectors: 64 bytes.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: 64 bytes.
    unsafe fn store(bytes: Self::Bytes, to: *mut i8);
    /// Stores the first `count` bytes of the vector with this number.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: `count` bytes, but no more than sixteen.
    unsafe fn store_one(bytes: Self::Bytes, vector: usize, to: *mut i8, count: usize);
    /// The sixteen sums as an array.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn spill(words: Self::Words) -> [i32; LANES];
}
