//! x86_64-i6-avx512vnni, MR x NR = 1x64, KC = 16: one row by weights of 6 bits, three quarters of the
//! bytes, where a layer is as fast as its weights come from the cache. Tests:
//! `tests/tests/simd_levels/`.
//!
//! # Weights of 6 bits
//! In each strip of four blocks, the first ones have weights `w = w6 + offset[c]`, with `w6` from
//! -32 to 31 and one i32 offset for each channel; nearly as many blocks in each strip, the first
//! strips one more. For each strip: the offsets, 64 bytes for each of these blocks; then for each
//! four groups of four inputs, and each of these blocks, three registers A, B and C. Byte `i` of a
//! register belongs to channel `i / 4` and input `i % 4` of a group:
//!
//! ```text
//!        bits  7  6 | 5 4 3 2 | 1  0
//! A[i]        d5 d4 | group 0: w6 + 32
//! B[i]        d3 d2 | group 1: w6 + 32
//! C[i]        group 2: w6    | d1 d0
//! d = group 3: w6
//! ```
//!
//! Groups 0 and 1 are multiplied with 32 too much, which the sum of their inputs takes off again;
//! groups 2 and 3 are multiplied with the weight in the upper 6 bits, four times too large.

#![expect(
    clippy::needless_range_loop,
    reason = "registers in arrays need constant indices; closures lose the instruction set"
)]

use core::arch::x86_64::*;

use crate::params::gemm_packed16::{Packed16, Packed16Stage};
use crate::params::layout::LANES;
use crate::simd::shared::isa::Isa;
use crate::simd::shared::pixels::Pixels;
use crate::simd::x86_64::avx512::gemv::Row;
use crate::simd::x86_64::avx512::isa::Avx512;

/// Groups of four inputs whose weights share registers.
const GROUPS: usize = 4;

/// Bytes of a block with weights of 6 bits: offsets, and three registers for each four groups.
#[inline(always)]
fn block_bytes(groups: usize) -> usize {
    (4 + 3 * groups) * LANES
}

/// The weights of the first two groups are stored plus this number.
const W6_BIAS: i32 = 32;

/// Sums of inputs, repeated for all channels.
#[derive(Clone, Copy)]
struct Totals {
    /// The sum of all inputs.
    all: __m512i,
    /// The sum of the inputs of the first two of each four groups, times [`W6_BIAS`].
    biased: __m512i,
}

/// One row of inputs, already XORed with 0x80, by all channels; the first blocks of channels have
/// weights of 6 bits. False if outputs are not int8, or if truncation does not give all of them.
///
/// # Safety
/// *Enabled*.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(crate) unsafe fn try_gemv_w6<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    weights6: &[u8],
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) -> bool {
    let Some((row, blocks)) = Row::new(p, pixels, output).filter(|_| !pixels.raw) else {
        return false;
    };
    // SAFETY: *Enabled*; *Covered*, by `Row::new`; *Int8*.
    unsafe {
        if row.scales.are_one_sided() {
            let first = row.w6_strips::<true>(weights6, blocks);
            row.run::<false, true>(first, blocks);
        } else {
            let first = row.w6_strips::<false>(weights6, blocks);
            row.run::<false, false>(first, blocks);
        }
    }
    true
}

