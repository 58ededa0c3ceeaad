//! x86_64-i8-avx2, MR x NR = 4x16, KC = 4: inputs and weights are widened to 16 bits, VPMADDWD
//! multiplies and adds pairs of them. (VPMADDUBSW would saturate.) Tests:
//! `tests/tests/simd_levels/`.

use core::arch::x86_64::*;

use crate::params::layout::LANES;
use crate::params::requant::{RequantPanel, RequantParams};
use crate::simd::shared::isa::Isa;
use crate::simd::x86_64::avx2::registers::{dpbusd, interleave, pairs, products, signed_pairs};

/// The instruction set AVX2 with FMA.
#[derive(Clone, Copy)]
pub(crate) struct Avx2;

/// The items of [`Isa`] for registers of 256 bits, all but products: AVX2 and AVX-VNNI share them.
macro_rules! eight_words {
    () => {
        const DW_LANES: usize = 32;
        const WIDE: bool = false;
        type DwSums = [__m256i; 4];
        type Sums = Self::Words;
        type Words = $crate::simd::x86_64::avx2::registers::Words;
        type Bytes = [__m128i; 4];

        #[inline(always)]
        unsafe fn dw_init(bias: *const i32, part: usize) -> Self::DwSums {
            // SAFETY: *Covered*: a block has 64.
            unsafe { $crate::simd::x86_64::avx2::registers::dw_init(bias, part) }
        }

        #[inline(always)]
        unsafe fn dw_store(
            sums: Self::DwSums,
            by: *const RequantPanel,
            part: usize,
            scales: &RequantParams<'_>,
            to: *mut i8,
            count: usize,
        ) {
            // SAFETY: *Enabled*, *Covered*.
            unsafe {
                $crate::simd::x86_64::avx2::requantize::dw_store(sums, by, part, scales, to, count)
            }
        }

        #[inline(always)]
        unsafe fn init_bias(bias: *const i32) -> Self::Sums {
            // SAFETY: *Covered*: 64 bytes.
            unsafe {
                [
                    _mm256_loadu_si256(bias.cast()),
                    _mm256_loadu_si256(bias.wrapping_add(8).cast()),
                ]
            }
        }

        #[inline(always)]
        unsafe fn zero() -> Self::Sums {
            // SAFETY: *Enabled*.
            unsafe { [_mm256_setzero_si256(); 2] }
        }

        #[inline(always)]
        unsafe fn add(a: Self::Sums, b: Self::Sums) -> Self::Sums {
            // SAFETY: *Enabled*.
            unsafe { [_mm256_add_epi32(a[0], b[0]), _mm256_add_epi32(a[1], b[1])] }
        }

        #[inline(always)]
        unsafe fn finish_i32(sums: Self::Sums, _: *const i32) -> Self::Words {
            sums
        }

        /// The largest difference between a scaled sum and its rounded value.
        type Inexact = __m256;

        #[inline(always)]
        unsafe fn exact() -> Self::Inexact {
            // SAFETY: *Enabled*.
            unsafe { _mm256_setzero_ps() }
        }

        #[inline(always)]
        unsafe fn requantize<const ONE_SIDED: bool>(
            words: [Self::Words; 4],
            by: [*const RequantPanel; 4],
            scales: &RequantParams<'_>,
            inexact: &mut Self::Inexact,
        ) -> Self::Bytes {
            // SAFETY: *Enabled*, *Covered*.
            unsafe {
                $crate::simd::x86_64::avx2::requantize::requantize::<ONE_SIDED>(
                    words, by, scales, inexact,
                )
            }
        }

        #[inline(always)]
        unsafe fn is_inexact(inexact: Self::Inexact) -> bool {
            // SAFETY: *Enabled*.
            unsafe { $crate::simd::x86_64::avx2::requantize::is_close(inexact) }
        }

        #[inline(always)]
        unsafe fn requantize_exactly(
            words: [Self::Words; 4],
            by: [*const RequantPanel; 4],
            scales: &RequantParams<'_>,
        ) -> Self::Bytes {
            // SAFETY: *Enabled*, *Covered*.
            unsafe { $crate::simd::x86_64::avx2::requantize::requantize_exactly(words, by, scales) }
        }

        #[inline(always)]
        unsafe fn store(bytes: Self::Bytes, to: *mut i8) {
            // SAFETY: *Covered*: 64 bytes.
            unsafe {
                _mm_storeu_si128(to.cast(), bytes[0]);
                _mm_storeu_si128(to.wrapping_add(16).cast(), bytes[1]);
                _mm_storeu_si128(to.wrapping_add(32).cast(), bytes[2]);
                _mm_storeu_si128(to.wrapping_add(48).cast(), bytes[3]);
            }
        }

        #[inline(always)]
        unsafe fn store_one(bytes: Self::Bytes, vector: usize, to: *mut i8, count: usize) {
            // SAFETY: *Enabled*, *Covered*.
            unsafe { $crate::simd::x86_64::avx2::registers::store_one(bytes[vector], to, count) }
        }

        #[inline(always)]
        unsafe fn spill(words: Self::Words) -> [i32; LANES] {
            // SAFETY: *Enabled*.
            unsafe { $crate::simd::x86_64::avx2::registers::spill(words) }
        }
    };
}

pub(crate) use eight_words;

// SAFETY: functions access only memory that is *Covered*.
unsafe impl Isa for Avx2 {
    eight_words!();

    /// The first and third of each four weights, of channels 0 to 7 and 8 to 15; then the second
    /// and fourth ones.
    type Weights = [[__m256i; 2]; 2];
    /// The first and third input, then the second and fourth one, repeated.
    type Inputs = [__m256i; 2];

    #[inline(always)]
    unsafe fn dw_mac4(
        sums: Self::DwSums,
        from: [*const i8; 4],
        weights: *const u8,
        part: usize,
    ) -> Self::DwSums {
        // SAFETY: *Covered*: 32 bytes each, and 256 weights.
        unsafe {
            let quads = interleave(from);
            let mut sums = sums;
            for j in 0..4 {
                let w = _mm256_loadu_si256(weights.wrapping_add(64 * j + 32 * part).cast());
                sums[j] = dpbusd(sums[j], quads[j], w);
            }
            sums
        }
    }

    #[inline(always)]
    unsafe fn load_w4(from: *const u8) -> Self::Weights {
        // SAFETY: *Covered*: 64 bytes.
        unsafe {
            let low = signed_pairs(_mm256_loadu_si256(from.cast()));
            let high = signed_pairs(_mm256_loadu_si256(from.wrapping_add(32).cast()));
            [[low[0], high[0]], [low[1], high[1]]]
        }
    }

    #[inline(always)]
    unsafe fn broadcast4(from: *const i8) -> Self::Inputs {
        // SAFETY: *Covered*: 4 bytes.
        unsafe { pairs(_mm256_set1_epi32(from.cast::<i32>().read_unaligned())) }
    }

    #[inline(always)]
    unsafe fn broadcast4_xor128(from: *const i8) -> Self::Inputs {
        // SAFETY: *Covered*: 4 bytes.
        unsafe {
            let four = from.cast::<i32>().read_unaligned() ^ i32::from_ne_bytes([0x80; 4]);
            pairs(_mm256_set1_epi32(four))
        }
    }

    #[inline(always)]
    unsafe fn dot(s: Self::Sums, x: Self::Inputs, w: Self::Weights) -> Self::Sums {
        // SAFETY: *Enabled*.
        unsafe {
            let s = Self::add(s, products(x[0], w[0]));
            Self::add(s, products(x[1], w[1]))
        }
    }
}
