//! Tiles of whole blocks with AVX-512, if truncation gives all outputs: no tests and no
//! masks between a tile's sums and its outputs, so that the next tile's products begin
//! meanwhile. The last tile may compute pixels that were there before.

// Arrays of registers stay in registers if indices are constants.
#![expect(clippy::needless_range_loop)]

use core::arch::x86_64::*;

use super::avx512::Avx512;
use super::avx512_requantize::{Requantize, in_order};
use super::gemm::Pixels;
use super::isa::{BlockStage, LANES};
use super::tile::{Strip, Tile, inputs};

impl<S: BlockStage> Tile<'_, S> {
    /// All pixels by `N` blocks; false if it has to be done otherwise.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    pub(super) unsafe fn whole_is_done<const N: usize>(
        &self,
        strip: Strip,
        output: &mut [S::Element],
    ) -> bool {
        let Some(scales) = self.stage.scales() else {
            return false;
        };
        let to = output.as_mut_ptr().cast::<i8>();
        let to = to.wrapping_add(strip.block() * LANES);
        // SAFETY: pixels, blocks and outputs exist; a stage with scales has int8 outputs.
        unsafe {
            let Some(by) = Requantize::<N>::of(strip.block(), &scales) else {
                return false;
            };
            let Pixels { width, raw, .. } = *self.pixels;
            let rows_are_whole = self.count.is_multiple_of(width);
            if !rows_are_whole || (strip.block() + N) * LANES > self.channels {
                return false;
            }
            // As many pixels at once as leave few to be computed twice.
            let excess = |m: usize| width.next_multiple_of(m) - width;
            let fits = |m: usize| width >= m && 8 * excess(m) <= width;
            match N {
                4 if raw && fits(4) => self.whole::<4, N, true>(strip, by, to),
                2 if raw && fits(8) => self.whole::<8, N, true>(strip, by, to),
                _ if raw => return false,
                4 if excess(4) == 0 => self.whole::<4, N, false>(strip, by, to),
                4 if excess(5) == 0 => self.whole::<5, N, false>(strip, by, to),
                4 if excess(3) == 0 => self.whole::<3, N, false>(strip, by, to),
                4 if fits(4) => self.whole::<4, N, false>(strip, by, to),
                4 if fits(6) => self.whole::<6, N, false>(strip, by, to),
                2 if fits(8) => self.whole::<8, N, false>(strip, by, to),
                2 if fits(4) => self.whole::<4, N, false>(strip, by, to),
                1 if fits(16) => self.whole::<16, N, false>(strip, by, to),
                1 if fits(8) => self.whole::<8, N, false>(strip, by, to),
                _ => return false,
            }
        }
        true
    }

    /// `M` pixels at once; `M` times `N` is a multiple of four.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn whole<const M: usize, const N: usize, const RAW: bool>(
        &self,
        strip: Strip,
        by: Requantize<N>,
        to: *mut i8,
    ) {
        // SAFETY: the caller's promises.
        unsafe {
            if by.is_one_sided() {
                self.rows_of::<M, N, RAW, true>(strip, by, to);
            } else {
                self.rows_of::<M, N, RAW, false>(strip, by, to);
            }
        }
    }

    // A function of its own has all registers.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn rows_of<const M: usize, const N: usize, const RAW: bool, const ONE_SIDED: bool>(
        &self,
        strip: Strip,
        by: Requantize<N>,
        to: *mut i8,
    ) {
        let Pixels {
            segments,
            groups,
            width,
            step,
            pitch,
            ..
        } = *self.pixels;
        let bias = self.bias_of(strip);
        for y in 0..self.count / width {
            let row = self.pixels.bytes.as_ptr().wrapping_add(y * pitch);
            let mut x = 0;
            while x < width {
                let at = x.min(width - M);
                let from = row.wrapping_add(at * step);
                // SAFETY: `groups` groups lie behind each segment of each pixel, and as many
                // weights in each block; outputs of `M` pixels and `N` blocks are there.
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
                            fours[m] = fours[m - 4].wrapping_add(4 * step);
                        }
                        for group in 0..groups {
                            let mut weights = [_mm512_setzero_si512(); N];
                            for n in 0..N {
                                weights[n] = _mm512_loadu_si512(w.wrapping_add(n * 64).cast());
                            }
                            for m in 0..M {
                                let x = fours[m / 4 * 4].wrapping_add(4 * group + m % 4 * step);
                                let x = inputs::<Avx512, RAW>(x);
                                for n in 0..N {
                                    sums[n][m] = _mm512_dpbusd_epi32(sums[n][m], x, weights[n]);
                                }
                            }
                            w = w.wrapping_add(N * 64);
                        }
                    }
                    let to = to.wrapping_add((y * width + at) * self.channels);
                    for quad in 0..M * N / 4 {
                        let k = 4 * quad;
                        let word = |k: usize| sums[k % N][k / N];
                        let words = [word(k), word(k + 1), word(k + 2), word(k + 3)];
                        let bytes = by.requantize::<ONE_SIDED>(words);
                        self.put::<N>(in_order(bytes), to.wrapping_add(k / N * self.channels));
                    }
                }
                x += M;
            }
        }
    }

    /// Stores 64 outputs: all of a pixel's blocks, then the next one's.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn put<const N: usize>(&self, bytes: __m512i, to: *mut i8) {
        let step = self.channels;
        // SAFETY: the caller's promise.
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