impl Row<'_> {
    /// Computes all whole strips; their first blocks have weights of 6 bits. Gives the number
    /// of their blocks, 0 if none has. Loads of usual weights overlap with decoding the others.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: inputs, weights, biases, multipliers and outputs of all
    /// blocks. *Int8*.
    #[inline(always)]
    unsafe fn w6_strips<const ONE_SIDED: bool>(&self, weights6: &[u8], blocks: usize) -> usize {
        let (size, strips) = (block_bytes(self.groups), blocks / 4);
        let count = (weights6.len() / size).min(4 * strips);
        if count == 0 || !self.groups.is_multiple_of(GROUPS) {
            return 0;
        }
        let mut before = 0;
        // SAFETY: *Enabled*, *Covered*.
        unsafe {
            let totals = self.totals();
            for strip in 0..strips {
                let weights = weights6.as_ptr().wrapping_add(before * size);
                let end = (count * (strip + 1)).div_ceil(strips);
                let block = 4 * strip;
                match end - before {
                    0 => self.strip::<4, 2, false, ONE_SIDED>(block),
                    1 => self.w6_strip::<1, 3, ONE_SIDED>(weights, totals, block),
                    2 => self.w6_strip::<2, 2, ONE_SIDED>(weights, totals, block),
                    3 => self.w6_strip::<3, 1, ONE_SIDED>(weights, totals, block),
                    _ => self.w6_strip::<4, 0, ONE_SIDED>(weights, totals, block),
                }
                before = end;
            }
        }
        4 * strips
    }

    /// Adds up the row's inputs.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: the row's inputs.
    #[inline(always)]
    unsafe fn totals(&self) -> Totals {
        // SAFETY: there are inputs of as many groups; *Enabled*.
        unsafe {
            let mut sums = [_mm512_setzero_si512(); 2];
            let ones = _mm512_set1_epi8(1);
            let first = _mm512_maskz_mov_epi32(0x3333, ones);
            for at in (0..self.groups).step_by(LANES) {
                let groups = (self.groups - at).min(LANES);
                let groups = (0xFFFF_u32 >> (LANES - groups)) as __mmask16;
                let x = _mm512_maskz_loadu_epi32(groups, self.input.wrapping_add(4 * at).cast());
                sums[0] = _mm512_dpbusd_epi32(sums[0], x, ones);
                sums[1] = _mm512_dpbusd_epi32(sums[1], x, first);
            }
            let [all, first] = [
                _mm512_reduce_add_epi32(sums[0]),
                _mm512_reduce_add_epi32(sums[1]),
            ];
            Totals {
                all: _mm512_set1_epi32(all),
                biased: _mm512_set1_epi32(W6_BIAS * first),
            }
        }
    }

    /// Computes the strip from `block` on: `N` blocks with weights of 6 bits, then `WIDE` others.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: narrow weights of `N` blocks, and all else of the strip.
    /// *Int8*.
    #[inline(always)]
    unsafe fn w6_strip<const N: usize, const WIDE: usize, const ONE_SIDED: bool>(
        &self,
        weights: *const u8,
        totals: Totals,
        block: usize,
    ) {
        let (offsets, mut from) = (weights, self.input);
        let mut w = weights.wrapping_add(N * 64);
        let mut wide = self.filter.wrapping_add(64 * (block * self.groups + N));
        // SAFETY: *Enabled*. *Covered*: inputs and weights of that many groups, offsets, biases,
        // multipliers and outputs.
        unsafe {
            let upper = _mm512_set1_epi8(0b1111_1100_u8 as i8);
            let (first, second) = (
                _mm512_set1_epi8(0b1100_0000_u8 as i8),
                _mm512_set1_epi8(0b1111_0000_u8 as i8),
            );
            // Of the first two groups, and of the others with 4 times the weights.
            let mut sums = [[_mm512_setzero_si512(); N]; 2];
            let mut wide_sums = [[_mm512_setzero_si512(); WIDE]; 2];
            for n in 0..WIDE {
                let bias = self.bias.wrapping_add(block + N + n);
                wide_sums[0][n] = _mm512_loadu_si512(bias.cast());
            }
            for _ in 0..self.groups / GROUPS {
                let x = [
                    Avx512::broadcast4(from),
                    Avx512::broadcast4(from.wrapping_add(4)),
                    Avx512::broadcast4(from.wrapping_add(8)),
                    Avx512::broadcast4(from.wrapping_add(12)),
                ];
                for n in 0..N {
                    let a = _mm512_loadu_si512(w.cast());
                    let b = _mm512_loadu_si512(w.wrapping_add(64).cast());
                    let c = _mm512_loadu_si512(w.wrapping_add(128).cast());
                    // The three pairs of bits, each where it belongs. Additions have more
                    // units than shifts.
                    let c2 = _mm512_add_epi8(c, c);
                    let (b, b2) = (_mm512_andnot_si512(first, b), _mm512_srli_epi16::<2>(b));
                    const CHOOSE: i32 = 0xCA;
                    let d = _mm512_add_epi8(c2, c2);
                    let d = _mm512_ternarylogic_epi32::<CHOOSE>(second, b2, d);
                    let d = _mm512_ternarylogic_epi32::<CHOOSE>(first, a, d);
                    let weights = [
                        [_mm512_andnot_si512(first, a), b],
                        [_mm512_and_si512(c, upper), d],
                    ];
                    for i in 0..2 {
                        sums[i][n] = _mm512_dpbusd_epi32(sums[i][n], x[2 * i], weights[i][0]);
                        sums[i][n] = _mm512_dpbusd_epi32(sums[i][n], x[2 * i + 1], weights[i][1]);
                    }
                    w = w.wrapping_add(192);
                }
                if WIDE > 0 {
                    for i in 0..GROUPS {
                        for n in 0..WIDE {
                            let weights = _mm512_loadu_si512(wide.wrapping_add(n * 64).cast());
                            let sum = &mut wide_sums[i % 2][n];
                            *sum = _mm512_dpbusd_epi32(*sum, x[i], weights);
                        }
                        wide = wide.wrapping_add((N + WIDE) * 64);
                    }
                }
                from = from.wrapping_add(4 * GROUPS);
            }
            let mut words = [_mm512_setzero_si512(); 4];
            for n in 0..N {
                let bias = _mm512_loadu_si512(self.bias.wrapping_add(block + n).cast());
                let bias = _mm512_sub_epi32(bias, totals.biased);
                let offset = _mm512_loadu_si512(offsets.wrapping_add(n * 64).cast());
                let start = _mm512_add_epi32(bias, _mm512_mullo_epi32(totals.all, offset));
                let sum = _mm512_add_epi32(sums[0][n], _mm512_srai_epi32::<2>(sums[1][n]));
                words[n] = _mm512_add_epi32(sum, start);
            }
            for n in 0..WIDE {
                words[N + n] = _mm512_add_epi32(wide_sums[0][n], wide_sums[1][n]);
            }
            self.finish::<4, ONE_SIDED>(words, block);
        }
    }
}
