//! AVX2 without VNNI: inputs and weights are widened to 16 bits, products of pairs
//! added. (VPMADDUBSW would saturate.)

use core::arch::x86_64::*;

use crate::params::layout::LANES;
use crate::params::requant::{RequantPanel, RequantParams};
use crate::simd::isa::Isa;

/// AVX2.
#[derive(Clone, Copy)]
pub(crate) struct Avx2;

/// The biases of 32 elements of a block.
///
/// # Safety
/// *Enabled*. *Covered*: a block's 64 biases.
#[inline(always)]
pub(crate) unsafe fn dw_init(bias: *const i32, part: usize) -> [__m256i; 4] {
    // SAFETY: *Covered*: a block has 64; *Enabled*.
    unsafe {
        let bias = bias.wrapping_add(8 * part);
        [
            _mm256_loadu_si256(bias.cast()),
            _mm256_loadu_si256(bias.wrapping_add(LANES).cast()),
            _mm256_loadu_si256(bias.wrapping_add(2 * LANES).cast()),
            _mm256_loadu_si256(bias.wrapping_add(3 * LANES).cast()),
        ]
    }
}

/// Sixteen words.
pub(crate) type Words = [__m256i; 2];

/// Stores the first `count` bytes.
///
/// # Safety
/// *Enabled*. *Covered*: `count` bytes, but no more than sixteen.
#[inline(always)]
pub(crate) unsafe fn store_one(bytes: __m128i, to: *mut i8, count: usize) {
    // SAFETY: *Covered*: `count` bytes.
    unsafe {
        if count >= LANES {
            _mm_storeu_si128(to.cast(), bytes);
            return;
        }
        // A call to copy them would take longer than all the rest.
        let (mut bytes, mut to) = (bytes, to);
        if count & 8 != 0 {
            _mm_storel_epi64(to.cast(), bytes);
            bytes = _mm_srli_si128(bytes, 8);
            to = to.wrapping_add(8);
        }
        let mut rest = _mm_cvtsi128_si64(bytes);
        if count & 4 != 0 {
            to.cast::<i32>().write_unaligned(rest as i32);
            rest >>= 32;
            to = to.wrapping_add(4);
        }
        if count & 2 != 0 {
            to.cast::<i16>().write_unaligned(rest as i16);
            rest >>= 16;
            to = to.wrapping_add(2);
        }
        if count & 1 != 0 {
            to.write(rest as i8);
        }
    }
}

/// The words as an array.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
pub(crate) unsafe fn spill(words: Words) -> [i32; LANES] {
    let mut all = [0; LANES];
    // SAFETY: *Covered*: 64 bytes.
    unsafe {
        _mm256_storeu_si256(all.as_mut_ptr().cast(), words[0]);
        _mm256_storeu_si256(all.as_mut_ptr().wrapping_add(8).cast(), words[1]);
    }
    all
}

/// Four runs of 32 bytes, four bytes of each element side by side.
///
/// # Safety
/// *Enabled*. *Covered*: 32 bytes from each place.
#[inline(always)]
pub(crate) unsafe fn interleave(from: [*const i8; 4]) -> [__m256i; 4] {
    // SAFETY: *Covered*: 32 bytes each; *Enabled*.
    unsafe {
        let [a, b, c, d] = from;
        let (a, b) = (_mm256_loadu_si256(a.cast()), _mm256_loadu_si256(b.cast()));
        let (c, d) = (_mm256_loadu_si256(c.cast()), _mm256_loadu_si256(d.cast()));
        let (ab, cd) = (_mm256_unpacklo_epi8(a, b), _mm256_unpacklo_epi8(c, d));
        let (ab_high, cd_high) = (_mm256_unpackhi_epi8(a, b), _mm256_unpackhi_epi8(c, d));
        [
            _mm256_unpacklo_epi16(ab, cd),
            _mm256_unpackhi_epi16(ab, cd),
            _mm256_unpacklo_epi16(ab_high, cd_high),
            _mm256_unpackhi_epi16(ab_high, cd_high),
        ]
    }
}

/// Of each four unsigned bytes the first and third as a pair, and the second and fourth.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
pub(crate) unsafe fn pairs(bytes: __m256i) -> [__m256i; 2] {
    // SAFETY: *Enabled*.
    unsafe {
        [
            _mm256_and_si256(bytes, _mm256_set1_epi16(0xFF)),
            _mm256_srli_epi16(bytes, 8),
        ]
    }
}

/// The same of signed ones.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
pub(crate) unsafe fn signed_pairs(bytes: __m256i) -> [__m256i; 2] {
    // SAFETY: *Enabled*.
    unsafe {
        [
            _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8),
            _mm256_srai_epi16(bytes, 8),
        ]
    }
}

/// Products of pairs, both added up, of a pair of inputs and those of sixteen channels.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
pub(crate) unsafe fn products(x: __m256i, w: [__m256i; 2]) -> Words {
    // SAFETY: *Enabled*.
    unsafe { [_mm256_madd_epi16(x, w[0]), _mm256_madd_epi16(x, w[1])] }
}

/// VPDPBUSD: four products of unsigned and signed bytes added to each word.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
unsafe fn dpbusd(sums: __m256i, x: __m256i, w: __m256i) -> __m256i {
    // SAFETY: *Enabled*.
    unsafe {
        let (x, w) = (pairs(x), signed_pairs(w));
        let products =
            _mm256_add_epi32(_mm256_madd_epi16(x[0], w[0]), _mm256_madd_epi16(x[1], w[1]));
        _mm256_add_epi32(sums, products)
    }
}

/// What [`Isa`] is for registers of 256 bits but for products.
macro_rules! eight_words {
    () => {
        const DW_LANES: usize = 32;
        const WIDE: bool = false;
        type DwSums = [__m256i; 4];
        type Sums = Self::Words;
        type Words = $crate::simd::x86_64::avx2::isa::Words;
        type Bytes = [__m128i; 4];

        #[inline(always)]
        unsafe fn dw_init(bias: *const i32, part: usize) -> Self::DwSums {
            // SAFETY: *Covered*: a block has 64.
            unsafe { $crate::simd::x86_64::avx2::isa::dw_init(bias, part) }
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

        /// What rounding has taken off, at most.
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
            unsafe { $crate::simd::x86_64::avx2::isa::store_one(bytes[vector], to, count) }
        }

        #[inline(always)]
        unsafe fn spill(words: Self::Words) -> [i32; LANES] {
            // SAFETY: *Enabled*.
            unsafe { $crate::simd::x86_64::avx2::isa::spill(words) }
        }
    };
}

pub(crate) use eight_words;

// SAFETY: functions access no more than what is *Covered*.
unsafe impl Isa for Avx2 {
    eight_words!();

    /// First and third weights, then second and fourth ones, of eight channels each.
    type Weights = [[__m256i; 2]; 2];
    /// Likewise.
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
