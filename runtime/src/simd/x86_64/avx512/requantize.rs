//! x86_64-i8-avx512: requantization by truncation in f32 where the compiler has found the numbers, else
//! in integers. Its models in the compiler (`simd_models`), with which it has proven the numbers:
//! `Method::Truncated`, `Method::TruncatedSingle`, `Method::Small`; neither changes without the
//! other. Tests: `tests/tests/simd_levels/`, `tests/cross/src/cases/thresholds.rs`.
//!
//! ```text
//! truncated: q = trunc(sum * upper + (sum * lower + sign(sum) * start)), each step towards zero
//! single:    q = trunc(sum * upper + sign(sum) * start)                  where all `lower` are 0
//! integers:  q = the reference's two roundings
//! output = clamp(q + offset)
//! ```

use core::arch::x86_64::*;

use crate::params::add::AddF32;
use crate::params::requant::{RequantPanel, RequantParams};
use crate::simd::shared::isa::cold;

/// The rounding mode towards zero, without exceptions.
const TRUNCATE: i32 = _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC;

/// Requantizes four vectors of sums by truncation, in the order of 16-byte lanes: four bytes of each
/// vector in each lane. Right if [`is_truncated`].
///
/// # Safety
/// *Enabled*. *Covered*: a block's multipliers at each place.
#[inline(always)]
pub(crate) unsafe fn requantize<const ONE_SIDED: bool>(
    words: [__m512i; 4],
    by: [*const RequantPanel; 4],
    scales: &RequantParams<'_>,
) -> __m512i {
    // SAFETY: *Covered*: multipliers; *Enabled*.
    unsafe {
        let factors = [
            Factors::of(by[0]),
            Factors::of(by[1]),
            Factors::of(by[2]),
            Factors::of(by[3]),
        ];
        OutputRange::of(scales).packed::<ONE_SIDED>([
            factors[0].apply::<ONE_SIDED>(words[0]),
            factors[1].apply::<ONE_SIDED>(words[1]),
            factors[2].apply::<ONE_SIDED>(words[2]),
            factors[3].apply::<ONE_SIDED>(words[3]),
        ])
    }
}

/// True if truncation gives the outputs of this block's strip.
///
/// # Safety
/// *Covered*: a block's multipliers.
#[inline(always)]
pub(crate) unsafe fn is_truncated(by: *const RequantPanel) -> bool {
    // SAFETY: *Covered*: multipliers.
    unsafe { (*by).start[0] != 0.0 }
}

/// True if truncation gives the outputs of the first `blocks` blocks.
///
/// # Safety
/// There are multipliers for as many blocks.
#[inline(always)]
pub(crate) unsafe fn are_truncated(scales: &RequantParams<'_>, blocks: usize) -> bool {
    // All blocks of a strip are, or none; maybe all of them have the same multipliers.
    let blocks = if scales.channels.len() == 1 {
        1
    } else {
        blocks
    };
    let mut strips = (0..blocks).step_by(4);
    // SAFETY: as many multipliers are there.
    strips.all(|block| unsafe { is_truncated(scales.of(block)) })
}

/// The numbers that requantize sixteen sums by truncation: see [`crate::params::requant::pack_requant`].
#[derive(Clone, Copy)]
pub(crate) struct Factors {
    upper: __m512,
    lower: __m512,
    start: __m512,
}

impl Factors {
    /// The numbers of one block of sixteen channels.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: a block's multipliers.
    #[inline(always)]
    unsafe fn of(by: *const RequantPanel) -> Self {
        // SAFETY: *Covered*: multipliers; *Enabled*.
        unsafe {
            Self {
                upper: _mm512_load_ps((&raw const (*by).upper).cast()),
                lower: _mm512_load_ps((&raw const (*by).lower).cast()),
                start: _mm512_load_ps((&raw const (*by).start).cast()),
            }
        }
    }

    /// The numbers of one channel of a block, for sixteen sums of that channel.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: a block's multipliers; `channel` is below 16.
    #[inline(always)]
    pub(crate) unsafe fn of_channel(by: *const RequantPanel, channel: usize) -> Self {
        // SAFETY: *Covered*: multipliers; *Enabled*.
        unsafe {
            Self {
                upper: _mm512_set1_ps((*by).upper[channel]),
                lower: _mm512_set1_ps((*by).lower[channel]),
                start: _mm512_set1_ps((*by).start[channel]),
            }
        }
    }

    /// Scales and truncates sixteen sums.
    ///
    /// # Safety
    /// *Enabled*.
    #[inline(always)]
    pub(crate) unsafe fn apply<const ONE_SIDED: bool>(&self, words: __m512i) -> __m512i {
        // SAFETY: *Enabled*.
        unsafe { self.truncated::<ONE_SIDED, false>(words) }
    }

