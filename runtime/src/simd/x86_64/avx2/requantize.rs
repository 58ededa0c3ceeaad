//! x86_64-i8-avx2: requantization in f32 as the compiler has proven it, or in integers where a
//! rounding is a close call. Its models in the compiler (`simd_models`): `Method::Nearest`,
//! `Method::RoundedFused`, `Method::Small`; neither changes without the other. Tests:
//! `tests/tests/simd_levels/`, `tests/cross/src/cases/thresholds.rs`.
//!
//! ```text
//! nearest:  q = trunc(sum * upper  + sign(sum) * start)            where the panel says `is_nearest`
//! rounded:  q = round(sum * factor + sign(sum) * nudge)            unless |y - round(y)| >= EDGE
//! integers: q = the reference's two roundings                      everywhere
//! output = clamp(q + offset)
//! ```

use core::arch::x86_64::*;

use crate::params::layout::LANES;
use crate::params::requant::{RequantPanel, RequantParams};
use crate::simd::shared::isa::cold;
use crate::simd::x86_64::avx2::registers::{Words, store_one};

/// Distance between a scaled sum and its rounded value from which on the sum is computed again in
/// integers:
/// factor, sum and nudged product are each off by at most 2^-24 of a magnitude that is below
/// 256 where the output is not at an end of its range.
const EDGE: f32 = 0.5 - 1.0 / 16384.0;

/// Scales and rounds eight sums. By truncation if `NEAREST`, which is right where
/// [`RequantPanel::is_nearest`] says so; else `edge` is raised to the largest distance between a
/// scaled sum and its rounded value. Models: `Method::Nearest`, `Method::RoundedFused`.
///
/// # Safety
/// *Enabled*. *Covered*: a block's multipliers; `from` is 0 or 8.
#[inline(always)]
unsafe fn scaled<const ONE_SIDED: bool, const NEAREST: bool>(
    words: __m256i,
    by: *const RequantPanel,
    from: usize,
    edge: &mut __m256,
) -> __m256i {
    // SAFETY: *Covered*: multipliers; *Enabled*.
    unsafe {
        let by = &*by;
        let (factor, add) = if NEAREST {
            (&by.upper, &by.start)
        } else {
            (&by.factor, &by.nudge)
        };
        let factor = _mm256_load_ps(factor.as_ptr().wrapping_add(from));
        let mut add = _mm256_load_ps(add.as_ptr().wrapping_add(from));
        let x = _mm256_cvtepi32_ps(words);
        let sign = _mm256_set1_ps(-0.0);
        if !ONE_SIDED {
            // With the sum's sign.
            add = _mm256_or_ps(add, _mm256_and_ps(x, sign));
        }
        let y = _mm256_fmadd_ps(x, factor, add);
        if NEAREST {
            return _mm256_cvttps_epi32(y);
        }
        let q = _mm256_cvtps_epi32(y);
        let rest = _mm256_sub_ps(y, _mm256_cvtepi32_ps(q));
        *edge = _mm256_max_ps(*edge, _mm256_andnot_ps(sign, rest));
        q
    }
}

/// Adds the offset and clamps, to bytes. If the smallest output is the zero point (`ONE_SIDED`),
/// unsigned bytes count from there.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
unsafe fn packed<const ONE_SIDED: bool>(q: [__m256i; 4], scales: &RequantParams<'_>) -> __m256i {
    let (min, max) = (scales.activation_min, scales.activation_max);
    let offset = scales.output_offset;
    // SAFETY: *Enabled*.
    unsafe {
        let low = _mm256_packs_epi32(q[0], q[1]);
        let high = _mm256_packs_epi32(q[2], q[3]);
        if ONE_SIDED {
            let above = _mm256_packus_epi16(low, high);
            let above = _mm256_min_epu8(above, _mm256_set1_epi8((max - offset) as i8));
            return _mm256_add_epi8(above, _mm256_set1_epi8(offset as i8));
        }
        let offset = _mm256_set1_epi16(offset as i16);
        let low = _mm256_adds_epi16(low, offset);
        let high = _mm256_adds_epi16(high, offset);
        let bytes = _mm256_packs_epi16(low, high);
        let bytes = _mm256_max_epi8(bytes, _mm256_set1_epi8(min as i8));
        _mm256_min_epi8(bytes, _mm256_set1_epi8(max as i8))
    }
}

/// Packs the scaled sums of two vectors, sixteen bytes each in order.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
unsafe fn two<const ONE_SIDED: bool>(
    [a, b]: [[__m256i; 2]; 2],
    scales: &RequantParams<'_>,
) -> [__m128i; 2] {
    // SAFETY: *Enabled*.
    unsafe {
        let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
        let both = packed::<ONE_SIDED>([a[0], a[1], b[0], b[1]], scales);
        let both = _mm256_permutevar8x32_epi32(both, order);
        [
            _mm256_castsi256_si128(both),
            _mm256_extracti128_si256::<1>(both),
        ]
    }
}

