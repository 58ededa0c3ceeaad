//! Requantization for AVX2: in f32, and in integers where that is a close call.

use core::arch::x86_64::*;

use super::avx2::{Words, store_one};
use super::isa::cold;
use super::ready::{Ready, Scales};

/// See `avx512.rs`.
const EDGE: f32 = 0.5 - 1.0 / 16384.0;

/// Eight scaled sums, rounded; `edge` is the most that has been taken off by that. With
/// the offset, if negative ones do not matter.
#[inline(always)]
unsafe fn scaled<const ONE_SIDED: bool>(
    words: __m256i,
    by: *const Ready,
    from: usize,
    edge: &mut __m256,
) -> __m256i {
    // SAFETY: multipliers are there; AVX2 and FMA are enabled.
    unsafe {
        let by = &*by;
        let x = _mm256_cvtepi32_ps(words);
        let sign = _mm256_set1_ps(-0.0);
        let add = if ONE_SIDED {
            _mm256_load_ps(by.above.as_ptr().wrapping_add(from))
        } else {
            let nudge = _mm256_load_ps(by.nudge.as_ptr().wrapping_add(from));
            _mm256_or_ps(nudge, _mm256_and_ps(x, sign))
        };
        let y = _mm256_fmadd_ps(
            x,
            _mm256_load_ps(by.factor.as_ptr().wrapping_add(from)),
            add,
        );
        let q = _mm256_cvtps_epi32(y);
        let rest = _mm256_sub_ps(y, _mm256_cvtepi32_ps(q));
        *edge = _mm256_max_ps(*edge, _mm256_andnot_ps(sign, rest));
        q
    }
}

/// Eight scaled sums, truncated, less the offset: right where [`Ready::is_nearest`] says so.
#[inline(always)]
unsafe fn truncated<const ONE_SIDED: bool>(
    words: __m256i,
    by: *const Ready,
    from: usize,
) -> __m256i {
    // SAFETY: multipliers are there; AVX2 and FMA are enabled.
    unsafe {
        let by = &*by;
        let x = _mm256_cvtepi32_ps(words);
        let mut start = _mm256_load_ps(by.start.as_ptr().wrapping_add(from));
        if !ONE_SIDED {
            // With the sum's sign.
            start = _mm256_or_ps(start, _mm256_and_ps(x, _mm256_set1_ps(-0.0)));
        }
        let factor = _mm256_load_ps(by.upper.as_ptr().wrapping_add(from));
        _mm256_cvttps_epi32(_mm256_fmadd_ps(x, factor, start))
    }
}

/// Bytes between the bounds, of words without the offset.
#[inline(always)]
unsafe fn bytes<const ONE_SIDED: bool>([low, high]: [__m256i; 2], scales: &Scales<'_>) -> __m256i {
    let (min, max) = (scales.activation_min, scales.activation_max);
    let offset = scales.output_offset;
    // SAFETY: AVX2 is enabled.
    unsafe {
        if ONE_SIDED {
            let above = _mm256_packus_epi16(low, high);
            let above = _mm256_min_epu8(above, _mm256_set1_epi8((max - offset) as i8));
            return _mm256_add_epi8(above, _mm256_set1_epi8(offset as i8));
        }
        let offset = _mm256_set1_epi16(offset as i16);
        let (low, high) = (
            _mm256_adds_epi16(low, offset),
            _mm256_adds_epi16(high, offset),
        );
        let bytes = _mm256_packs_epi16(low, high);
        let bytes = _mm256_max_epi8(bytes, _mm256_set1_epi8(min as i8));
        _mm256_min_epi8(bytes, _mm256_set1_epi8(max as i8))
    }
}

/// Two vectors of outputs.
#[inline(always)]
unsafe fn two<const ONE_SIDED: bool>(
    words: [Words; 2],
    by: [*const Ready; 2],
    scales: &Scales<'_>,
) -> [__m128i; 2] {
    // SAFETY: multipliers are there; AVX2 and FMA are enabled.
    unsafe {
        let mut shorts = [_mm256_setzero_si256(); 2];
        for k in 0..2 {
            shorts[k] = _mm256_packs_epi32(
                truncated::<ONE_SIDED>(words[k][0], by[k], 0),
                truncated::<ONE_SIDED>(words[k][1], by[k], 8),
            );
        }
        let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
        let both = _mm256_permutevar8x32_epi32(bytes::<ONE_SIDED>(shorts, scales), order);
        [
            _mm256_castsi256_si128(both),
            _mm256_extracti128_si256::<1>(both),
        ]
    }
}