    /// Scales and truncates sixteen sums; `SINGLE` says that `lower` is zero.
    ///
    /// # Safety
    /// *Enabled*.
    #[inline(always)]
    unsafe fn truncated<const ONE_SIDED: bool, const SINGLE: bool>(
        &self,
        words: __m512i,
    ) -> __m512i {
        // SAFETY: *Enabled*.
        unsafe { _mm512_cvttps_epi32(self.scaled::<ONE_SIDED, SINGLE>(words)) }
    }

    /// Scales sixteen sums, ready to be truncated; `SINGLE` says that `lower` is zero. Models:
    /// `Method::Truncated`, `Method::TruncatedSingle`.
    ///
    /// # Safety
    /// *Enabled*.
    #[inline(always)]
    unsafe fn scaled<const ONE_SIDED: bool, const SINGLE: bool>(&self, words: __m512i) -> __m512 {
        // SAFETY: *Enabled*.
        unsafe {
            let x = _mm512_cvtepi32_ps(words);
            let mut start = self.start;
            if !ONE_SIDED {
                // With the sum's sign.
                start = _mm512_castsi512_ps(_mm512_ternarylogic_epi32::<0xF8>(
                    _mm512_castps_si512(start),
                    _mm512_castps_si512(x),
                    _mm512_set1_epi32(i32::MIN),
                ));
            }
            if !SINGLE {
                start = _mm512_fmadd_round_ps::<TRUNCATE>(x, self.lower, start);
            }
            _mm512_fmadd_round_ps::<TRUNCATE>(x, self.upper, start)
        }
    }
}

/// The output's zero point and bounds.
#[derive(Clone, Copy)]
pub(crate) struct OutputRange {
    offset: i32,
    min: i32,
    max: i32,
}

impl OutputRange {
    /// The range of these parameters.
    #[inline(always)]
    pub(crate) fn of(scales: &RequantParams<'_>) -> Self {
        Self {
            offset: scales.output_offset,
            min: scales.activation_min,
            max: scales.activation_max,
        }
    }

    /// Adds the offset and clamps, to bytes in the order of 16-byte lanes. If the smallest output is
    /// the zero point (`ONE_SIDED`), unsigned bytes count from there.
    ///
    /// # Safety
    /// *Enabled*.
    #[inline(always)]
    pub(crate) unsafe fn packed<const ONE_SIDED: bool>(self, q: [__m512i; 4]) -> __m512i {
        // SAFETY: *Enabled*.
        unsafe {
            let low = _mm512_packs_epi32(q[0], q[1]);
            let high = _mm512_packs_epi32(q[2], q[3]);
            if ONE_SIDED {
                let above = _mm512_packus_epi16(low, high);
                let largest = _mm512_set1_epi8((self.max - self.offset) as i8);
                let offset = _mm512_set1_epi8(self.offset as i8);
                return _mm512_add_epi8(_mm512_min_epu8(above, largest), offset);
            }
            let offset = _mm512_set1_epi16(self.offset as i16);
            let words = [
                _mm512_adds_epi16(low, offset),
                _mm512_adds_epi16(high, offset),
            ];
            clamped(words, self.min, self.max)
        }
    }
}

/// The numbers that requantize the channels of `N` blocks, all of them by truncation.
#[derive(Clone, Copy)]
pub(crate) struct Requantize<const N: usize> {
    factors: [Factors; N],
    /// True if `lower` is zero in all of them.
    are_single: bool,
    range: OutputRange,
}

impl<const N: usize> Requantize<N> {
    /// The numbers of the blocks from `block` on; none if truncation does not give their outputs.
    ///
    /// # Safety
    /// *Enabled*. There are multipliers for `N` blocks from `block` on.
    #[inline(always)]
    pub(crate) unsafe fn of(block: usize, scales: &RequantParams<'_>) -> Option<Self> {
        // SAFETY: multipliers of as many blocks are there; *Enabled*.
        unsafe {
            if !is_truncated(scales.of(block)) {
                return None;
            }
            Some(Self::new(block, scales))
        }
    }

    /// The numbers of the blocks from `block` on, if truncation gives their outputs.
    ///
    /// # Safety
    /// *Enabled*. There are multipliers for `N` blocks from `block` on.
    #[inline(always)]
    pub(crate) unsafe fn new(block: usize, scales: &RequantParams<'_>) -> Self {
        // SAFETY: multipliers of as many blocks are there; *Enabled*.
        unsafe {
            let mut all = Self::new_without_single(block, scales);
            let mut lack = _mm512_setzero_si512();
            for factors in &all.factors {
                lack = _mm512_or_si512(lack, _mm512_castps_si512(factors.lower));
            }
            all.are_single = _mm512_test_epi32_mask(lack, lack) == 0;
            all
        }
    }

