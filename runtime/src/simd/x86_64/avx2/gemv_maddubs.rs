//! x86_64-i8-avx2-vpmaddubsw, MR x NR = 1x64, KC = 4: one row by all channels. VPMADDUBSW adds the
//! products of two neighbouring inputs and saturates the sum to 16 bits. The compiler lists the
//! pairs of weights that this can happen with (`saturating`: channel and first input of each); for
//! these pairs `sum - clamp(sum)` is added. Tests: `tests/tests/simd_levels/`.

#![expect(
    clippy::needless_range_loop,
    reason = "registers in arrays need constant indices; closures lose the instruction set"
)]

use core::arch::x86_64::*;

use crate::params::gemm_packed16::Packed16;
use crate::params::gemm_packed16::Packed16Stage;
use crate::params::layout::LANES;
use crate::params::layout::xor128;
use crate::simd::shared::gemm_tile::{Strip, Tile, strip_width};
use crate::simd::shared::isa::Isa;
use crate::simd::shared::pixels::Pixels;
use crate::simd::x86_64::avx2::isa::Avx2;
use crate::simd::x86_64::avx2::registers::Words;

/// Most inputs that may be as in a tensor: there is room to XOR this number of them.
const MAX_INPUTS: usize = 256;

/// Bytes of the weights of sixteen channels for four inputs.
const BLOCK: usize = 4 * LANES;

/// One row by all channels; false if there are several rows, or if it is too long.
///
/// # Safety
/// *Enabled*.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) unsafe fn try_gemv_maddubs<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    saturating: &[[u16; 2]],
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) -> bool {
    let depth = pixels.groups * 4;
    let has_room = depth <= MAX_INPUTS || !pixels.raw;
    let fits = has_room && pixels.bytes.len() >= depth && pixels.is_single();
    let Some((tile, blocks)) = Tile::new(p, pixels, output).filter(|_| fits) else {
        return false;
    };
    let (input, mut unsigned) = (&pixels.bytes[..depth], [0; MAX_INPUTS]);
    let row = if pixels.raw {
        xor128(input, &mut unsigned);
        &unsigned[..depth]
    } else {
        input
    };
    let mut layer = Layer {
        tile: &tile,
        row,
        saturating,
    };
    // SAFETY: *Enabled*, *Tile*.
    unsafe {
        let mut block = 0;
        while block < blocks {
            let width = strip_width(blocks - block);
            let strip = tile.strip(p.filter, block, width);
            match width {
                4 => layer.strip::<4>(strip, output),
                2 => layer.strip::<2>(strip, output),
                _ => layer.strip::<1>(strip, output),
            }
            block += width;
        }
    }
    true
}

/// A layer of one row, and its next strip.
struct Layer<'a, S: Packed16Stage> {
    tile: &'a Tile<'a, S>,
    /// The inputs, XORed with 0x80.
    row: &'a [i8],
    /// The saturating pairs of this strip and those behind it: channels and first inputs.
    saturating: &'a [[u16; 2]],
}

impl<S: Packed16Stage> Layer<'_, S> {
    /// Computes the outputs of a strip.
    ///
    /// # Safety
    /// *Enabled*. *Tile*, for a strip of `N` blocks and the row's groups.
    #[inline(always)]
    unsafe fn strip<const N: usize>(&mut self, strip: Strip, output: &mut [S::Element]) {
        // SAFETY: *Enabled*, *Tile*.
        unsafe {
            let missing = self.missing::<N>(strip);
            let mut sums = self.products::<N>(strip);
            if let Some(missing) = missing {
                for n in 0..N {
                    sums[n] = [Avx2::add(sums[n][0], Avx2::init_bias(missing[n].as_ptr()))];
                }
            }
            self.tile
                .finish::<Avx2, 1, N>(sums, 0, strip.block(), output);
        }
    }

    /// The sums of a strip, with saturated pairs.
    ///
    /// # Safety
    /// *Enabled*. *Tile*, for a strip of `N` blocks and the row's groups.
    #[inline(always)]
    unsafe fn products<const N: usize>(&self, strip: Strip) -> [[Words; 1]; N] {
        let (mut x, mut w) = (self.row.as_ptr(), strip.weights());
        // SAFETY: *Enabled*; *Tile* 2 and 3.
        unsafe {
            let ones = _mm256_set1_epi16(1);
            let mut sums = [[Avx2::zero()]; N];
            for n in 0..N {
                sums[n] = [Avx2::init_bias(self.tile.bias_of(strip.part(n)))];
            }
            for _ in 0..self.row.len() / 4 {
                let four = _mm256_set1_epi32(x.cast::<i32>().read_unaligned());
                for n in 0..N {
                    for i in 0..2 {
                        let weights = w.wrapping_add(BLOCK * n + 32 * i);
                        let weights = _mm256_loadu_si256(weights.cast());
                        let pairs = _mm256_maddubs_epi16(four, weights);
                        let products = _mm256_madd_epi16(pairs, ones);
                        sums[n][0][i] = _mm256_add_epi32(sums[n][0][i], products);
                    }
                }
                x = x.wrapping_add(4);
                w = w.wrapping_add(N * BLOCK);
            }
            sums
        }
    }

    /// The differences that saturation makes to a strip's sums; none if it has no such pairs.
    ///
    /// # Safety
    /// *Tile*, for a strip of `N` blocks and the row's groups.
    #[inline(always)]
    unsafe fn missing<const N: usize>(&mut self, strip: Strip) -> Option<[[i32; LANES]; N]> {
        let begin = strip.block() * LANES;
        let is_inner = |&[channel, _]: &[u16; 2]| usize::from(channel) < begin + N * LANES;
        let of_strip = self
            .saturating
            .iter()
            .take_while(|pair| is_inner(pair))
            .count();
        let (of_strip, of_later_strips) = self.saturating.split_at(of_strip);
        self.saturating = of_later_strips;
        if of_strip.is_empty() {
            return None;
        }
        let mut missing = [[0; LANES]; N];
        for &[channel, first] in of_strip {
            let (channel, first) = (usize::from(channel), usize::from(first));
            let at = channel.wrapping_sub(begin);
            let place = missing.as_flattened_mut().get_mut(at);
            let inputs = self.row.get(first..first + 2);
            if let (Some(place), Some(inputs)) = (place, inputs) {
                let group = strip.part(at / LANES).group(first / 4);
                let weights = group.wrapping_add(at % LANES * 4 + (first & 2));
                // SAFETY: *Tile* 2: there are weights of all inputs and channels.
                let weights = unsafe { weights.cast::<[i8; 2]>().read_unaligned() };
                let product = |i: usize| i32::from(inputs[i] as u8) * i32::from(weights[i]);
                let sum = product(0) + product(1);
                *place += sum - sum.clamp(i16::MIN.into(), i16::MAX.into());
            }
        }
        Some(missing)
    }
}
