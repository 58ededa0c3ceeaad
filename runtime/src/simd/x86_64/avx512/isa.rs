//! x86_64-i8-avx512vnni: VPDPBUSD multiplies 64 unsigned by signed bytes and adds four products to
//! each of sixteen words. Tests: `tests/tests/simd_levels/`.

use core::arch::x86_64::*;

use crate::params::layout::LANES;
use crate::params::layout::XOR128;
use crate::params::requant::{RequantPanel, RequantParams};
use crate::simd::shared::isa::Isa;
use crate::simd::x86_64::avx512::requantize::{
    in_order, is_truncated, outputs, requantize, requantize_exactly,
};

/// The instruction set AVX-512 F, BW, DQ, VL and VNNI.
#[derive(Clone, Copy)]
pub(crate) struct Avx512;

/// Four bytes of each element side by side, in the order of 16-byte lanes: elements
/// `16 * l + 4 * j` to 3 behind it are in lane `l` of register `j`.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
pub(crate) unsafe fn interleave([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    // SAFETY: *Enabled*.
    unsafe {
        let (ab, cd) = (_mm512_unpacklo_epi8(a, b), _mm512_unpacklo_epi8(c, d));
        let (ab_high, cd_high) = (_mm512_unpackhi_epi8(a, b), _mm512_unpackhi_epi8(c, d));
        [
            _mm512_unpacklo_epi16(ab, cd),
            _mm512_unpackhi_epi16(ab, cd),
            _mm512_unpacklo_epi16(ab_high, cd_high),
            _mm512_unpackhi_epi16(ab_high, cd_high),
        ]
    }
}

// SAFETY: functions access only memory that is *Covered*.
unsafe impl Isa for Avx512 {
    const DW_LANES: usize = 64;
    type DwSums = [__m512i; 4];
    const WIDE: bool = true;

    type Sums = __m512i;
    type Weights = __m512i;
    type Inputs = __m512i;
    type Words = __m512i;
    type Bytes = __m512i;

    #[inline(always)]
    unsafe fn dw_init(bias: *const i32, _: usize) -> Self::DwSums {
        // SAFETY: *Covered*: a block has 64.
        unsafe {
            [
                _mm512_loadu_si512(bias.cast()),
                _mm512_loadu_si512(bias.wrapping_add(LANES).cast()),
                _mm512_loadu_si512(bias.wrapping_add(2 * LANES).cast()),
                _mm512_loadu_si512(bias.wrapping_add(3 * LANES).cast()),
            ]
        }
    }

    #[inline(always)]
    unsafe fn dw_mac4(
        sums: Self::DwSums,
        from: [*const i8; 4],
        weights: *const u8,
        _: usize,
    ) -> Self::DwSums {
        // SAFETY: *Covered*: 64 bytes each, and 256 weights.
        unsafe {
            let [a, b, c, d] = from;
            let (a, b) = (_mm512_loadu_si512(a.cast()), _mm512_loadu_si512(b.cast()));
            let (c, d) = (_mm512_loadu_si512(c.cast()), _mm512_loadu_si512(d.cast()));
            let quads = interleave([a, b, c, d]);
            let mut sums = sums;
            for j in 0..4 {
                let w = _mm512_loadu_si512(weights.wrapping_add(64 * j).cast());
                sums[j] = _mm512_dpbusd_epi32(sums[j], quads[j], w);
            }
            sums
        }
    }

    #[inline(always)]
    unsafe fn dw_store(
        sums: Self::DwSums,
        by: *const RequantPanel,
        _: usize,
        scales: &RequantParams<'_>,
        to: *mut i8,
        count: usize,
    ) {
        // SAFETY: *Covered*: a block has four; *Covered*: `count` bytes.
        unsafe {
            let by = [
                by,
                by.wrapping_add(1),
                by.wrapping_add(2),
                by.wrapping_add(3),
            ];
            let bytes = outputs(sums, by, scales);
            if count >= 64 {
                _mm512_storeu_si512(to.cast(), bytes);
            } else {
                _mm512_mask_storeu_epi8(to, (1 << count) - 1, bytes);
            }
        }
    }

    #[inline(always)]
    unsafe fn init_bias(bias: *const i32) -> Self::Sums {
        // SAFETY: *Covered*: 64 bytes.
        unsafe { _mm512_loadu_si512(bias.cast()) }
    }

    #[inline(always)]
    unsafe fn zero() -> Self::Sums {
        // SAFETY: *Enabled*.
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    unsafe fn add(a: Self::Sums, b: Self::Sums) -> Self::Sums {
        // SAFETY: *Enabled*.
        unsafe { _mm512_add_epi32(a, b) }
    }

    #[inline(always)]
    unsafe fn load_w4(from: *const u8) -> Self::Weights {
        // SAFETY: *Covered*: 64 bytes.
        unsafe { _mm512_loadu_si512(from.cast()) }
    }

    #[inline(always)]
    unsafe fn broadcast4(from: *const i8) -> Self::Inputs {
        // SAFETY: *Covered*: 4 bytes.
        unsafe { _mm512_set1_epi32(from.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn broadcast4_xor128(from: *const i8) -> Self::Inputs {
        // SAFETY: *Covered*: 4 bytes.
        unsafe {
            let four = _mm512_set1_epi32(from.cast::<i32>().read_unaligned());
            let xor128 = _mm512_set1_epi8(XOR128);
            // Exclusive or, written such that it is not done before the load's broadcast,
            // which is free.
            _mm512_ternarylogic_epi32::<0x3C>(four, xor128, xor128)
        }
    }

    #[inline(always)]
    unsafe fn dot(sums: Self::Sums, x: Self::Inputs, w: Self::Weights) -> Self::Sums {
        // SAFETY: *Enabled*.
        unsafe { _mm512_dpbusd_epi32(sums, x, w) }
    }

    #[inline(always)]
    unsafe fn finish_i32(sums: Self::Sums, _: *const i32) -> Self::Words {
        sums
    }

    /// True if truncation does not give the outputs, so that integers have to.
    type Inexact = bool;

    #[inline(always)]
    unsafe fn exact() -> Self::Inexact {
        false
    }

    #[inline(always)]
    unsafe fn requantize<const ONE_SIDED: bool>(
        words: [Self::Words; 4],
        by: [*const RequantPanel; 4],
        scales: &RequantParams<'_>,
        inexact: &mut Self::Inexact,
    ) -> Self::Bytes {
        // SAFETY: *Enabled*, *Covered*; a tile is all of one strip.
        unsafe {
            *inexact = !is_truncated(by[0]);
            in_order(requantize::<ONE_SIDED>(words, by, scales))
        }
    }

    #[inline(always)]
    unsafe fn is_inexact(inexact: Self::Inexact) -> bool {
        inexact
    }

    #[inline(always)]
    unsafe fn requantize_exactly(
        words: [Self::Words; 4],
        by: [*const RequantPanel; 4],
        scales: &RequantParams<'_>,
    ) -> Self::Bytes {
        // SAFETY: *Enabled*, *Covered*.
        unsafe { in_order(requantize_exactly(words, by, scales)) }
    }

    #[inline(always)]
    unsafe fn store(bytes: Self::Bytes, to: *mut i8) {
        // SAFETY: *Covered*: 64 bytes.
        unsafe { _mm512_storeu_si512(to.cast(), bytes) };
    }

    #[inline(always)]
    unsafe fn store_one(bytes: Self::Bytes, vector: usize, to: *mut i8, count: usize) {
        // SAFETY: *Covered*: `count` bytes.
        unsafe {
            let quarter = match vector {
                0 => _mm512_castsi512_si128(bytes),
                1 => _mm512_extracti32x4_epi32::<1>(bytes),
                2 => _mm512_extracti32x4_epi32::<2>(bytes),
                _ => _mm512_extracti32x4_epi32::<3>(bytes),
            };
            if count == LANES {
                _mm_storeu_si128(to.cast(), quarter);
            } else {
                _mm_mask_storeu_epi8(to, (1 << count) - 1, quarter);
            }
        }
    }

    #[inline(always)]
    unsafe fn spill(words: Self::Words) -> [i32; LANES] {
        let mut all = [0; LANES];
        // SAFETY: *Covered*: 64 bytes.
        unsafe { _mm512_storeu_si512(all.as_mut_ptr().cast(), words) };
        all
    }
}