/// True if something has to be computed again.
#[inline(always)]
pub(super) unsafe fn is_close(edge: __m256) -> bool {
    // SAFETY: AVX2 is enabled.
    unsafe { _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GE_OQ>(edge, _mm256_set1_ps(EDGE))) != 0 }
}

/// Offset and clamp of sixteen numbers, in the order 0 to 3, 8 to 11, 4 to 7, 12 to 15.
#[inline(always)]
unsafe fn clamped<const WITH_OFFSET: bool>(shorts: __m256i, scales: &Scales<'_>) -> __m256i {
    // SAFETY: AVX2 is enabled.
    unsafe {
        let offset = if WITH_OFFSET { 0 } else { scales.output_offset };
        let q = _mm256_adds_epi16(shorts, _mm256_set1_epi16(offset as i16));
        let q = _mm256_max_epi16(q, _mm256_set1_epi16(scales.activation_min as i16));
        _mm256_min_epi16(q, _mm256_set1_epi16(scales.activation_max as i16))
    }
}

/// Sixteen outputs in order.
#[inline(always)]
unsafe fn packed(shorts: __m256i) -> __m128i {
    // SAFETY: AVX2 is enabled.
    unsafe {
        let halves = _mm256_packs_epi16(shorts, shorts);
        let order = _mm256_setr_epi32(0, 4, 1, 5, 0, 4, 1, 5);
        _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(halves, order))
    }
}

#[inline(always)]
pub(super) unsafe fn requantize<const ONE_SIDED: bool>(
    words: [Words; 4],
    by: [*const Ready; 4],
    scales: &Scales<'_>,
    edge: &mut __m256,
) -> [__m128i; 4] {
    // SAFETY: multipliers are there; AVX2 and FMA are enabled.
    unsafe {
        let is_nearest = |k: usize| (*by[k]).is_nearest;
        if is_nearest(0) & is_nearest(1) & is_nearest(2) & is_nearest(3) {
            let [a, b] = two::<ONE_SIDED>([words[0], words[1]], [by[0], by[1]], scales);
            let [c, d] = two::<ONE_SIDED>([words[2], words[3]], [by[2], by[3]], scales);
            return [a, b, c, d];
        }
        let mut bytes = [_mm_setzero_si128(); 4];
        for k in 0..4 {
            let shorts = _mm256_packs_epi32(
                scaled::<ONE_SIDED>(words[k][0], by[k], 0, edge),
                scaled::<ONE_SIDED>(words[k][1], by[k], 8, edge),
            );
            bytes[k] = packed(clamped::<ONE_SIDED>(shorts, scales));
        }
        bytes
    }
}

#[inline(always)]
pub(super) unsafe fn requantize_exactly(
    words: [Words; 4],
    by: [*const Ready; 4],
    scales: &Scales<'_>,
) -> [__m128i; 4] {
    // SAFETY: multipliers are there; AVX2 is enabled.
    unsafe {
        let mut bytes = [_mm_setzero_si128(); 4];
        for k in 0..4 {
            let (low, high) = (Eight::new(&*by[k], 0), Eight::new(&*by[k], 8));
            bytes[k] = packed(_mm256_packs_epi32(
                low.requantize(words[k][0], scales),
                high.requantize(words[k][1], scales),
            ));
        }
        bytes
    }
}

/// Multipliers of eight channels.
struct Eight {
    even: __m256i,
    odd: __m256i,
    left: __m256i,
    right: __m256i,
    half: __m256i,
    sign: __m256i,
}

impl Eight {
    /// From this channel on: 0 or 8.
    #[inline(always)]
    unsafe fn new(ready: &Ready, from: usize) -> Self {
        // SAFETY: 32 bytes each; AVX2 is enabled.
        unsafe {
            let even = _mm256_load_si256(ready.multiplier.as_ptr().wrapping_add(from).cast());
            Self {
                even,
                odd: _mm256_srli_epi64(even, 32),
                left: _mm256_load_si256(ready.left.as_ptr().wrapping_add(from).cast()),
                right: _mm256_load_si256(ready.right.as_ptr().wrapping_add(from).cast()),
                half: _mm256_load_si256(ready.half.as_ptr().wrapping_add(from).cast()),
                sign: _mm256_load_si256(ready.sign.as_ptr().wrapping_add(from).cast()),
            }
        }
    }

