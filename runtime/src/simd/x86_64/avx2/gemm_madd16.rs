//! x86_64-i16-avx2-vpmaddwd, MR x NR = 6x16, KC = 2: windows over an image. Rows of inputs are
//! widened to 16 bits once for all the windows that see them, weights once for all windows. VPMADDWD
//! multiplies two neighbouring inputs by their weights and adds both products. Tests: `tests/tests/simd_levels/`.
//!
//! # Weights of 16 bits
//! For each block of sixteen channels, and each pair of inputs `k` of each run (an odd run's last
//! pair has a weight of zero), 64 bytes:
//!
//! ```text
//! | c0: w[k] w[k+1] | c1: w[k] w[k+1] | .. c7 || c8 | .. c15 |     i16 each; two registers
//! ```

use core::arch::x86_64::*;
use core::mem::MaybeUninit;

use crate::params::gemm_packed16::Packed16;
use crate::params::gemm_packed16::Packed16Stage;
use crate::params::layout::LANES;
use crate::params::layout::XOR128;
use crate::params::requant::{RequantPanel, RequantParams};
use crate::simd::shared::gemm;
use crate::simd::shared::gemm_tile::Tile;
use crate::simd::shared::isa::Isa;
use crate::simd::shared::pixels::Pixels;
use crate::simd::x86_64::avx2::gemm_madd16_asm::{SegmentPairs, sums};
use crate::simd::x86_64::avx2::isa::Avx2;
use crate::simd::x86_64::avx2::registers::store_one;
use crate::simd::x86_64::avx2::requantize::{nearest, outputs};
use crate::simd::x86_64::common::strip::strip_containing;

/// Pairs of weights that [`Scratch`] has room for, of sixteen channels each.
const PAIRS: usize = 576;

/// Inputs that [`Scratch`] has room for: with the weights, no more than a cache holds.
const INPUTS: usize = 6144;

/// Bytes of a pair of weights of sixteen channels.
const PAIR_BYTES: usize = 4 * LANES;

/// The windows of a range are a multiple of this number, but for the last range of a row.
const WINDOW_MULTIPLE: usize = 12;

/// Inputs of 16 bits in a register.
const REGISTER_INPUTS: usize = 16;

/// How sums become int8: f32 truncation when only sums >= 0 matter, truncation for both signs, or
/// the general method.
const ONE_SIDED: u8 = 0;
const TWO_SIDED: u8 = 1;
const ANY: u8 = 2;

/// Weights and inputs that are widened to 16 bits.
struct Scratch {
    weights: [MaybeUninit<[__m256i; 2]>; PAIRS],
    inputs: [MaybeUninit<[i16; REGISTER_INPUTS]>; INPUTS / REGISTER_INPUTS],
    /// The multipliers of eight channels twice, if a pixel has eight outputs.
    eight_channels_twice: Option<RequantPanel>,
}

/// The sizes of widened weights and inputs.
#[derive(Clone, Copy)]
struct Sizes {
    /// Pairs of inputs of a run.
    run: usize,
    /// Pairs of inputs of all runs of a window.
    window: usize,
    /// Windows of a range.
    columns: usize,
    /// Inputs that the windows of a range see in one segment, whole registers.
    line: usize,
}

impl Sizes {
    /// The sizes for windows over an image; none if there is not enough room for one of them.
    #[inline(always)]
    fn of(pixels: &Pixels<'_>) -> Option<Self> {
        let (width, step) = (pixels.width, pixels.input_stride);
        let run = pixels.run.div_ceil(2);
        let window = run * pixels.segments.len();
        let room = INPUTS / pixels.segments.len() / REGISTER_INPUTS * REGISTER_INPUTS;
        let most = room.checked_sub(2 * run)? / step.max(1) + 1;
        let most = if most > WINDOW_MULTIPLE {
            most / WINDOW_MULTIPLE * WINDOW_MULTIPLE
        } else {
            most
        };
        let ranges = width.div_ceil(most.max(1));
        let columns = width.div_ceil(ranges).next_multiple_of(WINDOW_MULTIPLE);
        let columns = columns.min(most).min(width);
        let line = ((columns - 1) * step + 2 * run).next_multiple_of(REGISTER_INPUTS);
        let fits = columns > 0 && window <= PAIRS && pixels.count.is_multiple_of(width);
        fits.then_some(Self {
            run,
            window,
            columns,
            line,
        })
    }
}

