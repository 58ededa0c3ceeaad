//! One row of inputs with many zeros, as RELU leaves them: their weights are not read, since a
//! large layer of one row is as fast as its weights come from the cache. Tests:
//! `tests/tests/simd_levels/`.
//!
//! # Weights
//! Each input `k` has a row of the weights of all channels, one byte each. 64 channels are a
//! strip. Four strips come together, the remaining ones by two and one, with the strips of each input
//! side by side:
//!
//! ```text
//! k = 0 | strip 0: 64 bytes | strip 1 | strip 2 | strip 3 |
//! k = 1 | strip 0           | strip 1 | strip 2 | strip 3 |
//!  ...                                                       then strips 4 to 7 of all inputs
//!
//! byte 16 * l + 4 * j + i of a strip  =  weight of its channel 16 * j + 4 * l + i
//! ```
//!
//! Unpacking the bytes of four rows within lanes of 16 bytes then leaves, in register `j`, four
//! weights of each of the channels `16 * j` to `16 * j + 15`, in order, as `Isa::dot` takes them.

use core::arch::x86_64::*;
use core::mem::MaybeUninit;

use crate::params::gemm_packed16::Packed16;
use crate::params::gemm_packed16::Packed16Stage;
use crate::params::layout::LANES;
use crate::params::layout::XOR128;
pub(crate) use crate::params::layout::{STRIP, ZERO_SKIP_INPUTS as MAX_INPUTS};
use crate::simd::shared::gemm_tile::Tile;
use crate::simd::shared::isa::Isa;
use crate::simd::shared::pixels::Pixels;
use crate::simd::x86_64::common::strip::strip_containing;

/// Room for all inputs and one register of 64 bytes more, so that whole registers can be stored.
type List = [MaybeUninit<u8>; MAX_INPUTS + 64];

/// The inputs that are not zero; the last group of four is filled up with zeros of index 0.
pub(crate) struct Nonzero {
    pub(crate) count: usize,
    /// A bit for each of the first 64 inputs that is not zero; 0 if only lists are made. It is
    /// known before the lists are.
    pub(crate) first: u64,
    /// The inputs, XORed with `XOR128`.
    pub(crate) values: List,
    /// Their indices in the row.
    pub(crate) indices: List,
}

impl Nonzero {
    /// Lists that have no inputs yet.
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self {
            count: 0,
            first: 0,
            values: [const { MaybeUninit::uninit() }; MAX_INPUTS + 64],
            indices: [const { MaybeUninit::uninit() }; MAX_INPUTS + 64],
        }
    }

    /// Lists the inputs of a row. In place: to copy the lists, loads would have to wait for stores
    /// of single bytes (no store forwarding).
    #[inline(always)]
    pub(crate) fn collect(&mut self, input: &[i8]) {
        // Not in memory, where every step would wait for it.
        let mut count = 0;
        for (i, x) in input.iter().take(MAX_INPUTS).enumerate() {
            let x = (x ^ XOR128) as u8;
            self.values[count].write(x);
            self.indices[count].write(i as u8);
            count += usize::from(x != 0);
        }
        self.end(count);
    }

    /// Ends lists of `count` inputs with zeros, as they are read in fours.
    #[inline(always)]
    pub(crate) fn end(&mut self, count: usize) {
        self.count = count;
        for list in [&mut self.values, &mut self.indices] {
            let end = list.as_mut_ptr().wrapping_add(count);
            // SAFETY: both lists have a register's room behind all inputs.
            unsafe { end.cast::<[u8; 4]>().write_unaligned([0; 4]) };
        }
    }

    /// Pointers to the rows of weights of four inputs of the list; a row has `pitch` bytes.
    ///
    /// # Safety
    /// `four` is below the number of inputs that were found.
    #[inline(always)]
    pub(crate) unsafe fn rows(
        &self,
        four: usize,
        filter: *const u8,
        pitch: usize,
    ) -> [*const u8; 4] {
        // SAFETY: at least this number has been found, with zeros behind them.
        let at = |i: usize| unsafe { self.indices.get_unchecked(four + i).assume_init() };
        [at(0), at(1), at(2), at(3)].map(|index| filter.wrapping_add(usize::from(index) * pitch))
    }

    /// Pointer to the values of four inputs of the list.
    ///
    /// # Safety
    /// `four` is below the number of inputs that were found.
    #[inline(always)]
    pub(crate) unsafe fn four(&self, four: usize) -> *const i8 {
        self.values.as_ptr().wrapping_add(four).cast()
    }
}

/// True if there are rows of weights for all inputs, and biases, multipliers and outputs for all
/// channels, which are whole strips (*Rows*).
#[inline(always)]
pub(crate) fn fits<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    rows: &[u8],
    input: &[i8],
    output: &[S::Element],
) -> bool {
    let blocks = p.channels / LANES;
    let multipliers = p.output.scales().is_none_or(|s| s.are_for(blocks));
    multipliers
        & p.channels.is_multiple_of(STRIP)
        & (input.len() == p.depth)
        & p.depth.is_multiple_of(4)
        & (p.depth <= MAX_INPUTS)
        & (rows.len() >= p.depth * p.channels)
        & (p.bias.len() >= blocks)
        & (output.len() >= p.channels)
}

