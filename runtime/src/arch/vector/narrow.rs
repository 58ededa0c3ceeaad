//! One row of inputs by weights of 6 bits, with AVX-512: three quarters of the bytes, where
//! a layer is as fast as its weights come from the cache.
//!
//! # Narrow weights
//! Strips of four blocks of sixteen channels. For each four groups of four inputs, and each
//! block: three registers with the weights of a group in the upper 6 bits of each byte. The
//! lower 2 bits of the three are the weights of the fourth group, from the upper bits on.

// Arrays of registers stay in registers if indices are constants.
#![expect(clippy::needless_range_loop)]

use core::arch::x86_64::*;

use super::avx512::Avx512;
use super::isa::Isa;
use super::one::Row;

/// Blocks that come together.
pub(super) const BLOCKS: usize = 4;

/// Groups of inputs that come together.
pub(super) const GROUPS: usize = 4;

impl Row<'_> {
    /// The strip from `block` on.
    #[inline(always)]
    pub(super) unsafe fn narrow<const ONE_SIDED: bool>(&self, weights: *const u8, block: usize) {
        let (mut w, mut from) = (weights, self.input);
        // SAFETY: there are inputs and weights of that many groups, biases, multipliers and
        // outputs.
        unsafe {
            let upper = _mm512_set1_epi8(0b1111_1100_u8 as i8);
            let (first, second) = (
                _mm512_set1_epi8(0b1100_0000_u8 as i8),
                _mm512_set1_epi8(0b1111_0000_u8 as i8),
            );
            // Of 4 times the weights.
            let mut sums = [[_mm512_setzero_si512(); BLOCKS]; 2];
            for _ in 0..self.groups / GROUPS {
                let x = [
                    Avx512::inputs(from),
                    Avx512::inputs(from.wrapping_add(4)),
                    Avx512::inputs(from.wrapping_add(8)),
                    Avx512::inputs(from.wrapping_add(12)),
                ];
                for n in 0..BLOCKS {
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
                        sums[i % 2][n] = _mm512_dpbusd_epi32(sums[i % 2][n], x[i], weights);
                    }
                    w = w.wrapping_add(192);
                }
                from = from.wrapping_add(4 * GROUPS);
            }
            let mut words = [_mm512_setzero_si512(); BLOCKS];
            for n in 0..BLOCKS {
                let bias = _mm512_loadu_si512(self.bias.wrapping_add(block + n).cast());
                let sum = _mm512_add_epi32(sums[0][n], sums[1][n]);
                words[n] = _mm512_add_epi32(_mm512_srai_epi32::<2>(sum), bias);
            }
            self.finish::<BLOCKS, ONE_SIDED>(words, block);
        }
    }
}