/// Neighbouring windows of a row: row `y`, columns `x` to `x + count - 1`.
#[derive(Clone, Copy)]
struct WindowRange {
    y: usize,
    x: usize,
    count: usize,
}

/// The number of a block and its widened weights, which need not be aligned.
#[derive(Clone, Copy)]
struct Block {
    number: usize,
    weights: *const [__m256i; 2],
}

impl WindowRange {
    /// The number of windows at once that takes the fewest instructions.
    #[inline(always)]
    fn at_once(self, sizes: Sizes) -> usize {
        let mut least = (usize::MAX, 0);
        for m in [6, 5, 4, 2, 1] {
            // Requantization handles four windows at once; the cost counts whole fours.
            let one = sizes.window * (5 * m + 5) + m.div_ceil(4) * 40 + 40;
            let all = self.count.div_ceil(m) * one;
            if m <= self.count && all < least.0 {
                least = (all, m);
            }
        }
        least.1
    }
}

/// All pixels by all channels.
///
/// # Safety
/// *Enabled*.
#[target_feature(enable = "avx2,fma")]
pub(crate) unsafe fn gemm<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    let Some((tile, blocks)) = Tile::new(p, pixels, output) else {
        debug_assert!(false, "inputs, weights or outputs are too short");
        return;
    };
    let Some(sizes) = Sizes::of(pixels) else {
        // SAFETY: *Enabled*.
        unsafe { gemm::gemm::<Avx2, S, 4>(p, pixels, output) };
        return;
    };
    let tile = &tile;
    let mut scratch = Scratch {
        weights: [const { MaybeUninit::uninit() }; PAIRS],
        inputs: [const { MaybeUninit::uninit() }; INPUTS / REGISTER_INPUTS],
        eight_channels_twice: tile.eight_channels_twice(),
    };
    let has_filter_i16 = p.filter_i16.len() >= blocks * sizes.window * PAIR_BYTES;
    let at_once = if has_filter_i16 {
        blocks
    } else {
        PAIRS / sizes.window
    };
    let width = tile.pixels.width;
    for first in (0..blocks).step_by(at_once) {
        let end = blocks.min(first + at_once);
        // SAFETY: *Enabled*, *Tile*; there is room for the weights of as many blocks, and for rows.
        unsafe {
            if !has_filter_i16 {
                for block in first..end {
                    scratch.widen_weights(tile, sizes, p.filter, [block, blocks, block - first]);
                }
            }
            for y in 0..tile.count / width {
                for x in (0..width).step_by(sizes.columns) {
                    let count = sizes.columns.min(width - x);
                    let windows = WindowRange { y, x, count };
                    scratch.widen_inputs(tile.pixels, sizes, windows);
                    let weights = if has_filter_i16 {
                        p.filter_i16.as_ptr().cast()
                    } else {
                        scratch.weights.as_ptr().cast::<[__m256i; 2]>()
                    };
                    for block in first..end {
                        let at = Block {
                            number: block,
                            weights: weights.wrapping_add((block - first) * sizes.window),
                        };
                        if tile.channels <= block * LANES + LANES / 2 {
                            if count < 8 {
                                scratch.row_of_windows::<S, 1, 1, ANY>(
                                    tile, sizes, windows, at, output,
                                );
                            } else {
                                scratch.row_of_windows::<S, 8, 1, ANY>(
                                    tile, sizes, windows, at, output,
                                );
                            }
                        } else {
                            match windows.at_once(sizes) {
                                6 => scratch
                                    .block_by_epilogue::<S, 6>(tile, sizes, windows, at, output),
                                5 => scratch
                                    .block_by_epilogue::<S, 5>(tile, sizes, windows, at, output),
                                4 => scratch
                                    .block_by_epilogue::<S, 4>(tile, sizes, windows, at, output),
                                2 => scratch.row_of_windows::<S, 2, 2, ANY>(
                                    tile, sizes, windows, at, output,
                                ),
                                _ => scratch.row_of_windows::<S, 1, 2, ANY>(
                                    tile, sizes, windows, at, output,
                                ),
                            }
                        }
                    }
                }
            }
        }
    }
}

