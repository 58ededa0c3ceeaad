//! x86_64-i16-avx2-vpmaddwd: depthwise convolution, 32 elements at once; see `shared/dwconv.rs` for
//! the layout of weights. Weights are widened once to pairs of 16-bit numbers, for many outputs;
//! inputs of two taps are interleaved and widened. Tests: `tests/tests/simd_levels/`.

use core::arch::x86_64::*;
use core::mem::MaybeUninit;

use crate::simd::shared::dwconv::{BLOCK, Plane};
use crate::simd::shared::isa::Isa;
use crate::simd::x86_64::avx2::isa::Avx2;
use crate::simd::x86_64::avx2::registers::dw_init;
use crate::simd::x86_64::avx2::requantize::dw_store;

/// The largest number of pairs of taps: those of 7x7 windows and more.
const MAX_PAIRS: usize = 28;

/// Pairs of taps of 3x3 windows, the last one of one tap.
const PAIRS_3X3: usize = 5;

/// Elements that are computed at once.
const DW_LANES: usize = Avx2::DW_LANES;

/// Registers of sums of 32 elements, eight in each.
const REGISTERS: usize = 4;

/// Parts of a block of 64 elements.
const PARTS: usize = BLOCK / DW_LANES;

/// The weights of two taps of a block, as pairs of 16 bits.
type Weights = [[__m256i; REGISTERS]; PARTS];

/// Pairs of taps: their places and their widened weights.
struct Pairs {
    taps: [[usize; 2]; MAX_PAIRS],
    weights: [MaybeUninit<Weights>; MAX_PAIRS],
}

/// The rows of a depthwise convolution.
///
/// # Safety
/// *Enabled*.
#[target_feature(enable = "avx2,fma")]
pub(crate) unsafe fn dwconv(plane: Plane<'_>, output: &mut [i8]) {
    if !plane.fits(output.len()) {
        debug_assert!(false, "inputs, weights or multipliers are too short");
        return;
    }
    if 2 * plane.taps.len() > MAX_PAIRS {
        // SAFETY: *Enabled*.
        unsafe { plane.run::<Avx2>(output) };
        return;
    }
    let mut pairs = Pairs {
        taps: [[0; 2]; MAX_PAIRS],
        weights: [const { MaybeUninit::uninit() }; MAX_PAIRS],
    };
    // Rows may be shorter than a period.
    let used = plane.period().min(plane.row.div_ceil(BLOCK));
    for block in 0..used {
        // SAFETY: 256 weights per group; it fits; *Enabled*.
        unsafe {
            let size = 256 * plane.taps.len();
            let filter = plane.filter.as_ptr().wrapping_add(size * block);
            match pairs.prepare(plane.taps, filter) {
                PAIRS_3X3 => plane.pairs_of_block(PAIRS_3X3, &pairs, block, output),
                count => plane.pairs_of_block(count, &pairs, block, output),
            }
        }
    }
}

impl Plane<'_> {
    /// Computes the outputs of a block's weights, of `count` pairs of taps.
    ///
    /// # Safety
    /// *Enabled*. *Plane* for `output`; `block` is below [`Self::period`], and `pairs` has
    /// `count` pairs.
    #[inline(always)]
    unsafe fn pairs_of_block(&self, count: usize, pairs: &Pairs, block: usize, output: &mut [i8]) {
        let step = self.period() * BLOCK;
        let bias = self.bias.as_ptr().wrapping_add(4 * block).cast();
        let by = self.scales.channels.as_ptr().wrapping_add(4 * block);
        for (y, output) in output.chunks_exact_mut(self.row).enumerate() {
            let inputs = self.inputs.as_ptr().wrapping_add(y * self.pitch);
            for begin in (block * BLOCK..output.len()).step_by(step) {
                for part in 0..PARTS {
                    let at = begin + part * DW_LANES;
                    if at >= output.len() {
                        break;
                    }
                    // SAFETY: *Plane*: inputs and outputs are in bounds, and so are biases and
                    // multipliers; *Enabled*.
                    unsafe {
                        let from = inputs.wrapping_add(at);
                        let sums = pairs.sums(count, from, dw_init(bias, part), part);
                        let to = output.as_mut_ptr().wrapping_add(at);
                        let elements = (output.len() - at).min(DW_LANES);
                        dw_store(sums, by, part, &self.scales, to, elements);
                    }
                }
            }
        }
    }
}

