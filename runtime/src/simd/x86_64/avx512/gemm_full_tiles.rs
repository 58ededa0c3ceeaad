//! x86_64-i8-avx512vnni, MR x NR = 4x64, KC = 4 (also 8x32, 16x16 and others by the width of rows):
//! tiles of whole blocks, if truncation gives all outputs. There are no branches and no masks between a
//! tile's sums and its outputs, so that the next tile's products begin meanwhile. The last tile of
//! a row may compute pixels again. Tests: `tests/tests/simd_levels/`.

#![expect(
    clippy::needless_range_loop,
    reason = "registers in arrays need constant indices; closures lose the instruction set"
)]

use core::arch::x86_64::*;

use crate::params::add::AddF32;
use crate::params::gemm_packed16::Packed16;
use crate::params::gemm_packed16::Packed16Stage;
use crate::params::layout::LANES;
use crate::params::requant::RequantParams;
use crate::simd::shared::gemm_tile::{Strip, Tile, inputs, strip_width};
use crate::simd::shared::pixels::Pixels;
use crate::simd::x86_64::avx512::isa::Avx512;
use crate::simd::x86_64::avx512::requantize::{Requantize, are_truncated, in_order};

/// All pixels by all channels: each strip in full tiles if it can be done so, else in any tiles.
///
/// # Safety
/// *Enabled*.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(crate) unsafe fn gemm<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    let Some((tile, blocks)) = Tile::new(p, pixels, output) else {
        debug_assert!(false, "inputs, weights or outputs are too short");
        return;
    };
    let mut block = 0;
    while block < blocks {
        let width = strip_width(blocks - block);
        let strip = tile.strip(p.filter, block, width);
        // SAFETY: *Enabled*, *Tile*.
        unsafe {
            let mut ran = width == 1 && tile.try_3wide_reuse::<Avx512>(strip, output);
            if S::TO_INT8 {
                ran = ran
                    || match width {
                        4 => tile.try_full_tiles::<4>(strip, output),
                        2 => tile.try_full_tiles::<2>(strip, output),
                        _ => tile.try_full_tiles::<1>(strip, output),
                    };
            }
            match (width, pixels.raw) {
                _ if ran => {}
                (4, true) => tile.column::<Avx512, 4, 4, true>(strip, output),
                (4, false) => tile.column::<Avx512, 4, 4, false>(strip, output),
                (2, true) => tile.column::<Avx512, 8, 2, true>(strip, output),
                (2, false) => tile.column::<Avx512, 8, 2, false>(strip, output),
                (_, true) => tile.column::<Avx512, 12, 1, true>(strip, output),
                (_, false) => tile.column::<Avx512, 12, 1, false>(strip, output),
            }
        }
        block += width;
    }
}

/// All pixels by all channels, and the sums of outputs and an addend; false if not all strips can
/// be done in full tiles, so that outputs have to be stored first.
///
/// # Safety
/// *Enabled*.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(crate) unsafe fn try_gemm_added<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) -> bool {
    let Some((tile, blocks)) = Tile::new(p, pixels, output) else {
        return false;
    };
    // SAFETY: *Tile* 3.
    let truncated = |scales: &RequantParams<'_>| unsafe { are_truncated(scales, blocks) };
    let mut block = 0;
    while block < blocks {
        let width = strip_width(blocks - block);
        if tile.pixels_at_once(block, width) == 0 {
            return false;
        }
        block += width;
    }
    if tile.stage.scales().filter(truncated).is_none() {
        return false;
    }
    let mut block = 0;
    while block < blocks {
        let width = strip_width(blocks - block);
        let strip = tile.strip(p.filter, block, width);
        // SAFETY: *Enabled*, *Tile*.
        unsafe {
            match width {
                4 => tile.try_full_tiles::<4>(strip, output),
                2 => tile.try_full_tiles::<2>(strip, output),
                _ => tile.try_full_tiles::<1>(strip, output),
            };
        }
        block += width;
    }
    true
}

/// A way from sums to outputs.
trait Epilogue: Copy {
    /// 64 outputs in the order of 16-byte lanes; `places` are the indices of the first output of
    /// each vector.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: sixteen addends at each place.
    unsafe fn outputs<const N: usize>(
        self,
        by: &Requantize<N>,
        words: [__m512i; 4],
        places: [usize; 4],
    ) -> __m512i;
}

/// Outputs alone; `ONE_SIDED` says that the smallest output is the zero point.
#[derive(Clone, Copy)]
struct Stored<const ONE_SIDED: bool>;

