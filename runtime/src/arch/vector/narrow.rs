//! One row of inputs by weights of 6 bits, with AVX-512: three quarters of the bytes, where
//! a layer is as fast as its weights come from the cache.
//!
//! # Narrow weights
//! Strips of four blocks of sixteen channels, the last one maybe of two. For each block: an
//! offset for each channel, which is what the layer's weights are more than these. Then, for
//! each four groups of four inputs, and each block: three registers with the weights of a
//! group in the upper 6 bits of each byte. The lower 2 bits of the three are the weights of
//! the fourth group, from the upper bits on.

// Arrays of registers stay in registers if indices are constants.
#![expect(clippy::needless_range_loop)]

use core::arch::x86_64::*;

use super::avx512::Avx512;
use super::isa::{Isa, LANES};
use super::one::Row;

/// Groups of inputs that come together.
pub(super) const GROUPS: usize = 4;

/// Bytes of a block.
#[inline(always)]
pub(super) fn block_bytes(groups: usize) -> usize {
    (4 + 3 * groups) * LANES
}

impl Row<'_> {
    /// The sum of all inputs, in all places.
    #[inline(always)]
    pub(super) unsafe fn total(&self) -> __m512i {
        // SAFETY: there are inputs of as many groups.
        unsafe {
            let mut sums = _mm512_setzero_si512();
            let ones = _mm512_set1_epi8(1);
            for at in (0..self.groups).step_by(LANES) {
                let there = (self.groups - at).min(LANES);
                let there = (0xFFFF_u32 >> (LANES - there)) as __mmask16;
                let x = _mm512_maskz_loadu_epi32(there, self.input.wrapping_add(4 * at).cast());
                sums = _mm512_dpbusd_epi32(sums, x, ones);
            }
            _mm512_set1_epi32(_mm512_reduce_add_epi32(sums))
        }
    }

    /// The strip of `N` blocks from `block` on, each in `SUMS` sums.
    #[inline(always)]
    pub(super) unsafe fn narrow<const N: usize, const SUMS: usize, const ONE_SIDED: bool>(
        &self,
        weights: *const u8,
        total: __m512i,
        block: usize,
    ) {
        let (offsets, mut from) = (weights, self.input);
        let mut w = weights.wrapping_add(N * 64);
        // SAFETY: there are inputs and weights of that many groups, offsets, biases,
        // multipliers and outputs.
        unsafe {
            let upper = _mm512_set1_epi8(0b1111_1100_u8 as i8);
            let (first, second) = (
                _mm512_set1_epi8(0b1100_0000_u8 as i8),
                _mm512_set1_epi8(0b1111_0000_u8 as i8),
            );
            // Of 4 times the weights.
            let mut sums = [[_mm512_setzero_si512(); N]; SUMS];
            for _ in 0..self.groups / GROUPS {
                let x = [
                    Avx512::inputs(from),
                    Avx512::inputs(from.wrapping_add(4)),
                    Avx512::inputs(from.wrapping_add(8)),
                    Avx512::inputs(from.wrapping_add(12)),
                ];
                for n in 0..N {
                    let a = _mm512_loadu_si512(w.cast());
                    let b = _mm512_loadu_si512(w.wrapping_add(64).cast());
                    let c = _mm512_loadu_si512(w.wrapping_add(128).cast());
                    // The three pairs of bits, each where it belongs.
                    let (a6, b4, c2) = (
                        _mm512_slli_epi16::<6>(a),
                        _mm512_slli_epi16::<4>(b),
                        _mm512_slli_epi16::<2>(c),
                    );
                    const CHOOSE: i32 = 0xCA;
                    let d = _mm512_ternarylogic_epi32::<CHOOSE>(first, a6, b4);
                    let d = _mm512_ternarylogic_epi32::<CHOOSE>(second, d, c2);
                    let four = [a, b, c, d];
                    for i in 0..GROUPS {
                        let weights = _mm512_and_si512(four[i], upper);
                        sums[i % SUMS][n] = _mm512_dpbusd_epi32(sums[i % SUMS][n], x[i], weights);
                    }
                    w = w.wrapping_add(192);
                }
                from = from.wrapping_add(4 * GROUPS);
            }
            let mut words = [_mm512_setzero_si512(); N];
            for n in 0..N {
                let bias = _mm512_loadu_si512(self.bias.wrapping_add(block + n).cast());
                let offset = _mm512_loadu_si512(offsets.wrapping_add(n * 64).cast());
                let start = _mm512_add_epi32(bias, _mm512_mullo_epi32(total, offset));
                for i in 1..SUMS {
                    sums[0][n] = _mm512_add_epi32(sums[0][n], sums[i][n]);
                }
                words[n] = _mm512_add_epi32(_mm512_srai_epi32::<2>(sums[0][n]), start);
            }
            self.finish::<N, ONE_SIDED>(words, block);
        }
    }
}
