//! x86_64-i16-avx512vnni, Winograd F(4x4, 3x3): see `common/winograd_f4x3.rs`. VPDPWSSD adds the products
//! of two neighbouring channels of 16 bits. Tests: `tests/tests/simd_levels/`.

#![expect(
    clippy::needless_range_loop,
    reason = "registers in arrays need constant indices; closures lose the instruction set"
)]

use core::arch::x86_64::*;

use crate::params::add::AddF32;
use crate::params::gemm_packed16::Packed16Stage;
use crate::params::layout::LANES;
use crate::simd::x86_64::avx2;
use crate::simd::x86_64::avx512::requantize::{Requantize, are_truncated, in_order};
use crate::simd::x86_64::common::winograd_f4x3::{
    ADDED, BIASES, INPUTS, Lanes, NINTH, ONE_SIDED, OUTPUT_SHIFTS, OUTPUTS, POINTS, Place, SUMS,
    Steps, TILES, TWO_SIDED, Tiled, VECTOR, lanes, transform_inputs, transform_sums,
};

lanes! {
    __m512i, _mm512_add_epi16 _mm512_sub_epi16 _mm512_slli_epi16 _mm512_add_epi32
    _mm512_sub_epi32 _mm512_slli_epi32
}

/// The steps of the algorithm with AVX-512: `RUN` input channels side by side, outputs by
/// `EPILOGUE`.
struct Avx512Tiles<const RUN: usize, const EPILOGUE: u8>;

// SAFETY: functions access only memory that is *Covered*.
impl<const RUN: usize, const EPILOGUE: u8> Steps for Avx512Tiles<RUN, EPILOGUE> {
    #[inline(always)]
    unsafe fn inputs(tiled: &Tiled<'_>, places: &[Place; TILES], to: *mut i8) {
        // SAFETY: *Enabled*, *Tiled*.
        unsafe { tiled.inputs_512::<RUN>(places, to) }
    }

    #[inline(always)]
    unsafe fn products(tiled: &Tiled<'_>, block: usize, from: *const i8, to: *mut i8) {
        // SAFETY: *Enabled*, *Tiled*.
        unsafe { tiled.products_512::<RUN>(block, from, to) }
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
        unsafe { tiled.outputs_512::<EPILOGUE>(sums, place, block, to) }
    }
}

/// All outputs of a 3x3 convolution with stride 1; false if it has to be done otherwise: outputs
/// that are not int8, sizes that are not multiples of a register.
///
/// # Safety
/// *Enabled*.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(crate) unsafe fn try_winograd<S: Packed16Stage>(
    tiled: &Tiled<'_>,
    work: &mut [i8],
    output: &mut [S::Element],
) -> bool {
    if size_of::<S::Element>() != 1 || !tiled.fits(work.len(), output.len()) {
        return false;
    }
    // SAFETY: *Tiled*: the blocks have multipliers.
    if unsafe { !are_truncated(&tiled.scales, tiled.channels / LANES) } {
        // SAFETY: *Enabled*.
        return unsafe { avx2::winograd_f4x3::try_winograd::<S>(tiled, work, output) };
    }
    const TWO: usize = 2 * LANES;
    let to = output.as_mut_ptr().cast();
    // SAFETY: *Enabled*; *Tiled*, as `fits` has said.
    unsafe {
        match (tiled.depth.is_multiple_of(TWO), tiled.epilogue()) {
            (true, ADDED) => tiled.run::<Avx512Tiles<TWO, ADDED>>(work, to),
            (true, ONE_SIDED) => tiled.run::<Avx512Tiles<TWO, ONE_SIDED>>(work, to),
            (true, _) => tiled.run::<Avx512Tiles<TWO, TWO_SIDED>>(work, to),
            (false, ADDED) => tiled.run::<Avx512Tiles<LANES, ADDED>>(work, to),
            (false, ONE_SIDED) => tiled.run::<Avx512Tiles<LANES, ONE_SIDED>>(work, to),
            (false, _) => tiled.run::<Avx512Tiles<LANES, TWO_SIDED>>(work, to),
        }
    }
    true
}

