//! One row of inputs many of which are zero (what RELU leaves): their weights are not
//! read. Large layers of one row are as fast as their weights come from the cache.
//!
//! # Rows of weights
//! Strips of 64 channels come by fours, what is left by twos and ones, with the channels of
//! each input side by side. In 64 of them, four channels at
//! `16 * l + 4 * j` are those from `16 * j + 4 * l` on: byte interleaving within lanes of 16
//! bytes leaves four rows' blocks of sixteen channels in order.

use core::arch::x86_64::*;
use core::mem::MaybeUninit;

use crate::params::gemm_packed16::Packed16;
use crate::params::gemm_packed16::Packed16Stage;
use crate::params::layout::INPUT_XOR;
use crate::params::layout::LANES;
use crate::simd::shared::gemm_tile::Tile;
use crate::simd::shared::isa::Isa;
use crate::simd::shared::pixels::Pixels;
use crate::simd::x86_64::common::strip::strip_containing;

/// Inputs at most.
pub(crate) const MOST: usize = 256;

/// Channels that come together: the blocks of a strip.
pub(crate) const STRIP: usize = 4 * LANES;

/// A register more than there are inputs.
type List = [MaybeUninit<u8>; MOST + 64];

/// The inputs that are not zero, in fours; the last ones are zeros with any index.
pub(crate) struct Nonzero {
    pub(crate) count: usize,
    /// A bit for each of the first 64 inputs, which is known before the lists are; 0 without
    /// VBMI.
    pub(crate) first: u64,
    /// Inputs plus 128.
    pub(crate) values: List,
    pub(crate) indices: List,
}

impl Nonzero {
    /// None yet.
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self {
            count: 0,
            first: 0,
            values: [const { MaybeUninit::uninit() }; MOST + 64],
            indices: [const { MaybeUninit::uninit() }; MOST + 64],
        }
    }

    /// Those of a row. In place: a copy of the lists would wait for their bytes.
    #[inline(always)]
    pub(crate) fn collect(&mut self, input: &[i8]) {
        // Not in memory, where every step would wait for it.
        let mut count = 0;
        for (i, x) in input.iter().take(MOST).enumerate() {
            let x = (x ^ INPUT_XOR) as u8;
            self.values[count].write(x);
            self.indices[count].write(i as u8);
            count += usize::from(x != 0);
        }
        self.end(count);
    }

    /// So many are there. The last ones are read in fours.
    #[inline(always)]
    pub(crate) fn end(&mut self, count: usize) {
        self.count = count;
        for list in [&mut self.values, &mut self.indices] {
            let end = list.as_mut_ptr().wrapping_add(count);
            // SAFETY: both lists have a register's room behind all inputs.
            unsafe { end.cast::<[u8; 4]>().write_unaligned([0; 4]) };
        }
    }

    /// Where the rows of four inputs begin, `pitch` bytes each.
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
        // SAFETY: so many have been found, and zeros behind them.
        let at = |i: usize| unsafe { self.indices.get_unchecked(four + i).assume_init() };
        [at(0), at(1), at(2), at(3)].map(|index| filter.wrapping_add(usize::from(index) * pitch))
    }

    /// Their values.
    ///
    /// # Safety
    /// `four` is below the number of inputs that were found.
    #[inline(always)]
    pub(crate) unsafe fn four(&self, four: usize) -> *const i8 {
        self.values.as_ptr().wrapping_add(four).cast()
    }
}

/// True if rows of weights are there for all inputs, and biases, multipliers and outputs
/// for all channels, which are whole strips (*Rows*).
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
        & (p.depth <= MOST)
        & (rows.len() >= p.depth * p.channels)
        & (p.bias.len() >= blocks)
        & (output.len() >= p.channels)
}

/// The inputs that are not zero, as an instruction set wants them.
pub(crate) trait Inputs<I: Isa> {
    /// The sums of a strip's four blocks, whose rows are `pitch` bytes apart.
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

/// All channels by any instruction set.
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

/// All channels, of these inputs.
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

/// Four rows' 64 channels: four bytes of each.
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