impl Scratch {
    /// Widens the weights of a block and keeps them as those with number `n`.
    ///
    /// # Safety
    /// *Enabled*. *Tile*; `block` is one of its blocks, and there is room for the weights
    /// of `n` more.
    #[inline(always)]
    unsafe fn widen_weights<S: Packed16Stage>(
        &mut self,
        tile: &Tile<'_, S>,
        sizes: Sizes,
        filter: &[u8],
        [block, blocks, n]: [usize; 3],
    ) {
        let (begin, width) = strip_containing(block, blocks);
        // SAFETY: *Enabled*; *Tile* 2.
        unsafe {
            let strip = tile.strip(filter, begin, width).part(block - begin);
            // Shuffle: put two of each four weights into the high bytes of 16-bit lanes, zeros into
            // the low bytes.
            let first = _mm256_setr_epi64x(
                0x0580_0480_0180_0080,
                0x0D80_0C80_0980_0880_u64 as i64,
                0x0580_0480_0180_0080,
                0x0D80_0C80_0980_0880_u64 as i64,
            );
            let second = _mm256_add_epi16(first, _mm256_set1_epi16(0x0200));
            let groups = tile.pixels.groups;
            for segment in 0..tile.pixels.segments.len() {
                let to = &raw mut self.weights[n * sizes.window + segment * sizes.run];
                let to = to.cast::<[__m256i; 2]>();
                for group in 0..groups {
                    let from = strip.group(segment * groups + group).cast::<__m256i>();
                    let low = _mm256_loadu_si256(from);
                    let high = _mm256_loadu_si256(from.wrapping_add(1));
                    let to = to.wrapping_add(2 * group);
                    to.write([widened(low, first), widened(high, first)]);
                    if 2 * group + 1 < sizes.run {
                        let to = to.wrapping_add(1);
                        to.write([widened(low, second), widened(high, second)]);
                    }
                }
            }
        }
    }

    /// Widens the inputs that the windows of a range see.
    ///
    /// # Safety
    /// *Enabled*. *Tile*; the windows are some of it, and `sizes` are those of its pixels.
    #[inline(always)]
    unsafe fn widen_inputs(&mut self, pixels: &Pixels<'_>, sizes: Sizes, windows: WindowRange) {
        let to = self.inputs.as_mut_ptr().cast::<i16>();
        // SAFETY: all ranges but the last are in the image; *Enabled*.
        unsafe {
            let xor128 = _mm_set1_epi8(if pixels.raw { XOR128 } else { 0 });
            let first = windows.y * pixels.pitch + windows.x * pixels.input_stride;
            for s in 0..pixels.segments.len() {
                let begin = first + *pixels.segments.get_unchecked(s) as usize;
                let to = to.wrapping_add(s * sizes.line);
                for at in (0..sizes.line).step_by(REGISTER_INPUTS) {
                    let bytes = _mm_xor_si128(load(pixels.bytes, begin + at), xor128);
                    let wide = _mm256_cvtepu8_epi16(bytes);
                    _mm256_storeu_si256(to.wrapping_add(at).cast(), wide);
                }
            }
        }
    }

