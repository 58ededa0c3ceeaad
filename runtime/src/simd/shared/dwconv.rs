//! Depthwise convolution over padded rows, each seen as one run of elements (columns times
//! channels): weights, biases and multipliers repeat with the channels, so that registers are full
//! whatever their number. Tests: `kernels/packed16_tests.rs`, `tests/tests/simd_levels/`,
//! `tests/cross`.
//!
//! # Weights, biases and multipliers
//! 64 elements `e` of a row are a block. Four taps `t` of the window are a group, the last one
//! filled up with weights of zero. With `e = 16 * l + 4 * j + i` (`l`, `j`, `i` from 0 to 3), a
//! block has 256 weights for each group:
//!
//! ```text
//! byte 64 * j + 16 * l + 4 * i + t  =  weight of tap t and element e
//!
//! register j | lane l = 0                  | lane 1                      | lane 2 | lane 3 |
//!     0      | e0:t0 t1 t2 t3 | e1 | e2 | e3 | e16 | e17 | e18 | e19     | e32 .. | e48 .. |
//!     1      | e4 .. e7                    | e20 .. e23                  |  ...
//! ```
//!
//! This is where unpacking bytes within lanes of 16 bytes leaves the inputs of four taps. Biases
//! and multipliers are in the same order of elements: 16 for each register `j`.

pub(crate) use crate::params::layout::DEPTHWISE_BLOCK as BLOCK;
use crate::params::layout::LANES;
use crate::params::requant::RequantParams;
use crate::simd::shared::isa::Isa;

/// Rows of outputs of a depthwise convolution. Its functions rely on (*Plane*):
///
/// 1. Inputs: each tap of each output, and of 63 more behind the last one, is in `inputs`.
///    [`Self::fits`] compares that.
/// 2. Weights, biases and multipliers: those of [`Self::period`] blocks are there, by the
///    definition of that number.
#[derive(Clone, Copy)]
pub(crate) struct Plane<'a> {
    /// The padded image, XORed with `XOR128`, from the first row's first tap on.
    pub(crate) inputs: &'a [i8],
    /// Bytes from the inputs of one row of outputs to those of the next one.
    pub(crate) pitch: usize,
    /// Elements of a row of outputs.
    pub(crate) row: usize,
    /// Offsets of the taps' inputs from a row's first tap, in bytes, four for each group.
    pub(crate) taps: &'a [[u32; 4]],
    /// The weights: 256 for each group and block.
    pub(crate) filter: &'a [u8],
    /// The biases: four times sixteen for each block.
    pub(crate) bias: &'a [[i32; LANES]],
    /// The multipliers, four panels of sixteen for each block, and the output's range.
    pub(crate) scales: RequantParams<'a>,
    /// Outputs are XORed with this number, 0 or -128, by `x86_64/avx512/dwconv_3x3.rs` alone.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        expect(dead_code, reason = "only kernels for x86-64 read it")
    )]
    pub(crate) output_xor: i8,
}

/// The rows of a depthwise convolution, for any instruction set.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
pub(crate) unsafe fn dwconv<I: Isa>(plane: Plane<'_>, output: &mut [i8]) {
    // SAFETY: *Enabled*.
    unsafe { plane.run::<I>(output) }
}

impl Plane<'_> {
    /// Blocks after which weights repeat: as many as there are weights, biases and multipliers
    /// for (*Plane* 2).
    #[inline(always)]
    pub(crate) fn period(&self) -> usize {
        let multipliers = self.scales.channels.len();
        let by_filter = self.filter.len() / (256 * self.taps.len()).max(1);
        (self.bias.len().min(multipliers) / 4).min(by_filter)
    }

    /// True if as many outputs, and 63 more, can be computed (*Plane* 1).
    #[inline(always)]
    pub(crate) fn fits(&self, outputs: usize) -> bool {
        let last = self.taps.as_flattened().iter().max();
        let rows = outputs / self.row.max(1);
        let begin = rows.saturating_sub(1) * self.pitch;
        let reach = last.map_or(0, |&tap| tap as usize) + begin + self.row + BLOCK;
        self.period() > 0 && !self.taps.is_empty() && self.row > 0 && reach <= self.inputs.len()
    }

    /// Computes all outputs of all rows.
    ///
    /// # Safety
    /// *Enabled*.
    #[inline(always)]
    pub(crate) unsafe fn run<I: Isa>(&self, output: &mut [i8]) {
        if !self.fits(output.len()) {
            debug_assert!(false, "inputs, weights or multipliers are too short");
            return;
        }
        for block in 0..self.period() {
            // SAFETY: *Enabled*; *Plane*, as `fits` has said.
            unsafe {
                match self.taps.len() {
                    // 3x3, 5x5; loops of a known length keep more in registers.
                    3 => self.block::<I, 3>(block, output),
                    7 => self.block::<I, 7>(block, output),
                    groups => self.block_of::<I>(groups, block, output),
                }
            }
        }
    }

    /// Computes the outputs of a block's weights, for a number of groups that is a constant.
    ///
    /// # Safety
    /// *Enabled*. *Plane* for `output`; `block` is below [`Self::period`].
    #[inline(always)]
    pub(crate) unsafe fn block<I: Isa, const GROUPS: usize>(
        &self,
        block: usize,
        output: &mut [i8],
    ) {
        // SAFETY: *Enabled*, *Plane*.
        unsafe { self.block_of::<I>(GROUPS, block, output) }
    }

    /// Computes the outputs of a block's weights.
    ///
    /// # Safety
    /// *Enabled*. *Plane* for `output`; `block` is below [`Self::period`].
    #[inline(always)]
    unsafe fn block_of<I: Isa>(&self, groups: usize, block: usize, output: &mut [i8]) {
        let step = self.period() * BLOCK;
        // SAFETY: *Plane*: inputs and outputs of the block are in bounds, and so are the block's
        // weights and multipliers; *Enabled*.
        unsafe {
            let filter = self.filter.as_ptr().wrapping_add(256 * block * groups);
            let bias = self.bias.as_ptr().wrapping_add(4 * block).cast();
            let by = self.scales.channels.as_ptr().wrapping_add(4 * block);
            for (y, output) in output.chunks_exact_mut(self.row).enumerate() {
                let inputs = self.inputs.as_ptr().wrapping_add(y * self.pitch);
                let mut begin = block * BLOCK;
                while begin < output.len() {
                    for part in 0..BLOCK / I::DW_LANES {
                        let at = begin + part * I::DW_LANES;
                        if at >= output.len() {
                            break;
                        }
                        let mut sums = I::dw_init(bias, part);
                        for g in 0..groups {
                            let Some(&[a, b, c, d]) = self.taps.get(g) else {
                                break;
                            };
                            let from = [
                                inputs.wrapping_add(a as usize + at),
                                inputs.wrapping_add(b as usize + at),
                                inputs.wrapping_add(c as usize + at),
                                inputs.wrapping_add(d as usize + at),
                            ];
                            sums = I::dw_mac4(sums, from, filter.wrapping_add(256 * g), part);
                        }
                        let count = (output.len() - at).min(I::DW_LANES);
                        let to = output.as_mut_ptr().wrapping_add(at);
                        I::dw_store(sums, by, part, &self.scales, to, count);
                    }
                    begin += step;
                }
            }
        }
    }
}