/// Requantizes four vectors: fast, and in integers where that may be wrong.
///
/// # Safety
/// *Enabled*. *Covered*: a block's multipliers at each place.
#[inline(always)]
pub(crate) unsafe fn outputs(
    words: [Words; 4],
    by: [*const RequantPanel; 4],
    scales: &RequantParams<'_>,
) -> [__m128i; 4] {
    // SAFETY: *Enabled*, *Covered*.
    unsafe {
        let mut edge = _mm256_setzero_ps();
        let bytes = if scales.are_one_sided() {
            requantize::<true>(words, by, scales, &mut edge)
        } else {
            requantize::<false>(words, by, scales, &mut edge)
        };
        if is_close(edge) {
            cold();
            return requantize_exactly(words, by, scales);
        }
        bytes
    }
}

/// Requantizes two vectors of a block where truncation is right: see [`RequantPanel::is_nearest`].
///
/// # Safety
/// *Enabled*. *Covered*: a block's multipliers.
#[inline(always)]
pub(crate) unsafe fn nearest<const ONE_SIDED: bool>(
    words: [Words; 2],
    by: *const RequantPanel,
    scales: &RequantParams<'_>,
) -> [__m128i; 2] {
    // SAFETY: *Covered*: multipliers; *Enabled*.
    unsafe {
        let mut edge = _mm256_setzero_ps();
        let mut q = words;
        for k in 0..2 {
            q[k] = [
                scaled::<ONE_SIDED, true>(words[k][0], by, 0, &mut edge),
                scaled::<ONE_SIDED, true>(words[k][1], by, 8, &mut edge),
            ];
        }
        two::<ONE_SIDED>(q, scales)
    }
}

/// True if outputs have to be computed again in integers.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
pub(crate) unsafe fn is_close(edge: __m256) -> bool {
    // SAFETY: *Enabled*.
    unsafe { _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GE_OQ>(edge, _mm256_set1_ps(EDGE))) != 0 }
}

/// Requantizes four vectors in f32; they are right unless [`is_close`] says otherwise of `edge`.
///
/// # Safety
/// *Enabled*. *Covered*: a block's multipliers at each place.
#[inline(always)]
pub(crate) unsafe fn requantize<const ONE_SIDED: bool>(
    words: [Words; 4],
    by: [*const RequantPanel; 4],
    scales: &RequantParams<'_>,
    edge: &mut __m256,
) -> [__m128i; 4] {
    // SAFETY: *Enabled*, *Covered*.
    unsafe {
        let is_nearest = |k: usize| (*by[k]).is_nearest;
        if is_nearest(0) & is_nearest(1) & is_nearest(2) & is_nearest(3) {
            by_scaling::<ONE_SIDED, true>(words, by, scales, edge)
        } else {
            by_scaling::<ONE_SIDED, false>(words, by, scales, edge)
        }
    }
}

/// Requantizes four vectors by f32 factors.
///
/// # Safety
/// *Enabled*. *Covered*: a block's multipliers at each place.
#[inline(always)]
unsafe fn by_scaling<const ONE_SIDED: bool, const NEAREST: bool>(
    words: [Words; 4],
    by: [*const RequantPanel; 4],
    scales: &RequantParams<'_>,
    edge: &mut __m256,
) -> [__m128i; 4] {
    // SAFETY: *Covered*: multipliers; *Enabled*.
    unsafe {
        let mut q = words;
        for k in 0..4 {
            q[k] = [
                scaled::<ONE_SIDED, NEAREST>(words[k][0], by[k], 0, edge),
                scaled::<ONE_SIDED, NEAREST>(words[k][1], by[k], 8, edge),
            ];
        }
        let [a, b] = two::<ONE_SIDED>([q[0], q[1]], scales);
        let [c, d] = two::<ONE_SIDED>([q[2], q[3]], scales);
        [a, b, c, d]
    }
}

/// Requantizes four vectors in integers.
///
/// # Safety
/// *Enabled*. *Covered*: a block's multipliers at each place.
#[inline(always)]
pub(crate) unsafe fn requantize_exactly(
    words: [Words; 4],
    by: [*const RequantPanel; 4],
    scales: &RequantParams<'_>,
) -> [__m128i; 4] {
    // SAFETY: *Covered*: multipliers; *Enabled*.
    unsafe {
        let mut q = words;
        for k in 0..4 {
            q[k] = [
                Eight::new(&*by[k], 0).scaled(words[k][0]),
                Eight::new(&*by[k], 8).scaled(words[k][1]),
            ];
        }
        let [a, b] = two::<false>([q[0], q[1]], scales);
        let [c, d] = two::<false>([q[2], q[3]], scales);
        [a, b, c, d]
    }
}