    /// The outputs of a range of windows, `M` at once, and of a block of more than eight channels.
    ///
    /// # Safety
    /// *Enabled*. *Tile*; the windows have been widened, and `block` is one of its
    /// blocks with widened weights.
    #[inline(always)]
    unsafe fn block_by_epilogue<S: Packed16Stage, const M: usize>(
        &self,
        tile: &Tile<'_, S>,
        sizes: Sizes,
        windows: WindowRange,
        block: Block,
        output: &mut [S::Element],
    ) {
        // SAFETY: *Enabled*, *Tile*.
        unsafe {
            if !S::TO_INT8 {
                self.row_of_windows::<S, M, 2, ANY>(tile, sizes, windows, block, output);
                return;
            }
            match tile.epilogue(block.number) {
                ONE_SIDED => {
                    self.row_of_windows::<S, M, 2, ONE_SIDED>(tile, sizes, windows, block, output)
                }
                TWO_SIDED => {
                    self.row_of_windows::<S, M, 2, TWO_SIDED>(tile, sizes, windows, block, output)
                }
                _ => self.row_of_windows::<S, M, 2, ANY>(tile, sizes, windows, block, output),
            }
        }
    }

    /// The outputs of a range of at least `M` windows, `M` at once, and of a block with `N` times
    /// eight channels.
    ///
    /// # Safety
    /// *Enabled*. *Tile*; the windows, at least `M`, have been widened, and `block`
    /// is one of its blocks with widened weights.
    // A function of its own has all registers.
    #[inline(never)]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn row_of_windows<
        S: Packed16Stage,
        const M: usize,
        const N: usize,
        const EPILOGUE: u8,
    >(
        &self,
        tile: &Tile<'_, S>,
        sizes: Sizes,
        windows: WindowRange,
        block: Block,
        output: &mut [S::Element],
    ) {
        let Block {
            number: block,
            weights,
        } = block;
        let runs = SegmentPairs {
            count: tile.pixels.segments.len(),
            pairs: sizes.run,
            line: sizes.line,
            input_stride: tile.pixels.input_stride,
        };
        let mut x = 0;
        while x < windows.count {
            // The last tile starts earlier so that it is whole: it may recompute some windows.
            let at = x.min(windows.count - M);
            let from = self
                .inputs
                .as_ptr()
                .cast::<i16>()
                .wrapping_add(at * runs.input_stride);
            // SAFETY: *Enabled*, *Tile*; windows and weights have been widened.
            unsafe {
                let bias = tile.bias_of_block(block);
                let sums = sums::<M, N>(weights, from, bias, runs);
                let first = windows.y * tile.pixels.width + windows.x + at;
                if !S::TO_INT8 {
                    tile.finish::<Avx2, M, 1>([sums], first, block, output);
                } else {
                    match (&self.eight_channels_twice, tile.stage.scales()) {
                        (_, Some(scales)) if EPILOGUE == ONE_SIDED => {
                            tile.finish_nearest::<M, true>(sums, &scales, first, block, output);
                        }
                        (_, Some(scales)) if EPILOGUE == TWO_SIDED => {
                            tile.finish_nearest::<M, false>(sums, &scales, first, block, output);
                        }
                        (Some(by), _) if M == 8 && N == 1 => {
                            tile.finish_eight_channels(&sums, by, first, output)
                        }
                        _ => tile.finish::<Avx2, M, 1>([sums], first, block, output),
                    }
                }
            }
            x += M;
        }
    }
}