impl<const ONE_SIDED: bool> Epilogue for Stored<ONE_SIDED> {
    #[inline(always)]
    unsafe fn outputs<const N: usize>(
        self,
        by: &Requantize<N>,
        words: [__m512i; 4],
        _: [usize; 4],
    ) -> __m512i {
        // SAFETY: *Enabled*, *Covered*.
        unsafe { by.requantize::<ONE_SIDED>(words) }
    }
}

/// Outputs added to the elements of another tensor in the same places.
#[derive(Clone, Copy)]
struct AddedTo(AddF32, *const i8);

impl Epilogue for AddedTo {
    #[inline(always)]
    unsafe fn outputs<const N: usize>(
        self,
        by: &Requantize<N>,
        words: [__m512i; 4],
        places: [usize; 4],
    ) -> __m512i {
        let others = places.map(|place| self.1.wrapping_add(place));
        // SAFETY: *Enabled*, *Covered*; addends are as large as outputs.
        unsafe { by.added(words, others, &self.0) }
    }
}

impl<S: Packed16Stage> Tile<'_, S> {
    /// All pixels by a strip of `N` blocks; false if outputs are not int8, if truncation does not give
    /// them, or if too many pixels would be computed twice.
    ///
    /// # Safety
    /// *Enabled*. The strip has `N` blocks.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn try_full_tiles<const N: usize>(
        &self,
        strip: Strip,
        output: &mut [S::Element],
    ) -> bool {
        let Some(scales) = self.stage.scales() else {
            return false;
        };
        let at_once = self.pixels_at_once(strip.block(), N);
        let to = output.as_mut_ptr().cast::<i8>();
        let to = to.wrapping_add(strip.block() * LANES);
        // SAFETY: *Enabled*, *Tile*, *Int8*.
        unsafe {
            let Some(by) = Requantize::<N>::of(strip.block(), &scales) else {
                return false;
            };
            match (N, self.pixels.raw, at_once) {
                (4, true, 4) => self.full_tiles::<4, N, true>(strip, by, to),
                (2, true, 8) => self.full_tiles::<8, N, true>(strip, by, to),
                (4, false, 3) => self.full_tiles::<3, N, false>(strip, by, to),
                (4, false, 4) => self.full_tiles::<4, N, false>(strip, by, to),
                (4, false, 5) => self.full_tiles::<5, N, false>(strip, by, to),
                (4, false, 6) => self.full_tiles::<6, N, false>(strip, by, to),
                (2, false, 4) => self.full_tiles::<4, N, false>(strip, by, to),
                (2, false, 8) => self.full_tiles::<8, N, false>(strip, by, to),
                (1, false, 8) => self.full_tiles::<8, N, false>(strip, by, to),
                (1, false, 16) => self.full_tiles::<16, N, false>(strip, by, to),
                _ => return false,
            }
        }
        true
    }

    /// The number of pixels at once that leaves few pixels of a row to be computed twice; 0 if none
    /// does.
    #[inline(always)]
    fn pixels_at_once(&self, block: usize, blocks: usize) -> usize {
        let Pixels { width, raw, .. } = *self.pixels;
        let rows_are_whole = self.count.is_multiple_of(width);
        if !rows_are_whole || (block + blocks) * LANES > self.channels {
            return 0;
        }
        let excess = |m: usize| width.next_multiple_of(m) - width;
        let fits = |m: &usize| width >= *m && 8 * excess(*m) <= width;
        let even = |m: &usize| excess(*m) == 0;
        let at_once = match (blocks, raw) {
            (4, true) => [4].into_iter().find(fits),
            (2, true) => [8].into_iter().find(fits),
            (4, false) => {
                let even = [4, 5, 3].into_iter().find(even);
                even.or_else(|| [4, 6].into_iter().find(fits))
            }
            (2, false) => [8, 4].into_iter().find(fits),
            (1, false) => [16, 8].into_iter().find(fits),
            _ => None,
        };
        at_once.unwrap_or(0)
    }

    /// All pixels by a strip, `M` pixels at once; `M` times `N` is a multiple of four.
    ///
    /// # Safety
    /// *Enabled*. The strip has `N` blocks, whole ones, and rows have at least `M` pixels;
    /// `to` are its first outputs. *Int8*.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn full_tiles<const M: usize, const N: usize, const RAW: bool>(
        &self,
        strip: Strip,
        by: Requantize<N>,
        to: *mut i8,
    ) {
        // SAFETY: *Enabled*, *Int8*.
        unsafe {
            if S::ADDS {
                let Some(addend) = self.stage.addend() else {
                    debug_assert!(false, "a stage that adds has an addend");
                    return;
                };
                let other = addend.other.as_ptr().wrapping_add(strip.block() * LANES);
                let epilogue = AddedTo(addend.sum, other);
                self.microkernel::<M, N, RAW, _>(strip, by, epilogue, to);
            } else if by.is_one_sided() {
                self.microkernel::<M, N, RAW, _>(strip, by, Stored::<true>, to);
            } else {
                self.microkernel::<M, N, RAW, _>(strip, by, Stored::<false>, to);
            }
        }
    }

    // A function of its own has all registers.
    /// All pixels by a strip, `M` pixels of a row at once; outputs as `epilogue` says.
    ///
    /// # Safety
    /// *Enabled*. The strip has `N` blocks, whole ones, and rows have at least `M` pixels;
    /// `to` are its first outputs. *Int8*.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn microkernel<const M: usize, const N: usize, const RAW: bool, H: Epilogue>(
        &self,
        strip: Strip,
        by: Requantize<N>,
        epilogue: H,
        to: *mut i8,
    ) {
        let Pixels {
            segments,
            groups,
            width,
            input_stride,
            pitch,
            ..
        } = *self.pixels;
        let bias = self.bias_of(strip);
        for y in 0..self.count / width {
            let row = self.pixels.bytes.as_ptr().wrapping_add(y * pitch);
            let mut x = 0;
            while x < width {
                let at = x.min(width - M);
                let from = row.wrapping_add(at * input_stride);
                // SAFETY: *Enabled*, *Tile*: `groups` groups follow each segment of each pixel,
                // and as many weights in each block; `M` pixels and `N` blocks have outputs.
                unsafe {
                    let mut sums = [[_mm512_setzero_si512(); M]; N];
                    for n in 0..N {
                        sums[n] = [_mm512_loadu_si512(bias.wrapping_add(n * LANES).cast()); M];
                    }
                    let mut w = strip.weights();
                    for &segment in segments {
                        // Few addresses: every fourth pixel's.
                        let mut fours = [from.wrapping_add(segment as usize); M];
                        for m in (4..M).step_by(4) {
                            fours[m] = fours[m - 4].wrapping_add(4 * input_stride);
                        }
                        for group in 0..groups {
                            let mut weights = [_mm512_setzero_si512(); N];
                            for n in 0..N {
                                weights[n] = _mm512_loadu_si512(w.wrapping_add(n * 64).cast());
                            }
                            for m in 0..M {
                                let x =
                                    fours[m / 4 * 4].wrapping_add(4 * group + m % 4 * input_stride);
                                let x = inputs::<Avx512, RAW>(x);
                                for n in 0..N {
                                    sums[n][m] = _mm512_dpbusd_epi32(sums[n][m], x, weights[n]);
                                }
                            }
                            w = w.wrapping_add(N * 64);
                        }
                    }
                    let begin = (y * width + at) * self.output_stride;
                    // No loop: sums stay in registers only where their places are constants.
                    let quads = M * N / 4;
                    unrolled!(quad in quads of 0 1 2 3 4 5 => {
                        let k = 4 * quad;
                        let word = |k: usize| sums[k % N][k / N];
                        let words = [word(k), word(k + 1), word(k + 2), word(k + 3)];
                        let place = |k: usize| begin + k / N * self.output_stride + k % N * LANES;
                        let places = [place(k), place(k + 1), place(k + 2), place(k + 3)];
                        let bytes = epilogue.outputs(&by, words, places);
                        self.store_tile::<N>(in_order(bytes), to.wrapping_add(places[0]));
                    });
                }
                x += M;
            }
        }
    }

    /// Stores 64 outputs: all blocks of a pixel, then those of the next pixel.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: the outputs of `N` blocks of as many pixels as that takes.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn store_tile<const N: usize>(&self, bytes: __m512i, to: *mut i8) {
        let step = self.output_stride;
        // SAFETY: *Enabled*, *Covered*.
        unsafe {
            if N == 4 || N * LANES == step {
                _mm512_storeu_si512(to.cast(), bytes);
            } else if N == 2 {
                _mm256_storeu_si256(to.cast(), _mm512_castsi512_si256(bytes));
                let second = _mm512_extracti64x4_epi64::<1>(bytes);
                _mm256_storeu_si256(to.wrapping_add(step).cast(), second);
            } else {
                let parts = [
                    _mm512_castsi512_si128(bytes),
                    _mm512_extracti32x4_epi32::<1>(bytes),
                    _mm512_extracti32x4_epi32::<2>(bytes),
                    _mm512_extracti32x4_epi32::<3>(bytes),
                ];
                for i in 0..4 {
                    _mm_storeu_si128(to.wrapping_add(i * step).cast(), parts[i]);
                }
            }
        }
    }
}
