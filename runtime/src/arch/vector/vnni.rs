//! AVX-VNNI: 32 products per instruction.

use core::arch::x86_64::*;

use super::avx2::{Words, interleave, spill, store_one, wide_begin};
use super::avx2_requantize::{is_close, requantize, requantize_exactly, wide_store};
use super::isa::{Isa, LANES, Ready, Scales};

/// AVX2 and AVX-VNNI.
#[derive(Clone, Copy)]
pub(super) struct AvxVnni;

// SAFETY: functions are called where the features are enabled; pointers cover what
// the trait says.
unsafe impl Isa for AvxVnni {
    const SPAN: usize = 32;
    type Wide = [__m256i; 4];
    const WIDE: bool = false;

    type Sums = [__m256i; 2];
    type Weights = [__m256i; 2];
    type Inputs = __m256i;
    type Words = Words;
    type Bytes = [__m128i; 4];

    #[inline(always)]
    unsafe fn wide_begin(bias: *const i32, part: usize) -> Self::Wide {
        // SAFETY: a block has 64.
        unsafe { wide_begin(bias, part) }
    }

    #[inline(always)]
    unsafe fn wide_taps(
        sums: Self::Wide,
        from: [*const i8; 4],
        weights: *const u8,
        part: usize,
    ) -> Self::Wide {
        // SAFETY: 32 bytes each, and 256 weights.
        unsafe {
            let quads = interleave(from);
            let mut sums = sums;
            for j in 0..4 {
                let w = _mm256_loadu_si256(weights.wrapping_add(64 * j + 32 * part).cast());
                sums[j] = _mm256_dpbusd_avx_epi32(sums[j], quads[j], w);
            }
            sums
        }
    }

    #[inline(always)]
    unsafe fn wide_store(
        sums: Self::Wide,
        by: *const Ready,
        part: usize,
        scales: &Scales<'_>,
        to: *mut i8,
        count: usize,
    ) {
        // SAFETY: the caller's promises.
        unsafe { wide_store(sums, by, part, scales, to, count) }
    }

    #[inline(always)]
    unsafe fn begin(bias: *const i32) -> Self::Sums {
        // SAFETY: 64 bytes.
        unsafe {
            [
                _mm256_loadu_si256(bias.cast()),
                _mm256_loadu_si256(bias.wrapping_add(8).cast()),
            ]
        }
    }

    #[inline(always)]
    unsafe fn zero() -> Self::Sums {
        // SAFETY: see the impl.
        unsafe { [_mm256_setzero_si256(); 2] }
    }

    #[inline(always)]
    unsafe fn add(a: Self::Sums, b: Self::Sums) -> Self::Sums {
        // SAFETY: see the impl.
        unsafe { [_mm256_add_epi32(a[0], b[0]), _mm256_add_epi32(a[1], b[1])] }
    }

    #[inline(always)]
    unsafe fn weights(from: *const u8) -> Self::Weights {
        // SAFETY: 64 bytes.
        unsafe {
            [
                _mm256_loadu_si256(from.cast()),
                _mm256_loadu_si256(from.wrapping_add(32).cast()),
            ]
        }
    }

    #[inline(always)]
    unsafe fn inputs(from: *const i8) -> Self::Inputs {
        // SAFETY: 4 bytes.
        unsafe { _mm256_set1_epi32(from.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn raw_inputs(from: *const i8) -> Self::Inputs {
        // SAFETY: 4 bytes.
        unsafe {
            let four = from.cast::<i32>().read_unaligned() ^ i32::from_ne_bytes([0x80; 4]);
            _mm256_set1_epi32(four)
        }
    }

    #[inline(always)]
    unsafe fn dot(s: Self::Sums, x: Self::Inputs, w: Self::Weights) -> Self::Sums {
        // SAFETY: see the impl.
        unsafe {
            [
                _mm256_dpbusd_avx_epi32(s[0], x, w[0]),
                _mm256_dpbusd_avx_epi32(s[1], x, w[1]),
            ]
        }
    }

    #[inline(always)]
    unsafe fn words(sums: Self::Sums, _: *const i32) -> Self::Words {
        sums
    }

    /// What rounding has taken off, at most.
    type Doubt = __m256;

    #[inline(always)]
    unsafe fn no_doubt() -> Self::Doubt {
        // SAFETY: see the impl.
        unsafe { _mm256_setzero_ps() }
    }

    #[inline(always)]
    unsafe fn requantize<const ONE_SIDED: bool>(
        words: [Self::Words; 4],
        by: [*const Ready; 4],
        scales: &Scales<'_>,
        doubt: &mut Self::Doubt,
    ) -> Self::Bytes {
        // SAFETY: the caller's promises.
        unsafe { requantize::<ONE_SIDED>(words, by, scales, doubt) }
    }

    #[inline(always)]
    unsafe fn is_doubtful(doubt: Self::Doubt) -> bool {
        // SAFETY: see the impl.
        unsafe { is_close(doubt) }
    }

    #[inline(always)]
    unsafe fn requantize_exactly(
        words: [Self::Words; 4],
        by: [*const Ready; 4],
        scales: &Scales<'_>,
    ) -> Self::Bytes {
        // SAFETY: the caller's promises.
        unsafe { requantize_exactly(words, by, scales) }
    }

    #[inline(always)]
    unsafe fn store(bytes: Self::Bytes, to: *mut i8) {
        // SAFETY: 64 bytes are the caller's.
        unsafe {
            _mm_storeu_si128(to.cast(), bytes[0]);
            _mm_storeu_si128(to.wrapping_add(16).cast(), bytes[1]);
            _mm_storeu_si128(to.wrapping_add(32).cast(), bytes[2]);
            _mm_storeu_si128(to.wrapping_add(48).cast(), bytes[3]);
        }
    }

    #[inline(always)]
    unsafe fn store_one(bytes: Self::Bytes, vector: usize, to: *mut i8, count: usize) {
        // SAFETY: the caller's promise.
        unsafe { store_one(bytes[vector], to, count) }
    }

    #[inline(always)]
    unsafe fn spill(words: Self::Words) -> [i32; LANES] {
        // SAFETY: see the impl.
        unsafe { spill(words) }
    }
}