impl<S: Packed16Stage> Tile<'_, S> {
    /// The multipliers of eight channels twice, if a pixel has no more outputs.
    #[inline(always)]
    fn eight_channels_twice(&self) -> Option<RequantPanel> {
        let has_eight_channels = self.channels == LANES / 2 && self.output_stride == LANES / 2;
        let scales = self.stage.scales().filter(|_| has_eight_channels)?;
        scales.channels.first().map(RequantPanel::first_half_twice)
    }

    /// How sums of a block become outputs.
    #[inline(always)]
    fn epilogue(&self, block: usize) -> u8 {
        let is_whole = self.channels >= (block + 1) * LANES;
        // SAFETY: *Tile* 3.
        let is_nearest = |scales: &RequantParams<'_>| unsafe { (*scales.of(block)).is_nearest };
        match self.stage.scales().filter(is_nearest) {
            Some(scales) if is_whole && scales.are_one_sided() => ONE_SIDED,
            Some(_) if is_whole => TWO_SIDED,
            _ => ANY,
        }
    }

    /// The outputs of `M` windows and a whole block, by truncation.
    ///
    /// # Safety
    /// *Enabled*. *Tile*; `M` pixels from `first` on, and a whole block. *Int8*.
    #[inline(always)]
    unsafe fn finish_nearest<const M: usize, const IS_ONE_SIDED: bool>(
        &self,
        sums: [<Avx2 as Isa>::Sums; M],
        scales: &RequantParams<'_>,
        first: usize,
        block: usize,
        output: &mut [S::Element],
    ) {
        let to = output.as_mut_ptr().cast::<i8>();
        let to = to.wrapping_add(first * self.output_stride + block * LANES);
        let by = scales.of(block);
        // SAFETY: the windows' outputs are there, which are int8; *Enabled*, *Tile*,
        // *Int8*.
        unsafe {
            unrolled!(pair in (M.div_ceil(2)) of 0 1 2 => {
                let (a, b) = (2 * pair, (2 * pair + 1).min(M - 1));
                let bytes = nearest::<IS_ONE_SIDED>([sums[a], sums[b]], by, scales);
                store_one(bytes[0], to.wrapping_add(a * self.output_stride), LANES);
                store_one(bytes[1], to.wrapping_add(b * self.output_stride), LANES);
            });
        }
    }

    /// The outputs of eight windows of eight channels; `by` has their multipliers twice.
    ///
    /// # Safety
    /// *Enabled*. *Tile*; eight pixels from `first` on, of eight channels. *Int8*.
    #[inline(always)]
    unsafe fn finish_eight_channels(
        &self,
        sums: &[<Avx2 as Isa>::Sums],
        by: &RequantPanel,
        first: usize,
        output: &mut [S::Element],
    ) {
        let (Some(scales), &[a, b, c, d, e, f, g, h]) = (self.stage.scales(), sums) else {
            debug_assert!(false, "no eight windows, or outputs that are not int8");
            return;
        };
        let words = [[a[0], b[0]], [c[0], d[0]], [e[0], f[0]], [g[0], h[0]]];
        let by = [&raw const *by; 4];
        // SAFETY: there are 64 outputs from there on, which are int8; *Enabled*, *Tile*,
        // *Int8*.
        unsafe {
            let bytes = outputs(words, by, &scales);
            let to = output.as_mut_ptr().cast::<i8>();
            Avx2::store(bytes, to.wrapping_add(first * self.output_stride));
        }
    }
}

/// Bytes in this order, the upper ones of 16 bits, with their signs.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
unsafe fn widened(bytes: __m256i, order: __m256i) -> __m256i {
    // SAFETY: *Enabled*.
    unsafe { _mm256_srai_epi16::<8>(_mm256_shuffle_epi8(bytes, order)) }
}

/// 16 bytes, fewer where there are no more.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
unsafe fn load(bytes: &[i8], at: usize) -> __m128i {
    // SAFETY: as many bytes as there are; *Enabled*.
    unsafe {
        let from = bytes.as_ptr().wrapping_add(at);
        if at + REGISTER_INPUTS <= bytes.len() {
            return _mm_loadu_si128(from.cast());
        }
        let mut all = [0_i8; REGISTER_INPUTS];
        core::ptr::copy_nonoverlapping(from, all.as_mut_ptr(), bytes.len().saturating_sub(at));
        _mm_loadu_si128(all.as_ptr().cast())
    }
}