    /// The numbers for few sums that the next layer waits for: only where all channels have the same
    /// factor, it is tested whether `lower` is zero. To test all channels would take as long as
    /// this saves.
    ///
    /// # Safety
    /// *Enabled*. There are multipliers for `N` blocks from `block` on.
    #[inline(always)]
    pub(crate) unsafe fn new_for_few_sums(block: usize, scales: &RequantParams<'_>) -> Self {
        // SAFETY: multipliers of as many blocks are there; *Enabled*.
        unsafe {
            let mut all = Self::new_without_single(block, scales);
            let lack = _mm512_castps_si512(all.factors[0].lower);
            let are_shared = scales.channels.len() == 1;
            all.are_single = are_shared && _mm512_test_epi32_mask(lack, lack) == 0;
            all
        }
    }

    /// The numbers for few sums, without a test whether `lower` is zero.
    ///
    /// # Safety
    /// *Enabled*. There are multipliers for `N` blocks from `block` on.
    #[inline(always)]
    pub(crate) unsafe fn new_without_single(block: usize, scales: &RequantParams<'_>) -> Self {
        // SAFETY: multipliers of as many blocks are there; *Enabled*.
        unsafe {
            let mut factors = [Factors::of(scales.of(block)); N];
            for (n, factors) in factors.iter_mut().enumerate() {
                *factors = Factors::of(scales.of(block + n));
            }
            Self {
                factors,
                are_single: false,
                range: OutputRange::of(scales),
            }
        }
    }

    /// These numbers for one-sided outputs that are XORed with `xor`: 0 or -128.
    #[inline(always)]
    pub(crate) fn with_xor(mut self, xor: i8) -> Self {
        // Bytes count from the offset, which alone changes.
        let offset = i32::from(self.range.offset as i8 ^ xor);
        self.range.max += offset - self.range.offset;
        self.range.offset = offset;
        self
    }

    /// True if the smallest output is the zero point: see [`RequantParams::are_one_sided`].
    #[inline(always)]
    pub(crate) fn is_one_sided(&self) -> bool {
        self.range.min == self.range.offset
    }

    /// Requantizes four vectors of sums, of the blocks in turn, to bytes in the order of 16-byte
    /// lanes.
    ///
    /// # Safety
    /// *Enabled*.
    #[inline(always)]
    pub(crate) unsafe fn requantize<const ONE_SIDED: bool>(&self, words: [__m512i; 4]) -> __m512i {
        // SAFETY: *Enabled*.
        unsafe {
            if self.are_single {
                self.packed::<ONE_SIDED, true>(words)
            } else {
                self.packed::<ONE_SIDED, false>(words)
            }
        }
    }

    /// Requantizes four vectors; `SINGLE` says that `lower` is zero in all of them.
    ///
    /// # Safety
    /// *Enabled*.
    #[inline(always)]
    unsafe fn packed<const ONE_SIDED: bool, const SINGLE: bool>(
        &self,
        words: [__m512i; 4],
    ) -> __m512i {
        let by = |i: usize| &self.factors[i % N];
        // SAFETY: *Enabled*.
        unsafe {
            self.range.packed::<ONE_SIDED>([
                by(0).truncated::<ONE_SIDED, SINGLE>(words[0]),
                by(1).truncated::<ONE_SIDED, SINGLE>(words[1]),
                by(2).truncated::<ONE_SIDED, SINGLE>(words[2]),
                by(3).truncated::<ONE_SIDED, SINGLE>(words[3]),
            ])
        }
    }
}

impl<const N: usize> Requantize<N> {
    /// Requantizes four vectors and adds the elements that `others` point to, sixteen each; outputs in
    /// the order of 16-byte lanes.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: sixteen elements at each place.
    #[inline(always)]
    pub(crate) unsafe fn added(
        &self,
        words: [__m512i; 4],
        others: [*const i8; 4],
        sum: &AddF32,
    ) -> __m512i {
        // SAFETY: *Enabled*, *Covered*.
        unsafe {
            let OutputRange { offset, min, max } = self.range;
            let min = _mm512_set1_ps((min - offset) as f32);
            let max = _mm512_set1_ps((max - offset) as f32);
            let mut q = [_mm512_setzero_si512(); 4];
            for i in 0..4 {
                let x = self.factors[i % N].scaled::<false, false>(words[i]);
                let x = _mm512_roundscale_ps::<TRUNCATE>(x);
                let x = _mm512_min_ps(_mm512_max_ps(x, min), max);
                q[i] = sum.rounded(x, others[i]);
            }
            let words = [
                _mm512_packs_epi32(q[0], q[1]),
                _mm512_packs_epi32(q[2], q[3]),
            ];
            clamped(words, sum.min, sum.max)
        }
    }
}

