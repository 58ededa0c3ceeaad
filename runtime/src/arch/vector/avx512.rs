//! AVX-512 with VNNI: 64 products per instruction.

use core::arch::x86_64::*;

use super::isa::{Isa, LANES, Ready, Scales};

/// AVX-512 F, BW, VL and VNNI.
#[derive(Clone, Copy)]
pub(super) struct Avx512;

/// Multipliers of sixteen channels.
#[derive(Clone, Copy)]
pub(super) struct Multipliers {
    even: __m512i,
    odd: __m512i,
    left: __m512i,
    right: __m512i,
    half: __m512i,
    sign: __m512i,
}

// SAFETY: functions are called where the features are enabled; pointers cover what
// the trait says.
unsafe impl Isa for Avx512 {
    const SPAN: usize = 64;
    type Wide = [__m512i; 4];
    const WIDE: bool = true;

    type Sums = __m512i;
    type Weights = __m512i;
    type Inputs = __m512i;
    type Words = __m512i;
    type Multipliers = Multipliers;

    #[inline(always)]
    unsafe fn wide_zero() -> Self::Wide {
        // SAFETY: see the impl.
        unsafe { [_mm512_setzero_si512(); 4] }
    }

    #[inline(always)]
    unsafe fn wide_taps(
        sums: Self::Wide,
        from: [*const i8; 4],
        weights: *const u8,
        _: usize,
    ) -> Self::Wide {
        // SAFETY: 64 bytes each, and 256 weights.
        unsafe {
            let [a, b, c, d] = from;
            let (a, b) = (_mm512_loadu_si512(a.cast()), _mm512_loadu_si512(b.cast()));
            let (c, d) = (_mm512_loadu_si512(c.cast()), _mm512_loadu_si512(d.cast()));
            let (ab, cd) = (_mm512_unpacklo_epi8(a, b), _mm512_unpacklo_epi8(c, d));
            let (ab_high, cd_high) = (_mm512_unpackhi_epi8(a, b), _mm512_unpackhi_epi8(c, d));
            let quads = [
                _mm512_unpacklo_epi16(ab, cd),
                _mm512_unpackhi_epi16(ab, cd),
                _mm512_unpacklo_epi16(ab_high, cd_high),
                _mm512_unpackhi_epi16(ab_high, cd_high),
            ];
            let mut sums = sums;
            for j in 0..4 {
                let w = _mm512_loadu_si512(weights.add(64 * j).cast());
                sums[j] = _mm512_dpbusd_epi32(sums[j], quads[j], w);
            }
            sums
        }
    }

    #[inline(always)]
    unsafe fn wide_store(
        sums: Self::Wide,
        bias: *const i32,
        by: *const Ready,
        _: usize,
        scales: &Scales<'_>,
        to: *mut i8,
        count: usize,
    ) {
        // SAFETY: a block has four of each; `count` bytes are the caller's.
        unsafe {
            let mut q = sums;
            for j in 0..4 {
                let by = Self::multipliers(&*by.add(j));
                let bias = _mm512_loadu_si512(bias.add(LANES * j).cast());
                let words = _mm512_add_epi32(sums[j], bias);
                q[j] = Self::requantize(words, &by, scales);
            }
            let shorts = [
                _mm512_packs_epi32(q[0], q[1]),
                _mm512_packs_epi32(q[2], q[3]),
            ];
            let bytes = _mm512_packs_epi16(shorts[0], shorts[1]);
            if count >= 64 {
                _mm512_storeu_si512(to.cast(), bytes);
            } else {
                _mm512_mask_storeu_epi8(to, (1 << count) - 1, bytes);
            }
        }
    }

    #[inline(always)]
    unsafe fn begin(bias: *const i32) -> Self::Sums {
        // SAFETY: 64 bytes.
        unsafe { _mm512_loadu_si512(bias.cast()) }
    }

    #[inline(always)]
    unsafe fn weights(from: *const u8) -> Self::Weights {
        // SAFETY: 64 bytes.
        unsafe { _mm512_loadu_si512(from.cast()) }
    }

    #[inline(always)]
    unsafe fn inputs(from: *const i8) -> Self::Inputs {
        // SAFETY: 4 bytes.
        unsafe {
            let four = from.cast::<i32>().read_unaligned();
            _mm512_xor_si512(_mm512_set1_epi32(four), _mm512_set1_epi8(-128))
        }
    }

    #[inline(always)]
    unsafe fn shifted_inputs(from: *const i8) -> Self::Inputs {
        // SAFETY: 4 bytes.
        unsafe { _mm512_set1_epi32(from.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn dot(sums: Self::Sums, x: Self::Inputs, w: Self::Weights) -> Self::Sums {
        // SAFETY: see the impl.
        unsafe { _mm512_dpbusd_epi32(sums, x, w) }
    }

    #[inline(always)]
    unsafe fn words(sums: Self::Sums, _: *const i32) -> Self::Words {
        sums
    }

    #[inline(always)]
    unsafe fn multipliers(ready: &Ready) -> Self::Multipliers {
        // SAFETY: 64 bytes each.
        unsafe {
            let even = _mm512_load_si512(ready.multiplier.as_ptr().cast());
            Multipliers {
                even,
                odd: _mm512_srli_epi64(even, 32),
                left: _mm512_load_si512(ready.left.as_ptr().cast()),
                right: _mm512_load_si512(ready.right.as_ptr().cast()),
                half: _mm512_load_si512(ready.half.as_ptr().cast()),
                sign: _mm512_load_si512(ready.sign.as_ptr().cast()),
            }
        }
    }

    #[inline(always)]
    unsafe fn requantize(
        words: Self::Words,
        by: &Self::Multipliers,
        scales: &Scales<'_>,
    ) -> Self::Words {
        // SAFETY: see the impl.
        unsafe {
            let x = _mm512_sllv_epi32(words, by.left);
            let nudge = _mm512_set1_epi64(1 << 31);
            let even = _mm512_add_epi64(_mm512_mul_epi32(x, by.even), nudge);
            let odd = _mm512_mul_epi32(_mm512_srli_epi64(x, 32), by.odd);
            let odd = _mm512_add_epi64(odd, nudge);
            let high = _mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 32), odd);
            let high = _mm512_sub_epi32(high, _mm512_srlv_epi32(high, by.sign));
            let scaled = _mm512_srav_epi32(_mm512_add_epi32(high, by.half), by.right);
            let q = _mm512_add_epi32(scaled, _mm512_set1_epi32(scales.output_offset));
            let q = _mm512_max_epi32(q, _mm512_set1_epi32(scales.activation_min));
            _mm512_min_epi32(q, _mm512_set1_epi32(scales.activation_max))
        }
    }

    #[inline(always)]
    unsafe fn store(words: Self::Words, to: *mut i8, count: usize) {
        // SAFETY: `count` bytes are the caller's.
        unsafe {
            let bytes = _mm512_cvtsepi32_epi8(words);
            if count >= LANES {
                _mm_storeu_si128(to.cast(), bytes);
            } else {
                _mm_mask_storeu_epi8(to, (1 << count) - 1, bytes);
            }
        }
    }

    #[inline(always)]
    unsafe fn spill(words: Self::Words) -> [i32; LANES] {
        let mut all = [0; LANES];
        // SAFETY: 64 bytes.
        unsafe { _mm512_storeu_si512(all.as_mut_ptr().cast(), words) };
        all
    }
}