/// Multipliers of eight channels, for requantization in integers. Model: `Method::Small`.
struct Eight {
    even: __m256i,
    odd: __m256i,
    left: __m256i,
    right: __m256i,
    half: __m256i,
    sign: __m256i,
}

impl Eight {
    /// The multipliers of the channels from `from` on.
    ///
    /// # Safety
    /// *Enabled*. `from` is 0 or 8.
    #[inline(always)]
    unsafe fn new(panel: &RequantPanel, from: usize) -> Self {
        // SAFETY: *Covered*: 32 bytes each; *Enabled*.
        unsafe {
            let even = _mm256_load_si256(panel.multiplier.as_ptr().wrapping_add(from).cast());
            Self {
                even,
                odd: _mm256_srli_epi64(even, 32),
                left: _mm256_load_si256(panel.left.as_ptr().wrapping_add(from).cast()),
                right: _mm256_load_si256(panel.right.as_ptr().wrapping_add(from).cast()),
                half: _mm256_load_si256(panel.half.as_ptr().wrapping_add(from).cast()),
                sign: _mm256_load_si256(panel.sign.as_ptr().wrapping_add(from).cast()),
            }
        }
    }

    /// Scales and rounds eight sums.
    ///
    /// # Safety
    /// *Enabled*.
    #[inline(always)]
    unsafe fn scaled(&self, words: __m256i) -> __m256i {
        // SAFETY: *Enabled*.
        unsafe {
            let x = _mm256_sllv_epi32(words, self.left);
            let nudge = _mm256_set1_epi64x(1 << 31);
            let even = _mm256_add_epi64(_mm256_mul_epi32(x, self.even), nudge);
            let odd = _mm256_mul_epi32(_mm256_srli_epi64(x, 32), self.odd);
            let odd = _mm256_add_epi64(odd, nudge);
            let high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA);
            let high = _mm256_sub_epi32(high, _mm256_srlv_epi32(high, self.sign));
            let rounded = _mm256_add_epi32(high, self.half);
            _mm256_srav_epi32(rounded, self.right)
        }
    }
}

/// Requantizes 32 elements of a block of a depthwise convolution.
///
/// # Safety
/// *Enabled*. *Covered*: the multipliers of a block of elements, four times a block of
/// channels.
#[inline(always)]
unsafe fn wide_bytes<const ONE_SIDED: bool, const NEAREST: bool>(
    sums: [__m256i; 4],
    by: *const RequantPanel,
    part: usize,
    scales: &RequantParams<'_>,
    edge: &mut __m256,
) -> __m256i {
    // SAFETY: *Covered*: a block has four multipliers; *Enabled*.
    unsafe {
        let mut q = sums;
        for j in 0..4 {
            q[j] = scaled::<ONE_SIDED, NEAREST>(sums[j], by.wrapping_add(j), 8 * part, edge);
        }
        packed::<ONE_SIDED>(q, scales)
    }
}

/// Requantizes 32 elements of a block of a depthwise convolution and stores `count` of them.
///
/// # Safety
/// *Enabled*. *Covered*: the multipliers of a block of elements, and `count` outputs.
#[inline(always)]
pub(crate) unsafe fn dw_store(
    sums: [__m256i; 4],
    by: *const RequantPanel,
    part: usize,
    scales: &RequantParams<'_>,
    to: *mut i8,
    count: usize,
) {
    // SAFETY: *Enabled*. *Covered*: a block's multipliers, and `count` bytes.
    unsafe {
        let one_sided = scales.are_one_sided();
        let mut edge = _mm256_setzero_ps();
        let bytes = if (*by).is_nearest {
            if one_sided {
                wide_bytes::<true, true>(sums, by, part, scales, &mut edge)
            } else {
                wide_bytes::<false, true>(sums, by, part, scales, &mut edge)
            }
        } else {
            let bytes = if one_sided {
                wide_bytes::<true, false>(sums, by, part, scales, &mut edge)
            } else {
                wide_bytes::<false, false>(sums, by, part, scales, &mut edge)
            };
            if is_close(edge) {
                cold();
                let mut q = sums;
                for j in 0..4 {
                    q[j] = Eight::new(&*by.wrapping_add(j), 8 * part).scaled(sums[j]);
                }
                packed::<false>(q, scales)
            } else {
                bytes
            }
        };
        if count >= 32 {
            _mm256_storeu_si256(to.cast(), bytes);
            return;
        }
        store_one(_mm256_castsi256_si128(bytes), to, count);
        if count > LANES {
            let high = _mm256_extracti128_si256::<1>(bytes);
            store_one(high, to.wrapping_add(LANES), count - LANES);
        }
    }
}