impl Tiled<'_> {
    /// Transforms the inputs to this order: point by point of a tile's first column, `RUN` channels
    /// of each tile; then the next channels; then the next columns.
    ///
    /// # Safety
    /// *Enabled*. *Tiled*; places and room are as [`Steps::inputs`] says.
    #[inline(always)]
    unsafe fn inputs_512<const RUN: usize>(&self, places: &[Place; TILES], to: *mut i8) {
        let column = self.depth / RUN * INPUTS * TILES * RUN * 2;
        let tiles = VECTOR / 2 / RUN;
        let mut to = to;
        for run in 0..self.depth / RUN {
            for t in (0..TILES).step_by(tiles) {
                let from = |t: usize| places[t].from.wrapping_add(run * RUN);
                let from = [from(t), from(t + tiles - 1)];
                let to = to.wrapping_add(t * RUN * 2);
                // SAFETY: *Enabled*, *Tiled*.
                unsafe { transform::<RUN>(from, self.pitch, self.depth, to, column) };
            }
            to = to.wrapping_add(INPUTS * TILES * RUN * 2);
        }
    }

    /// Computes a block's sums of all tiles, transformed over rows: four rows of `INPUTS` columns of
    /// each tile.
    ///
    /// # Safety
    /// *Enabled*. *Tiled*; `from` are transformed inputs and `to` has room for sums, as
    /// [`Steps::products`] says.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn products_512<const RUN: usize>(&self, block: usize, from: *const i8, to: *mut i8) {
        let size = POINTS * self.depth * 2 * LANES;
        let mut w = self.winograd_filter.as_ptr().wrapping_add(block * size);
        let mut from = from;
        // SAFETY: *Enabled*, *Tiled*: weights, transformed inputs and sums are there.
        unsafe {
            for column in 0..INPUTS {
                let mut sums = [[_mm512_setzero_si512(); INPUTS]; TILES];
                if column == 1 {
                    // What all outputs of a tile have in common, sixteen times.
                    let bias = _mm512_loadu_si512(self.bias.as_ptr().wrapping_add(block).cast());
                    let bias = _mm512_mullo_epi32(bias, _mm512_set1_epi32(BIASES));
                    for t in 0..TILES {
                        sums[t][1] = bias;
                    }
                }
                for _ in 0..self.depth / RUN {
                    for _ in 0..RUN / 2 {
                        for y in 0..INPUTS {
                            let weights = _mm512_loadu_si512(w.wrapping_add(y * VECTOR).cast());
                            for t in 0..TILES {
                                let x = from.wrapping_add((y * TILES + t) * RUN * 2);
                                let x = _mm512_set1_epi32(x.cast::<i32>().read_unaligned());
                                sums[t][y] = _mm512_dpwssd_epi32(sums[t][y], weights, x);
                            }
                        }
                        w = w.wrapping_add(INPUTS * VECTOR);
                        from = from.wrapping_add(4);
                    }
                    from = from.wrapping_add((INPUTS * TILES - 1) * RUN * 2);
                }
                for t in 0..TILES {
                    let rows = transform_sums(sums[t]);
                    for y in 0..OUTPUTS {
                        let at = t * SUMS + (y * INPUTS + column) * VECTOR;
                        _mm512_store_si512(to.wrapping_add(at).cast(), rows[y]);
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
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn outputs_512<const EPILOGUE: u8>(
        &self,
        sums: *const i8,
        place: &Place,
        block: usize,
        to: *mut i8,
    ) {
        let ([rows, columns], first) = (place.remaining, place.to + block * LANES);
        let (to, pitch) = (to.wrapping_add(first), self.size[1] * self.output_stride);
        // SAFETY: *Enabled*, *Tiled*: four rows of sums; outputs of rows and columns that there are.
        unsafe {
            let line = Line {
                by: Requantize::new(block, &self.scales),
                output_stride: self.output_stride,
                columns,
                addend: self
                    .addend
                    .map(|addend| (addend.sum, addend.other.as_ptr().wrapping_add(first))),
            };
            line.store::<0, EPILOGUE>(sums, to, 0);
            if rows > 1 {
                line.store::<1, EPILOGUE>(sums, to, pitch);
            }
            if rows > 2 {
                line.store::<2, EPILOGUE>(sums, to, 2 * pitch);
            }
            if rows > 3 {
                line.store::<3, EPILOGUE>(sums, to, 3 * pitch);
            }
        }
    }
}

/// The epilogue of a row of a tile.
struct Line {
    by: Requantize<1>,
    output_stride: usize,
    columns: usize,
    /// The fused ADD and the element that is added to the tile's first output.
    addend: Option<(AddF32, *const i8)>,
}

impl Line {
    /// Requantizes and stores row `Y`, as many columns as there are.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: a tile's sums, aligned, and the outputs of as many columns as
    /// there are.
    #[inline(always)]
    unsafe fn store<const Y: usize, const EPILOGUE: u8>(
        &self,
        sums: *const i8,
        to: *mut i8,
        at: usize,
    ) {
        let to = to.wrapping_add(at);
        // SAFETY: *Enabled*, *Covered*.
        unsafe {
            let mut row = [_mm512_setzero_si512(); INPUTS];
            for x in 0..INPUTS {
                let at = (Y * INPUTS + x) * VECTOR;
                row[x] = _mm512_load_si512(sums.wrapping_add(at).cast());
            }
            let words = transform_sums(row);
            let words = [
                divided(words[0], Y, 0),
                divided(words[1], Y, 1),
                divided(words[2], Y, 2),
                divided(words[3], Y, 3),
            ];
            let bytes = match &self.addend {
                Some((sum, other)) if EPILOGUE == ADDED => {
                    // The last column's once more where there are fewer.
                    let last = self.columns - 1;
                    let other =
                        |x: usize| other.wrapping_add(at + x.min(last) * self.output_stride);
                    let others = [other(0), other(1), other(2), other(3)];
                    self.by.added(words, others, sum)
                }
                _ if EPILOGUE == ONE_SIDED => self.by.requantize::<true>(words),
                _ => self.by.requantize::<false>(words),
            };
            let bytes = in_order(bytes);
            if self.output_stride == LANES && self.columns >= OUTPUTS {
                _mm512_storeu_si512(to.cast(), bytes);
                return;
            }
            _mm_storeu_si128(to.cast(), _mm512_castsi512_si128(bytes));
            if self.columns > 1 {
                let to = to.wrapping_add(self.output_stride);
                _mm_storeu_si128(to.cast(), _mm512_extracti32x4_epi32::<1>(bytes));
            }
            if self.columns > 2 {
                let to = to.wrapping_add(2 * self.output_stride);
                _mm_storeu_si128(to.cast(), _mm512_extracti32x4_epi32::<2>(bytes));
            }
            if self.columns > 3 {
                let to = to.wrapping_add(3 * self.output_stride);
                _mm_storeu_si128(to.cast(), _mm512_extracti32x4_epi32::<3>(bytes));
            }
        }
    }
}

/// Transforms the inputs of `RUN` channels of a tile, or of two tiles if that is half a register.
///
/// # Safety
/// *Enabled*. *Covered*: six rows of six pixels of each tile, and room for a register of
/// each point, aligned.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn transform<const RUN: usize>(
    from: [*const i8; 2],
    pitch: usize,
    pixel: usize,
    to: *mut i8,
    column: usize,
) {
    // SAFETY: *Enabled*. *Covered*: six rows of six pixels of each tile; 36 registers' bytes.
    unsafe {
        let mut lines = [[_mm512_setzero_si512(); INPUTS]; INPUTS];
        for y in 0..INPUTS {
            let mut d = [_mm512_setzero_si512(); INPUTS];
            for x in 0..INPUTS {
                let at = y * pitch + x * pixel;
                let first = from[0].wrapping_add(at);
                let bytes = if RUN == LANES {
                    let second = _mm_loadu_si128(from[1].wrapping_add(at).cast());
                    let first = _mm256_castsi128_si256(_mm_loadu_si128(first.cast()));
                    _mm256_inserti128_si256::<1>(first, second)
                } else {
                    _mm256_loadu_si256(first.cast())
                };
                d[x] = _mm512_cvtepu8_epi16(bytes);
            }
            lines[y] = transform_inputs(d);
        }
        for x in 0..INPUTS {
            let mut d = [_mm512_setzero_si512(); INPUTS];
            for y in 0..INPUTS {
                d[y] = lines[y][x];
            }
            let d = transform_inputs(d);
            let to = to.wrapping_add(x * column);
            for y in 0..INPUTS {
                let to = to.wrapping_add(y * TILES * RUN * 2);
                _mm512_store_si512(to.cast(), d[y]);
            }
        }
    }
}

/// Divides the sums of row `y` and column `x` by the rest of 576.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
unsafe fn divided(words: __m512i, y: usize, x: usize) -> __m512i {
    // SAFETY: *Enabled*.
    unsafe {
        let words = _mm512_mullo_epi32(words, _mm512_set1_epi32(NINTH));
        _mm512_srav_epi32(
            words,
            _mm512_set1_epi32(OUTPUT_SHIFTS[y] + OUTPUT_SHIFTS[x]),
        )
    }
}
