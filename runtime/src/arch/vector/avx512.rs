//! AVX-512 with VNNI: 64 products per instruction.

use core::arch::x86_64::*;

use super::SHIFT;
use super::isa::{BlockStage, Isa, LANES, cold};
use super::ready::{Ready, Scales};
use super::tile::{Strip, Tile};

/// AVX-512 F, BW, DQ, VL and VNNI.
#[derive(Clone, Copy)]
pub(super) struct Avx512;

/// Towards zero, without exceptions.
const TRUNCATE: i32 = _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC;

/// Four vectors of sums to int8, in the order of 16-byte lanes: four of each. Right if
/// [`is_truncated`].
#[inline(always)]
unsafe fn requantize<const ONE_SIDED: bool>(
    words: [__m512i; 4],
    by: [*const Ready; 4],
    scales: &Scales<'_>,
) -> __m512i {
    // SAFETY: multipliers are there; the features are enabled.
    unsafe {
        let factors = [
            Factors::of(by[0]),
            Factors::of(by[1]),
            Factors::of(by[2]),
            Factors::of(by[3]),
        ];
        Range::of(scales).packed::<ONE_SIDED>([
            factors[0].apply::<ONE_SIDED>(words[0]),
            factors[1].apply::<ONE_SIDED>(words[1]),
            factors[2].apply::<ONE_SIDED>(words[2]),
            factors[3].apply::<ONE_SIDED>(words[3]),
        ])
    }
}

/// True if truncation gives the outputs of this block's strip.
#[inline(always)]
pub(super) unsafe fn is_truncated(by: *const Ready) -> bool {
    // SAFETY: multipliers are there.
    unsafe { (*by).start[0] != 0.0 }
}

/// The numbers that requantize sixteen sums by truncation: see [`super::ready::ready`].
#[derive(Clone, Copy)]
pub(super) struct Factors {
    upper: __m512,
    lower: __m512,
    start: __m512,
}

impl Factors {
    #[inline(always)]
    unsafe fn of(by: *const Ready) -> Self {
        // SAFETY: multipliers are there; the features are enabled.
        unsafe {
            Self {
                upper: _mm512_load_ps((&raw const (*by).upper).cast()),
                lower: _mm512_load_ps((&raw const (*by).lower).cast()),
                start: _mm512_load_ps((&raw const (*by).start).cast()),
            }
        }
    }

    /// Those of one channel of a block, for sixteen sums of it.
    #[inline(always)]
    pub(super) unsafe fn of_channel(by: *const Ready, channel: usize) -> Self {
        // SAFETY: multipliers are there; the features are enabled.
        unsafe {
            Self {
                upper: _mm512_set1_ps((*by).upper[channel]),
                lower: _mm512_set1_ps((*by).lower[channel]),
                start: _mm512_set1_ps((*by).start[channel]),
            }
        }
    }

    /// Requantized as far as the offset.
    #[inline(always)]
    pub(super) unsafe fn apply<const ONE_SIDED: bool>(&self, words: __m512i) -> __m512i {
        // SAFETY: the features are enabled.
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
            let inner = _mm512_fmadd_round_ps::<TRUNCATE>(x, self.lower, start);
            _mm512_cvttps_epi32(_mm512_fmadd_round_ps::<TRUNCATE>(x, self.upper, inner))
        }
    }
}

/// The output's zero point and bounds.
#[derive(Clone, Copy)]
pub(super) struct Range {
    offset: i32,
    min: i32,
    max: i32,
}

impl Range {
    #[inline(always)]
    pub(super) fn of(scales: &Scales<'_>) -> Self {
        Self {
            offset: scales.output_offset,
            min: scales.activation_min,
            max: scales.activation_max,
        }
    }

