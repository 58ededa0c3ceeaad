//! x86_64-i16-avx2-vpmaddwd, Winograd F(4x4, 3x3): see `common/winograd_f4x3.rs`. VPMADDWD
//! multiplies two neighbouring channels by their weights and adds both products. Tests:
//! `tests/tests/simd_levels/`.

#![expect(
    clippy::needless_range_loop,
    reason = "registers in arrays need constant indices; closures lose the instruction set"
)]

use core::arch::x86_64::*;

use crate::params::gemm_packed16::Packed16Stage;
use crate::params::layout::LANES;
use crate::simd::x86_64::avx2::registers::{products, store_one};
use crate::simd::x86_64::avx2::requantize::outputs;
use crate::simd::x86_64::common::winograd_f4x3::{
    BIASES, INPUTS, Lanes, NINTH, OUTPUT_SHIFTS, OUTPUTS, POINTS, Place, SUMS, Steps, TILES, Tiled,
    VECTOR, lanes, transform_inputs, transform_sums,
};

lanes! {
    __m256i, _mm256_add_epi16 _mm256_sub_epi16 _mm256_slli_epi16 _mm256_add_epi32
    _mm256_sub_epi32 _mm256_slli_epi32
}

/// The steps of the algorithm with AVX2.
struct Avx2Tiles;

// SAFETY: functions access only memory that is *Covered*.
impl Steps for Avx2Tiles {
    #[inline(always)]
    unsafe fn inputs(tiled: &Tiled<'_>, places: &[Place; TILES], to: *mut i8) {
        for (t, place) in places.iter().enumerate() {
            for c in (0..tiled.depth).step_by(LANES) {
                let from = place.from.wrapping_add(c);
                let to = to.wrapping_add((t * tiled.depth + c) * 2);
                // SAFETY: *Enabled*, *Tiled*.
                unsafe { transform(from, tiled.pitch, tiled.depth, to) };
            }
        }
    }

    #[inline(always)]
    unsafe fn products(tiled: &Tiled<'_>, block: usize, from: *const i8, to: *mut i8) {
        // SAFETY: *Enabled*, *Tiled*.
        unsafe { tiled.products_256(block, from, to) }
    }

    #[inline(always)]
    unsafe fn outputs(
        tiled: &Tiled<'_>,
        sums: *const i8,
        place: &Place,
        block: usize,
        to: *mut i8,
    ) {
        // SAFETY: *Enabled*, *Tiled*.
        unsafe { tiled.outputs_256(sums, place, block, to) }
    }
}

/// All outputs of a 3x3 convolution with stride 1; false if it has to be done otherwise: outputs
/// that are not int8, an addend, sizes that are not multiples of a register.
///
/// # Safety
/// *Enabled*.
#[target_feature(enable = "avx2,fma")]
pub(crate) unsafe fn try_winograd<S: Packed16Stage>(
    tiled: &Tiled<'_>,
    work: &mut [i8],
    output: &mut [S::Element],
) -> bool {
    let is_plain = size_of::<S::Element>() == 1 && tiled.addend.is_none();
    if !is_plain || !tiled.fits(work.len(), output.len()) {
        return false;
    }
    let to = output.as_mut_ptr().cast();
    // SAFETY: *Enabled*; *Tiled*, as `fits` has said.
    unsafe { tiled.run::<Avx2Tiles>(work, to) };
    true
}

