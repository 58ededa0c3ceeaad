//! x86_64-i16-avx2-vpmaddwd, MR x NR = 1x32, KC = 4: one pixel by all channels. Inputs are widened
//! once, weights as they come. Tests: `tests/tests/simd_levels/`.

#![expect(
    clippy::needless_range_loop,
    reason = "registers in arrays need constant indices; closures lose the instruction set"
)]

use core::arch::x86_64::*;
use core::mem::MaybeUninit;

use crate::params::gemm_packed16::Packed16;
use crate::params::gemm_packed16::Packed16Stage;
use crate::params::layout::LANES;
use crate::params::layout::XOR128;
use crate::simd::shared::gemm;
use crate::simd::shared::gemm_tile::{Strip, Tile, strip_width};
use crate::simd::shared::isa::Isa;
use crate::simd::shared::pixels::Pixels;
use crate::simd::x86_64::avx2::isa::Avx2;

/// The largest number of inputs; longer rows take the shared loop.
const MAX_INPUTS: usize = 4096;

/// Room for the inputs as numbers of 16 bits.
type Row = [MaybeUninit<i16>; MAX_INPUTS];

/// One pixel with inputs side by side, by all channels.
///
/// # Safety
/// *Enabled*.
#[target_feature(enable = "avx2,fma")]
pub(crate) unsafe fn gemv<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    // SAFETY: *Enabled*.
    unsafe {
        if pixels.groups * 4 > MAX_INPUTS || pixels.bytes.len() < pixels.groups * 4 {
            gemm::gemv::<Avx2, S>(p, pixels, output);
            return;
        }
        let Some((tile, count)) = Tile::new(p, pixels, output) else {
            debug_assert!(false, "inputs, weights or outputs are too short");
            return;
        };
        let mut row = [const { MaybeUninit::uninit() }; MAX_INPUTS];
        widen(&pixels.bytes[..pixels.groups * 4], pixels.raw, &mut row);
        let mut block = 0;
        while block < count {
            let width = strip_width(count - block);
            let strip = tile.strip(p.filter, block, width);
            if width == 1 {
                blocks::<S, 1>(&tile, strip, &row, output);
            } else {
                for n in (0..width).step_by(2) {
                    blocks::<S, 2>(&tile, strip.part(n), &row, output);
                }
            }
            block += width;
        }
    }
}

/// Widens inputs to 16 bits, XORed with 0x80 first if they are `raw`.
///
/// # Safety
/// *Enabled*. `row` has room for the bytes.
#[inline(always)]
unsafe fn widen(bytes: &[i8], raw: bool, row: &mut Row) {
    let xor128 = if raw { XOR128 } else { 0 };
    let (whole, rest) = bytes.as_chunks::<LANES>();
    let (to, to_rest) = row.split_at_mut(whole.len() * LANES);
    for (from, to) in whole.iter().zip(to.chunks_exact_mut(LANES)) {
        // SAFETY: sixteen of each; *Enabled*.
        unsafe {
            let x = _mm_xor_si128(_mm_loadu_si128(from.as_ptr().cast()), _mm_set1_epi8(xor128));
            _mm256_storeu_si256(to.as_mut_ptr().cast(), _mm256_cvtepu8_epi16(x));
        }
    }
    for (&from, to) in rest.iter().zip(to_rest) {
        to.write(i16::from((from ^ xor128) as u8));
    }
}

/// Computes the outputs of `N` blocks; gives `N`.
///
/// # Safety
/// *Enabled*. *Tile*, for a strip of `N` blocks; `row` holds all groups of inputs.
#[inline(always)]
unsafe fn blocks<S: Packed16Stage, const N: usize>(
    tile: &Tile<'_, S>,
    strip: Strip,
    row: &Row,
    output: &mut [S::Element],
) -> usize {
    // SAFETY: weights, inputs and biases are there; *Enabled*.
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
            sums[n] = [Avx2::add(words, Avx2::init_bias(bias))];
        }
        tile.finish::<Avx2, 1, N>(sums, 0, strip.block(), output);
    }
    N
}
