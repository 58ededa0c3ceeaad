//! One pixel by channels with AVX2. Weights are widened as they come, inputs once.

// Arrays of registers stay in registers if indices are constants.
#![expect(clippy::needless_range_loop)]

use core::arch::x86_64::*;
use core::mem::MaybeUninit;

use super::SHIFT;
use super::avx2::Avx2;
use super::gemm::{self, Pixels, strip as side_by_side};
use super::isa::{BlockStage, Isa, LANES};
use super::narrow::block_bytes;
use super::tile::{Strip, Tile};
use crate::ops::Blocks;

/// Inputs that there is room for.
const MOST: usize = 4096;

/// Inputs as 16-bit numbers.
type Row = [MaybeUninit<i16>; MOST];

/// One pixel, whose inputs lie side by side, by all channels.
#[inline(always)]
pub(super) unsafe fn single<S: BlockStage>(
    p: &Blocks<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    // SAFETY: the caller's promises.
    unsafe {
        if pixels.groups * 4 > MOST || pixels.bytes.len() < pixels.groups * 4 {
            gemm::single::<Avx2, S>(p, pixels, output);
            return;
        }
        let Some((tile, blocks)) = Tile::new(p, pixels, output) else {
            return;
        };
        let mut row = [const { MaybeUninit::uninit() }; MOST];
        widen(&pixels.bytes[..pixels.groups * 4], pixels.raw, &mut row);
        let mut block = 0;
        while block < blocks {
            let width = side_by_side(blocks - block);
            let strip = tile.strip(p.filter, block, width);
            if width == 1 {
                one::<S, 1>(&tile, strip, &row, output);
            } else {
                for n in (0..width).step_by(2) {
                    one::<S, 2>(&tile, strip.part(n), &row, output);
                }
            }
            block += width;
        }
    }
}

/// The same of a row that is not raw, with `narrow` weights of some blocks: see `narrow.rs`.
/// Weights that such say are small are multiplied as bytes.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn single_narrow<S: BlockStage>(
    p: &Blocks<'_, S>,
    narrow: &[u8],
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) -> bool {
    let groups = pixels.groups;
    let fits = groups * 4 <= MOST && pixels.bytes.len() >= groups * 4 && !pixels.raw;
    let Some((tile, blocks)) = Tile::new(p, pixels, output).filter(|_| fits) else {
        return false;
    };
    let (size, strips) = (block_bytes(groups), blocks / 4);
    let count = (narrow.len() / size).min(blocks);
    if !blocks.is_multiple_of(4) || count == 0 {
        return false;
    }
    let mut row = [const { MaybeUninit::uninit() }; MOST];
    // SAFETY: inputs, weights and narrow weights of the blocks are there; the features are
    // enabled.
    unsafe {
        widen(&pixels.bytes[..groups * 4], false, &mut row);
        let mut before = 0;
        for k in 0..strips {
            let strip = tile.strip(p.filter, 4 * k, 4);
            let end = (count * (k + 1)).div_ceil(strips);
            let offsets = narrow.as_ptr().wrapping_add(before * size);
            let mut small = 0;
            while small < end - before && are_small(offsets.wrapping_add(small * 64)) {
                small += 1;
            }
            before = end;
            let mut n = 0;
            while n < 4 {
                let part = strip.part(n);
                n += match (small.saturating_sub(n), n % 2) {
                    (2.., _) => bytes::<S, 2>(&tile, part, output),
                    (1, _) => bytes::<S, 1>(&tile, part, output),
                    (_, 0) => one::<S, 2>(&tile, part, &row, output),
                    _ => one::<S, 1>(&tile, part, &row, output),
                };
            }
        }
    }
    true
}

/// True if no weight's magnitude of sixteen channels is more than 64: those of narrow weights are
/// less than 32 more than these offsets, and at most as much less.
#[inline(always)]
unsafe fn are_small(offsets: *const u8) -> bool {
    // SAFETY: there are sixteen words.
    let offsets = unsafe { offsets.cast::<[i32; LANES]>().read_unaligned() };
    offsets.iter().all(|offset| (-32..=32).contains(offset))
}