/// Lists of inputs that are not zero, in the form that an instruction set wants.
pub(crate) trait Inputs<I: Isa> {
    /// The accumulators of a strip's four blocks, whose rows are `pitch` bytes apart.
    ///
    /// # Safety
    /// *Enabled*. *Rows*, with those of the strip from `filter` on, and its biases.
    unsafe fn sums(
        &self,
        bias: *const [i32; LANES],
        filter: *const u8,
        pitch: usize,
    ) -> [[I::Sums; 1]; 4];
}

impl<I: Isa> Inputs<I> for Nonzero {
    #[inline(always)]
    unsafe fn sums(
        &self,
        bias: *const [i32; LANES],
        filter: *const u8,
        pitch: usize,
    ) -> [[I::Sums; 1]; 4] {
        let mut weights = [[0_u8; 4 * LANES]; 4];
        // SAFETY: *Enabled*; *Rows*, as `fits` has said.
        unsafe {
            let begin = |n: usize| bias.wrapping_add(n).cast();
            let mut sums = [
                [I::init_bias(begin(0))],
                [I::init_bias(begin(1))],
                [I::init_bias(begin(2))],
                [I::init_bias(begin(3))],
            ];
            for four in (0..self.count).step_by(4) {
                interleave_portably(self.rows(four, filter, pitch), &mut weights);
                let x = I::broadcast4(self.four(four));
                for n in 0..4 {
                    sums[n][0] = I::dot(sums[n][0], x, I::load_w4(weights[n].as_ptr()));
                }
            }
            sums
        }
    }
}

/// One row by all channels, for any instruction set.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
pub(crate) unsafe fn gemv_zero_skip<I: Isa, S: Packed16Stage>(
    p: &Packed16<'_, S>,
    rows: &[u8],
    input: &[i8],
    output: &mut [S::Element],
) {
    let mut nonzero = Nonzero::new();
    nonzero.collect(input);
    // SAFETY: *Enabled*.
    unsafe { gemv_of_inputs::<I, S>(p, rows, input, output, &nonzero) };
}

/// All channels, from the listed inputs.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
pub(crate) unsafe fn gemv_of_inputs<I: Isa, S: Packed16Stage>(
    p: &Packed16<'_, S>,
    rows: &[u8],
    input: &[i8],
    output: &mut [S::Element],
    nonzero: &impl Inputs<I>,
) {
    let (row, p) = (Pixels::raw_row(input), &Packed16 { filter: rows, ..*p });
    let Some((tile, _)) = Tile::new(p, &row, output).filter(|_| fits(p, rows, input, output))
    else {
        debug_assert!(false, "inputs, weights or outputs are too short");
        return;
    };
    let strips = p.channels / STRIP;
    for strip in 0..strips {
        let (first, width) = strip_containing(strip, strips);
        let at = (first * p.depth + strip - first) * STRIP;
        let (filter, pitch) = (rows.as_ptr().wrapping_add(at), width * STRIP);
        let bias = p.bias.as_ptr().wrapping_add(4 * strip);
        // SAFETY: *Enabled*, *Rows*.
        unsafe {
            let sums = nonzero.sums(bias, filter, pitch);
            tile.finish::<I, 1, 4>(sums, 0, 4 * strip, output);
        }
    }
}

/// Unpacks 64 channels of four rows: four bytes of each channel side by side.
///
/// # Safety
/// *Covered*: 64 bytes of each row.
#[inline(always)]
unsafe fn interleave_portably(rows: [*const u8; 4], to: &mut [[u8; 4 * LANES]; 4]) {
    for lane in 0..4 {
        // SAFETY: *Covered*: 64 bytes each; every x86-64 has SSE2.
        unsafe {
            let [a, b, c, d] = rows.map(|row| _mm_loadu_si128(row.wrapping_add(16 * lane).cast()));
            let (ab, cd) = (_mm_unpacklo_epi8(a, b), _mm_unpacklo_epi8(c, d));
            let (ab_high, cd_high) = (_mm_unpackhi_epi8(a, b), _mm_unpackhi_epi8(c, d));
            let quads = [
                _mm_unpacklo_epi16(ab, cd),
                _mm_unpackhi_epi16(ab, cd),
                _mm_unpacklo_epi16(ab_high, cd_high),
                _mm_unpackhi_epi16(ab_high, cd_high),
            ];
            for (to, quad) in to.iter_mut().zip(quads) {
                _mm_storeu_si128(to.as_mut_ptr().wrapping_add(16 * lane).cast(), quad);
            }
        }
    }
}