    /// Offset and clamp, to bytes in the order of 16-byte lanes. If the smallest output is
    /// the zero point, bytes count from there.
    #[inline(always)]
    pub(super) unsafe fn packed<const ONE_SIDED: bool>(self, q: [__m512i; 4]) -> __m512i {
        // SAFETY: the features are enabled.
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
            let bytes = _mm512_packs_epi16(
                _mm512_adds_epi16(low, offset),
                _mm512_adds_epi16(high, offset),
            );
            let bytes = _mm512_max_epi8(bytes, _mm512_set1_epi8(self.min as i8));
            _mm512_min_epi8(bytes, _mm512_set1_epi8(self.max as i8))
        }
    }
}

/// How the channels of `N` blocks requantize, all of them by truncation.
#[derive(Clone, Copy)]
pub(super) struct Requantize<const N: usize> {
    factors: [Factors; N],
    range: Range,
}

impl<const N: usize> Requantize<N> {
    /// If truncation gives the outputs of the blocks from one on.
    #[inline(always)]
    pub(super) unsafe fn of(block: usize, scales: &Scales<'_>) -> Option<Self> {
        // SAFETY: multipliers of as many blocks are there; the features are enabled.
        unsafe {
            if !is_truncated(scales.of(block)) {
                return None;
            }
            Some(Self::new(block, scales))
        }
    }

    /// The same if truncation does.
    #[inline(always)]
    pub(super) unsafe fn new(block: usize, scales: &Scales<'_>) -> Self {
        // SAFETY: multipliers of as many blocks are there; the features are enabled.
        unsafe {
            let mut factors = [Factors::of(scales.of(block)); N];
            for (n, factors) in factors.iter_mut().enumerate() {
                *factors = Factors::of(scales.of(block + n));
            }
            Self {
                factors,
                range: Range::of(scales),
            }
        }
    }

    /// See [`Scales::are_one_sided`].
    #[inline(always)]
    pub(super) fn is_one_sided(&self) -> bool {
        self.range.min == self.range.offset
    }

    /// Outputs in the order of 16-byte lanes, of sums of the blocks in turn, beginning with
    /// the one with this number.
    #[inline(always)]
    pub(super) unsafe fn requantize<const ONE_SIDED: bool>(
        &self,
        words: [__m512i; 4],
        first: usize,
    ) -> __m512i {
        let by = |i: usize| &self.factors[(first + i) % N];
        // SAFETY: the features are enabled.
        unsafe {
            self.range.packed::<ONE_SIDED>([
                by(0).apply::<ONE_SIDED>(words[0]),
                by(1).apply::<ONE_SIDED>(words[1]),
                by(2).apply::<ONE_SIDED>(words[2]),
                by(3).apply::<ONE_SIDED>(words[3]),
            ])
        }
    }
}

/// The same in integers.
#[inline(always)]
unsafe fn requantize_exactly(
    words: [__m512i; 4],
    by: [*const Ready; 4],
    scales: &Scales<'_>,
) -> __m512i {
    // SAFETY: multipliers are there; the features are enabled.
    unsafe {
        Range::of(scales).packed::<false>([
            exactly(words[0], by[0]),
            exactly(words[1], by[1]),
            exactly(words[2], by[2]),
            exactly(words[3], by[3]),
        ])
    }
}