/// The outputs of `N` blocks; gives `N`. The magnitudes of their weights are at most 64: two
/// products of these and unsigned bytes fit 16 bits.
#[inline(always)]
unsafe fn bytes<S: BlockStage, const N: usize>(
    tile: &Tile<'_, S>,
    strip: Strip,
    output: &mut [S::Element],
) -> usize {
    // SAFETY: weights, inputs and biases are there; AVX2 is enabled.
    unsafe {
        let ones = _mm256_set1_epi16(1);
        let mut sums = [[Avx2::zero()]; N];
        for n in 0..N {
            sums[n] = [Avx2::begin(tile.bias_of(strip.part(n)))];
        }
        let mut x = tile.pixels.bytes.as_ptr();
        for group in 0..tile.pixels.groups {
            let w = strip.group(group);
            let four = _mm256_set1_epi32(x.cast::<i32>().read_unaligned());
            for n in 0..N {
                for i in 0..2 {
                    let weights = _mm256_loadu_si256(w.wrapping_add(64 * n + 32 * i).cast());
                    let pairs = _mm256_maddubs_epi16(four, weights);
                    let products = _mm256_madd_epi16(pairs, ones);
                    sums[n][0][i] = _mm256_add_epi32(sums[n][0][i], products);
                }
            }
            x = x.wrapping_add(4);
        }
        tile.finish::<Avx2, 1, N>(sums, 0, strip.block(), output);
    }
    N
}

/// Inputs plus 128.
#[inline(always)]
unsafe fn widen(bytes: &[i8], raw: bool, row: &mut Row) {
    let shift = if raw { SHIFT } else { 0 };
    let (whole, rest) = bytes.as_chunks::<LANES>();
    let (to, to_rest) = row.split_at_mut(whole.len() * LANES);
    for (from, to) in whole.iter().zip(to.chunks_exact_mut(LANES)) {
        // SAFETY: sixteen of each; AVX2 is enabled.
        unsafe {
            let x = _mm_xor_si128(_mm_loadu_si128(from.as_ptr().cast()), _mm_set1_epi8(shift));
            _mm256_storeu_si256(to.as_mut_ptr().cast(), _mm256_cvtepu8_epi16(x));
        }
    }
    for (&from, to) in rest.iter().zip(to_rest) {
        to.write(i16::from((from ^ shift) as u8));
    }
}

/// The outputs of `N` blocks; gives `N`.
#[inline(always)]
unsafe fn one<S: BlockStage, const N: usize>(
    tile: &Tile<'_, S>,
    strip: Strip,
    row: &Row,
    output: &mut [S::Element],
) -> usize {
    // SAFETY: weights, inputs and biases are there; AVX2 is enabled.
    unsafe {
        // Four channels each, two halves of a sum per channel.
        let mut halves = [[_mm256_setzero_si256(); 4]; N];
        let mut x = row.as_ptr();
        for group in 0..tile.pixels.groups {
            let w = strip.group(group);
            let four = _mm256_set1_epi64x(x.cast::<i64>().read_unaligned());
            for n in 0..N {
                for i in 0..4 {
                    let weights = _mm_loadu_si128(w.wrapping_add(64 * n + 16 * i).cast());
                    let products = _mm256_madd_epi16(_mm256_cvtepi8_epi16(weights), four);
                    halves[n][i] = _mm256_add_epi32(halves[n][i], products);
                }
            }
            x = x.wrapping_add(4);
        }
        let mut sums = [[Avx2::zero()]; N];
        for n in 0..N {
            // Halves are added within lanes: 0 1 4 5 | 2 3 6 7.
            let low = _mm256_hadd_epi32(halves[n][0], halves[n][1]);
            let high = _mm256_hadd_epi32(halves[n][2], halves[n][3]);
            let words = [
                _mm256_permute4x64_epi64(low, 0b11_01_10_00),
                _mm256_permute4x64_epi64(high, 0b11_01_10_00),
            ];
            let bias = tile.bias_of(strip.part(n));
            sums[n] = [Avx2::add(words, Avx2::begin(bias))];
        }
        tile.finish::<Avx2, 1, N>(sums, 0, strip.block(), output);
    }
    N
}
