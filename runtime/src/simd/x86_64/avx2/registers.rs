//! x86_64-i8-avx2: loads, stores, shuffles and products of registers of 256 bits. Tests:
//! `tests/tests/simd_levels/`.

use core::arch::x86_64::*;

use crate::params::layout::LANES;

/// Loads the biases of 32 elements of a block of a depthwise convolution.
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

/// Sixteen int32 sums in two registers.
pub(crate) type Words = [__m256i; 2];

/// Stores the first `count` bytes of a register of sixteen.
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

/// Sixteen int32 sums as an array.
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

/// Loads four runs of 32 bytes and unpacks them within lanes of 16 bytes: four bytes of each
/// element side by side, in the order of `shared/dwconv.rs`.
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

/// Widens unsigned bytes to 16 bits: the first and third of each four, then the second and fourth.
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

/// Widens signed bytes to 16 bits, in the order of [`pairs`].
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

/// For each of sixteen channels, `x[0] * w[c][0] + x[1] * w[c][1]` in 16 bits (VPMADDWD).
///
/// # Safety
/// *Enabled*.
#[inline(always)]
pub(crate) unsafe fn products(x: __m256i, w: [__m256i; 2]) -> Words {
    // SAFETY: *Enabled*.
    unsafe { [_mm256_madd_epi16(x, w[0]), _mm256_madd_epi16(x, w[1])] }
}

/// Adds to each word four products of unsigned and signed bytes, as VPDPBUSD does.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
pub(crate) unsafe fn dpbusd(sums: __m256i, x: __m256i, w: __m256i) -> __m256i {
    // SAFETY: *Enabled*.
    unsafe {
        let (x, w) = (pairs(x), signed_pairs(w));
        let products =
            _mm256_add_epi32(_mm256_madd_epi16(x[0], w[0]), _mm256_madd_epi16(x[1], w[1]));
        _mm256_add_epi32(sums, products)
    }
}