impl AddF32 {
    /// Sixteen outputs `a * first + (b * second + constant)`, rounded to the nearest integer, ties to
    /// even.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: sixteen elements.
    #[inline(always)]
    pub(crate) unsafe fn rounded(self, a: __m512, b: *const i8) -> __m512i {
        // SAFETY: *Covered*: sixteen elements; *Enabled*.
        unsafe {
            let b = _mm512_cvtepi8_epi32(_mm_loadu_si128(b.cast()));
            let (first, second) = (_mm512_set1_ps(self.first), _mm512_set1_ps(self.second));
            let constant = _mm512_set1_ps(self.constant);
            let inner = _mm512_fmadd_ps(_mm512_cvtepi32_ps(b), second, constant);
            let sum = _mm512_fmadd_ps(a, first, inner);
            _mm512_cvt_roundps_epi32::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(sum)
        }
    }
}

/// Requantizes four vectors in integers, in the order of 16-byte lanes.
///
/// # Safety
/// *Enabled*. *Covered*: a block's multipliers at each place.
#[inline(always)]
pub(crate) unsafe fn requantize_exactly(
    words: [__m512i; 4],
    by: [*const RequantPanel; 4],
    scales: &RequantParams<'_>,
) -> __m512i {
    // SAFETY: *Covered*: multipliers; *Enabled*.
    unsafe {
        OutputRange::of(scales).packed::<false>([
            exactly(words[0], by[0]),
            exactly(words[1], by[1]),
            exactly(words[2], by[2]),
            exactly(words[3], by[3]),
        ])
    }
}

/// Requantizes four vectors by truncation, or in integers where that is not right; outputs in the
/// order of 16-byte lanes.
///
/// # Safety
/// *Enabled*. *Covered*: a block's multipliers at each place.
#[inline(always)]
pub(crate) unsafe fn outputs(
    words: [__m512i; 4],
    by: [*const RequantPanel; 4],
    scales: &RequantParams<'_>,
) -> __m512i {
    // SAFETY: *Covered*: multipliers; *Enabled*.
    unsafe {
        if !is_truncated(by[0]) {
            cold();
            requantize_exactly(words, by, scales)
        } else if scales.are_one_sided() {
            requantize::<true>(words, by, scales)
        } else {
            requantize::<false>(words, by, scales)
        }
    }
}

/// Packs 16-bit words to bytes from `min` to `max`, in the order of 16-byte lanes.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
pub(crate) unsafe fn clamped([low, high]: [__m512i; 2], min: i32, max: i32) -> __m512i {
    // SAFETY: *Enabled*.
    unsafe {
        let bytes = _mm512_packs_epi16(low, high);
        let bytes = _mm512_max_epi8(bytes, _mm512_set1_epi8(min as i8));
        _mm512_min_epi8(bytes, _mm512_set1_epi8(max as i8))
    }
}

/// Moves bytes from the order of 16-byte lanes to that of vectors: sixteen bytes of each side by
/// side.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
pub(crate) unsafe fn in_order(bytes: __m512i) -> __m512i {
    // SAFETY: *Enabled*.
    unsafe {
        let order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        _mm512_permutexvar_epi32(order, bytes)
    }
}

/// Scales and rounds sixteen sums in integers. Model: `Method::Small`.
///
/// # Safety
/// *Enabled*. *Covered*: a block's multipliers.
#[inline(always)]
unsafe fn exactly(words: __m512i, by: *const RequantPanel) -> __m512i {
    // SAFETY: *Covered*: multipliers; *Enabled*.
    unsafe {
        let by = &*by;
        let x = _mm512_sllv_epi32(words, _mm512_load_si512(by.left.as_ptr().cast()));
        let even = _mm512_load_si512(by.multiplier.as_ptr().cast());
        let odd = _mm512_srli_epi64(even, 32);
        let nudge = _mm512_set1_epi64(1 << 31);
        let even = _mm512_add_epi64(_mm512_mul_epi32(x, even), nudge);
        let odd = _mm512_mul_epi32(_mm512_srli_epi64(x, 32), odd);
        let odd = _mm512_add_epi64(odd, nudge);
        let high = _mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 32), odd);
        let sign = _mm512_load_si512(by.sign.as_ptr().cast());
        let high = _mm512_sub_epi32(high, _mm512_srlv_epi32(high, sign));
        let half = _mm512_load_si512(by.half.as_ptr().cast());
        let right = _mm512_load_si512(by.right.as_ptr().cast());
        _mm512_srav_epi32(_mm512_add_epi32(high, half), right)
    }
}
