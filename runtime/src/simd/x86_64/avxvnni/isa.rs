//! x86_64-i8-avxvnni: VPDPBUSD multiplies 32 unsigned by signed bytes and adds four products to each
//! of eight words. Tests: `tests/tests/simd_levels/`.

use core::arch::x86_64::*;

use crate::params::layout::LANES;
use crate::params::requant::{RequantPanel, RequantParams};
use crate::simd::shared::isa::Isa;
use crate::simd::x86_64::avx2::isa::eight_words;
use crate::simd::x86_64::avx2::registers::interleave;

/// The instruction set AVX2 with FMA and AVX-VNNI.
#[derive(Clone, Copy)]
pub(crate) struct AvxVnni;

// SAFETY: functions access only memory that is *Covered*.
unsafe impl Isa for AvxVnni {
    eight_words!();

    type Weights = [__m256i; 2];
    type Inputs = __m256i;

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
                sums[j] = _mm256_dpbusd_avx_epi32(sums[j], quads[j], w);
            }
            sums
        }
    }

    #[inline(always)]
    unsafe fn load_w4(from: *const u8) -> Self::Weights {
        // SAFETY: *Covered*: 64 bytes.
        unsafe {
            [
                _mm256_loadu_si256(from.cast()),
                _mm256_loadu_si256(from.wrapping_add(32).cast()),
            ]
        }
    }

    #[inline(always)]
    unsafe fn broadcast4(from: *const i8) -> Self::Inputs {
        // SAFETY: *Covered*: 4 bytes.
        unsafe { _mm256_set1_epi32(from.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn broadcast4_xor128(from: *const i8) -> Self::Inputs {
        // SAFETY: *Covered*: 4 bytes.
        unsafe {
            let four = from.cast::<i32>().read_unaligned() ^ i32::from_ne_bytes([0x80; 4]);
            _mm256_set1_epi32(four)
        }
    }

    #[inline(always)]
    unsafe fn dot(s: Self::Sums, x: Self::Inputs, w: Self::Weights) -> Self::Sums {
        // SAFETY: *Enabled*.
        unsafe {
            [
                _mm256_dpbusd_avx_epi32(s[0], x, w[0]),
                _mm256_dpbusd_avx_epi32(s[1], x, w[1]),
            ]
        }
    }
}