/// The outputs of four vectors, in the order of 16-byte lanes.
#[inline(always)]
pub(super) unsafe fn outputs(
    words: [__m512i; 4],
    by: [*const Ready; 4],
    scales: &Scales<'_>,
) -> __m512i {
    // SAFETY: multipliers are there; the features are enabled.
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

/// Each vector's sixteen bytes side by side.
#[inline(always)]
pub(super) unsafe fn in_order(bytes: __m512i) -> __m512i {
    // SAFETY: the features are enabled.
    unsafe {
        let order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        _mm512_permutexvar_epi32(order, bytes)
    }
}

/// Requantized as far as the offset, in integers.
#[inline(always)]
unsafe fn exactly(words: __m512i, by: *const Ready) -> __m512i {
    // SAFETY: multipliers are there; the features are enabled.
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
    type Bytes = __m512i;

    #[inline(always)]
    unsafe fn wide_begin(bias: *const i32, _: usize) -> Self::Wide {
        // SAFETY: a block has 64.
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
                let w = _mm512_loadu_si512(weights.wrapping_add(64 * j).cast());
                sums[j] = _mm512_dpbusd_epi32(sums[j], quads[j], w);
            }
            sums
        }
    }

    #[inline(always)]
    unsafe fn wide_store(
        sums: Self::Wide,
        by: *const Ready,
        _: usize,
        scales: &Scales<'_>,
        to: *mut i8,
        count: usize,
    ) {
        // SAFETY: a block has four; `count` bytes are the caller's.
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
    unsafe fn tiles_are_done<S: BlockStage, const N: usize>(
        tile: &Tile<'_, S>,
        strip: Strip,
        output: &mut [S::Element],
    ) -> bool {
        // SAFETY: the caller's promises.
        unsafe { tile.whole_is_done::<N>(strip, output) }
    }

    #[inline(always)]
    unsafe fn begin(bias: *const i32) -> Self::Sums {
        // SAFETY: 64 bytes.
        unsafe { _mm512_loadu_si512(bias.cast()) }
    }

    #[inline(always)]
    unsafe fn zero() -> Self::Sums {
        // SAFETY: see the impl.
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    unsafe fn add(a: Self::Sums, b: Self::Sums) -> Self::Sums {
        // SAFETY: see the impl.
        unsafe { _mm512_add_epi32(a, b) }
    }

    #[inline(always)]
    unsafe fn weights(from: *const u8) -> Self::Weights {
        // SAFETY: 64 bytes.
        unsafe { _mm512_loadu_si512(from.cast()) }
    }

    #[inline(always)]
    unsafe fn prefetch(from: *const u8, count: usize) {
        for i in 0..count {
            // SAFETY: any address will do.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(from.wrapping_add(64 * i).cast()) };
        }
    }

    #[inline(always)]
    unsafe fn inputs(from: *const i8) -> Self::Inputs {
        // SAFETY: 4 bytes.
        unsafe { _mm512_set1_epi32(from.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn raw_inputs(from: *const i8) -> Self::Inputs {
        // SAFETY: 4 bytes.
        unsafe {
            let four = _mm512_set1_epi32(from.cast::<i32>().read_unaligned());
            let shift = _mm512_set1_epi8(SHIFT);
            // Exclusive or, written such that it is not done before the load's broadcast,
            // which is free.
            _mm512_ternarylogic_epi32::<0x3C>(four, shift, shift)
        }
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

    /// True if truncation does not give the outputs.
    type Doubt = bool;

    #[inline(always)]
    unsafe fn no_doubt() -> Self::Doubt {
        false
    }

    #[inline(always)]
    unsafe fn requantize<const ONE_SIDED: bool>(
        words: [Self::Words; 4],
        by: [*const Ready; 4],
        scales: &Scales<'_>,
        doubt: &mut Self::Doubt,
    ) -> Self::Bytes {
        // SAFETY: the caller's promises; a tile is all of one strip.
        unsafe {
            *doubt = !is_truncated(by[0]);
            in_order(requantize::<ONE_SIDED>(words, by, scales))
        }
    }

    #[inline(always)]
    unsafe fn is_doubtful(doubt: Self::Doubt) -> bool {
        doubt
    }

    #[inline(always)]
    unsafe fn requantize_exactly(
        words: [Self::Words; 4],
        by: [*const Ready; 4],
        scales: &Scales<'_>,
    ) -> Self::Bytes {
        // SAFETY: the caller's promises.
        unsafe { in_order(requantize_exactly(words, by, scales)) }
    }

    #[inline(always)]
    unsafe fn store(bytes: Self::Bytes, to: *mut i8) {
        // SAFETY: 64 bytes are the caller's.
        unsafe { _mm512_storeu_si512(to.cast(), bytes) };
    }

    #[inline(always)]
    unsafe fn store_one(bytes: Self::Bytes, vector: usize, to: *mut i8, count: usize) {
        // SAFETY: `count` bytes are the caller's.
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
        // SAFETY: 64 bytes.
        unsafe { _mm512_storeu_si512(all.as_mut_ptr().cast(), words) };
        all
    }
}