impl Tiled<'_> {
    /// Computes a block's sums of all tiles, transformed over rows: four rows of `INPUTS` columns of
    /// each tile.
    ///
    /// # Safety
    /// *Enabled*. *Tiled*; `from` are transformed inputs and `to` has room for sums, as
    /// [`Steps::products`] says.
    #[inline(never)]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn products_256(&self, block: usize, from: *const i8, to: *mut i8) {
        let size = POINTS * self.depth * 2 * LANES;
        let weights = self.winograd_filter.as_ptr().wrapping_add(block * size);
        let bias = self.bias.as_ptr().wrapping_add(block).cast::<__m256i>();
        let (column_size, tile_size) = (size / INPUTS, self.depth * 2);
        let mut from = from;
        // SAFETY: *Enabled*, *Tiled*: weights, biases, transformed inputs and sums are there.
        unsafe {
            for column in 0..INPUTS {
                let weights = weights.wrapping_add(column * column_size);
                let mut lines = [[[_mm256_setzero_si256(); 2]; TILES]; INPUTS];
                for y in 0..INPUTS {
                    let mut sums = [[_mm256_setzero_si256(); 2]; TILES];
                    if (y, column) == (1, 1) {
                        for half in 0..2 {
                            let bias = _mm256_loadu_si256(bias.wrapping_add(half));
                            let bias = _mm256_mullo_epi32(bias, _mm256_set1_epi32(BIASES));
                            for t in 0..TILES {
                                sums[t][half] = bias;
                            }
                        }
                    }
                    let mut w = weights.wrapping_add(y * VECTOR).cast::<__m256i>();
                    for pair in 0..self.depth / 2 {
                        let both = [_mm256_loadu_si256(w), _mm256_loadu_si256(w.wrapping_add(1))];
                        for t in 0..TILES {
                            let x = from.wrapping_add(t * tile_size + 4 * pair);
                            let x = _mm256_set1_epi32(x.cast::<i32>().read_unaligned());
                            let [low, high] = products(x, both);
                            sums[t][0] = _mm256_add_epi32(sums[t][0], low);
                            sums[t][1] = _mm256_add_epi32(sums[t][1], high);
                        }
                        w = w.wrapping_add(2 * INPUTS);
                    }
                    lines[y] = sums;
                    from = from.wrapping_add(TILES * tile_size);
                }
                for t in 0..TILES {
                    for half in 0..2 {
                        let line = |y: usize| lines[y][t][half];
                        let line = [line(0), line(1), line(2), line(3), line(4), line(5)];
                        let rows = transform_sums(line);
                        for y in 0..OUTPUTS {
                            let at = t * SUMS + (y * INPUTS + column) * VECTOR + 32 * half;
                            _mm256_store_si256(to.wrapping_add(at).cast(), rows[y]);
                        }
                    }
                }
            }
        }
    }

    /// Stores the outputs of a tile and a block; `sums` are their sums.
    ///
    /// # Safety
    /// *Enabled*. *Tiled*; `sums` are a tile's, as [`Steps::outputs`] says.
    #[inline(never)]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn outputs_256(&self, sums: *const i8, place: &Place, block: usize, to: *mut i8) {
        let ([rows, columns], first) = (place.remaining, place.to + block * LANES);
        let (to, pitch) = (to.wrapping_add(first), self.size[1] * self.output_stride);
        let by = [self.scales.of(block); OUTPUTS];
        // SAFETY: *Enabled*, *Tiled*: four rows of sums; outputs of rows and columns that there are.
        unsafe {
            unrolled!(y in rows of 0 1 2 3 => {
                let to = to.wrapping_add(y * pitch);
                let sums = sums.wrapping_add(y * INPUTS * VECTOR);
                let [low, high] = [row(sums, y), row(sums.wrapping_add(32), y)];
                let words = [
                    [low[0], high[0]],
                    [low[1], high[1]],
                    [low[2], high[2]],
                    [low[3], high[3]],
                ];
                let bytes = outputs(words, by, &self.scales);
                unrolled!(x in columns of 0 1 2 3 => {
                    store_one(bytes[x], to.wrapping_add(x * self.output_stride), LANES);
                });
            });
        }
    }
}

/// Four outputs of a row of a tile, of eight channels, as sums that are not requantized.
///
/// # Safety
/// *Enabled*. *Covered*: a row of sums, aligned.
#[inline(always)]
unsafe fn row(sums: *const i8, y: usize) -> [__m256i; OUTPUTS] {
    // SAFETY: *Enabled*, *Covered*.
    unsafe {
        let mut row = [_mm256_setzero_si256(); INPUTS];
        for x in 0..INPUTS {
            row[x] = _mm256_load_si256(sums.wrapping_add(x * VECTOR).cast());
        }
        let mut words = transform_sums(row);
        for x in 0..OUTPUTS {
            let whole = _mm256_mullo_epi32(words[x], _mm256_set1_epi32(NINTH));
            words[x] = _mm256_srav_epi32(
                whole,
                _mm256_set1_epi32(OUTPUT_SHIFTS[y] + OUTPUT_SHIFTS[x]),
            );
        }
        words
    }
}

/// Transforms the inputs of sixteen channels of a tile to points, column by column.
///
/// # Safety
/// *Enabled*. *Covered*: six rows of six pixels of sixteen channels, and room for a
/// register of each point, aligned.
#[inline(never)]
#[target_feature(enable = "avx2,fma")]
unsafe fn transform(from: *const i8, pitch: usize, depth: usize, to: *mut i8) {
    // SAFETY: *Enabled*. *Covered*: six rows of six pixels; a register of each point.
    unsafe {
        let mut lines = [[_mm256_setzero_si256(); INPUTS]; INPUTS];
        for y in 0..INPUTS {
            let mut d = [_mm256_setzero_si256(); INPUTS];
            for x in 0..INPUTS {
                let pixel = from.wrapping_add(y * pitch + x * depth);
                d[x] = _mm256_cvtepu8_epi16(_mm_loadu_si128(pixel.cast()));
            }
            lines[y] = transform_inputs(d);
        }
        for x in 0..INPUTS {
            let line = |y: usize| lines[y][x];
            let d = transform_inputs([line(0), line(1), line(2), line(3), line(4), line(5)]);
            for y in 0..INPUTS {
                let point = to.wrapping_add((x * INPUTS + y) * TILES * depth * 2);
                _mm256_store_si256(point.cast(), d[y]);
            }
        }
    }
}