impl Pairs {
    /// Fills in the pairs of these taps, with a block's weights; gives their number. Taps that fill
    /// groups up are left out: they repeat the last tap, with weights of zero.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: 256 weights for each group of taps; there are no more
    /// than [`MAX_PAIRS`] pairs.
    #[inline(always)]
    unsafe fn prepare(&mut self, taps: &[[u32; 4]], filter: *const u8) -> usize {
        let mut count = 0;
        let mut first = None;
        // SAFETY: 256 weights per group; no more pairs than there is room for; *Enabled*.
        unsafe {
            for (group, places) in taps.iter().enumerate() {
                for t in 0..places.len() {
                    if t > 0 && places[t] == places[t - 1] {
                        continue;
                    }
                    let tap = Tap {
                        place: places[t] as usize,
                        filter: filter.wrapping_add(256 * group),
                        byte: t as i32,
                    };
                    let Some(other) = first.take() else {
                        first = Some(tap);
                        continue;
                    };
                    self.set(count, [other, tap]);
                    count += 1;
                }
            }
            if let Some(last) = first {
                let no_tap = Tap {
                    byte: ZERO_BYTE,
                    ..last
                };
                self.set(count, [last, no_tap]);
                count += 1;
            }
        }
        count
    }

    /// Widens the weights of two taps.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: 256 weights of each tap.
    #[inline(always)]
    unsafe fn set(&mut self, pair: usize, taps: [Tap; 2]) {
        // SAFETY: 256 weights; *Enabled*.
        unsafe {
            self.taps[pair] = [taps[0].place, taps[1].place];
            let to = self.weights[pair].as_mut_ptr().cast::<__m256i>();
            let orders = [taps[0].order(8), taps[1].order(24)];
            for part in 0..PARTS {
                for j in 0..REGISTERS {
                    let at = 64 * j + 32 * part;
                    let low = _mm256_loadu_si256(taps[0].filter.wrapping_add(at).cast());
                    let high = _mm256_loadu_si256(taps[1].filter.wrapping_add(at).cast());
                    let low = _mm256_shuffle_epi8(low, orders[0]);
                    let both = _mm256_or_si256(low, _mm256_shuffle_epi8(high, orders[1]));
                    let to = to.wrapping_add(part * REGISTERS + j);
                    to.write(_mm256_srai_epi16::<8>(both));
                }
            }
        }
    }

    /// The sums of `DW_LANES` elements, which begin with `bias`.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: `DW_LANES` inputs behind each tap from `from` on; `count` pairs
    /// have been prepared.
    #[inline(always)]
    unsafe fn sums(
        &self,
        count: usize,
        from: *const i8,
        bias: <Avx2 as Isa>::DwSums,
        part: usize,
    ) -> <Avx2 as Isa>::DwSums {
        let mut sums = bias;
        // SAFETY: inputs are in bounds; `count` pairs are there; *Enabled*.
        unsafe {
            let zero = _mm256_setzero_si256();
            for p in 0..count {
                let weights = &(*self.weights.as_ptr().add(p).cast::<Weights>())[part];
                let [a, b] = self.taps.get_unchecked(p);
                let a = _mm256_loadu_si256(from.wrapping_add(*a).cast());
                let b = _mm256_loadu_si256(from.wrapping_add(*b).cast());
                let (low, high) = (_mm256_unpacklo_epi8(a, b), _mm256_unpackhi_epi8(a, b));
                let inputs = [
                    _mm256_unpacklo_epi8(low, zero),
                    _mm256_unpackhi_epi8(low, zero),
                    _mm256_unpacklo_epi8(high, zero),
                    _mm256_unpackhi_epi8(high, zero),
                ];
                for j in 0..REGISTERS {
                    let products = _mm256_madd_epi16(inputs[j], weights[j]);
                    sums[j] = _mm256_add_epi32(sums[j], products);
                }
            }
        }
        sums
    }
}

/// A tap of a group of four taps.
#[derive(Clone, Copy)]
struct Tap {
    place: usize,
    filter: *const u8,
    /// The number of its weight among four, or [`ZERO_BYTE`].
    byte: i32,
}

/// The number of a weight that VPSHUFB makes zero.
const ZERO_BYTE: i32 = 0x80;

impl Tap {
    /// The VPSHUFB indices that move the tap's weight of each four to the byte that begins with
    /// `bit`; the other bytes become zero.
    ///
    /// # Safety
    /// *Enabled*.
    #[inline(always)]
    unsafe fn order(self, bit: u32) -> __m256i {
        let others = 0x8080_8080 & !(0xFF_u32 << bit);
        // SAFETY: *Enabled*.
        unsafe {
            let fours = _mm256_setr_epi32(0, 4, 8, 12, 0, 4, 8, 12);
            let fours = _mm256_add_epi32(fours, _mm256_set1_epi32(self.byte));
            let fours = _mm256_sll_epi32(fours, _mm_cvtsi32_si128(bit as i32));
            _mm256_or_si256(fours, _mm256_set1_epi32(others as i32))
        }
    }
}