    #[inline(always)]
    unsafe fn requantize(&self, words: __m256i, scales: &Scales<'_>) -> __m256i {
        // SAFETY: AVX2 is enabled.
        unsafe {
            let x = _mm256_sllv_epi32(words, self.left);
            let nudge = _mm256_set1_epi64x(1 << 31);
            let even = _mm256_add_epi64(_mm256_mul_epi32(x, self.even), nudge);
            let odd = _mm256_mul_epi32(_mm256_srli_epi64(x, 32), self.odd);
            let odd = _mm256_add_epi64(odd, nudge);
            let high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA);
            let high = _mm256_sub_epi32(high, _mm256_srlv_epi32(high, self.sign));
            let rounded = _mm256_add_epi32(high, self.half);
            let scaled = _mm256_srav_epi32(rounded, self.right);
            let q = _mm256_add_epi32(scaled, _mm256_set1_epi32(scales.output_offset));
            let q = _mm256_max_epi32(q, _mm256_set1_epi32(scales.activation_min));
            _mm256_min_epi32(q, _mm256_set1_epi32(scales.activation_max))
        }
    }
}

/// Requantizes 32 elements of a block.
#[inline(always)]
unsafe fn wide_shorts<const ONE_SIDED: bool>(
    sums: [__m256i; 4],
    by: [*const Ready; 4],
    part: usize,
    scales: &Scales<'_>,
    edge: &mut __m256,
) -> [__m256i; 2] {
    // SAFETY: a block has four; AVX2 and FMA are enabled.
    unsafe {
        let mut q = sums;
        for j in 0..4 {
            q[j] = scaled::<ONE_SIDED>(sums[j], by[j], 8 * part, edge);
        }
        [
            clamped::<ONE_SIDED>(_mm256_packs_epi32(q[0], q[1]), scales),
            clamped::<ONE_SIDED>(_mm256_packs_epi32(q[2], q[3]), scales),
        ]
    }
}

/// Requantizes and stores 32 elements of a block.
#[inline(always)]
pub(super) unsafe fn wide_store(
    sums: [__m256i; 4],
    by: *const Ready,
    part: usize,
    scales: &Scales<'_>,
    to: *mut i8,
    count: usize,
) {
    // SAFETY: a block has 64; `count` bytes are the caller's; AVX2 is
    // enabled.
    unsafe {
        let by_part = [
            by,
            by.wrapping_add(1),
            by.wrapping_add(2),
            by.wrapping_add(3),
        ];
        let bytes = if (*by).is_nearest {
            if scales.are_one_sided() {
                wide_bytes::<true>(sums, by_part, part, scales)
            } else {
                wide_bytes::<false>(sums, by_part, part, scales)
            }
        } else {
            wide_doubtful(sums, by_part, part, scales)
        };
        if count >= 32 {
            _mm256_storeu_si256(to.cast(), bytes);
        } else {
            let low = _mm256_castsi256_si128(bytes);
            store_one(low, to, count);
            if count > 16 {
                let high = _mm256_extracti128_si256::<1>(bytes);
                store_one(high, to.wrapping_add(16), count - 16);
            }
        }
    }
}

/// The same 32 elements where all four multipliers are right.
#[inline(always)]
unsafe fn wide_bytes<const ONE_SIDED: bool>(
    sums: [__m256i; 4],
    by: [*const Ready; 4],
    part: usize,
    scales: &Scales<'_>,
) -> __m256i {
    // SAFETY: a block has four; AVX2 and FMA are enabled.
    unsafe {
        let mut q = sums;
        for j in 0..4 {
            q[j] = truncated::<ONE_SIDED>(sums[j], by[j], 8 * part);
        }
        let shorts = [
            _mm256_packs_epi32(q[0], q[1]),
            _mm256_packs_epi32(q[2], q[3]),
        ];
        bytes::<ONE_SIDED>(shorts, scales)
    }
}

/// The same where that has to be seen.
#[inline(always)]
unsafe fn wide_doubtful(
    sums: [__m256i; 4],
    by_part: [*const Ready; 4],
    part: usize,
    scales: &Scales<'_>,
) -> __m256i {
    // SAFETY: a block has four; AVX2 and FMA are enabled.
    unsafe {
        let mut edge = _mm256_setzero_ps();
        let mut shorts = if scales.are_one_sided() {
            wide_shorts::<true>(sums, by_part, part, scales, &mut edge)
        } else {
            wide_shorts::<false>(sums, by_part, part, scales, &mut edge)
        };
        if is_close(edge) {
            cold();
            let mut q = sums;
            for j in 0..4 {
                q[j] = Eight::new(&*by_part[j], 8 * part).requantize(sums[j], scales);
            }
            shorts = [
                _mm256_packs_epi32(q[0], q[1]),
                _mm256_packs_epi32(q[2], q[3]),
            ];
        }
        _mm256_packs_epi16(shorts[0], shorts[1])
    }
}
