//! x86_64-i8-avx512vbmi, MR x NR = 32x8, KC = 4: windows over images with few channels (a first layer),
//! to eight output channels. A register has sixteen neighbouring pixels, one channel after the other
//! is computed. Byte permutations (VPERMI2B) take the inputs of a group of four weights out of a row
//! for all of these pixels. If a row has `4 * n + 1` inputs, the last input of each row goes into one
//! group that rows share. Tests: `tests/tests/simd_levels/`.

#![expect(
    clippy::needless_range_loop,
    reason = "registers in arrays need constant indices; closures lose the instruction set"
)]

use core::arch::x86_64::*;

use crate::params::gemm_packed16::Packed16;
use crate::params::gemm_packed16::Packed16Stage;
use crate::params::layout::LANES;
use crate::params::requant::{RequantPanel, RequantParams};
use crate::simd::shared::gemm_tile::{Strip, Tile};
use crate::simd::shared::pixels::Pixels;
use crate::simd::x86_64::avx512::gemm_full_tiles;
use crate::simd::x86_64::avx512::requantize::{Factors, OutputRange, is_truncated};

/// Number of pixels in a register.
const PIXELS: usize = 16;

/// Registers of pixels that are computed at once.
const SETS: usize = 2;

/// The largest number of groups of four weights.
const GROUPS: usize = 24;

/// Number of output channels: eight.
const CHANNELS: usize = 8;

/// The layout of windows in memory.
#[derive(Clone, Copy)]
struct ConvN8<'a> {
    pixels: &'a Pixels<'a>,
    rows: usize,
    /// Groups of each row, without the group that rows share.
    by_row: usize,
    /// True if there is a group that rows share: the last byte of each row.
    shares: bool,
    /// Number of all groups of weights.
    count: usize,
    /// Bytes from the first to the last input of sixteen pixels in a row of the window.
    cover: usize,
}

/// All pixels by all channels: by this kernel where it can, else in full tiles.
///
/// # Safety
/// *Enabled* (VBMI, too).
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi")]
pub(crate) unsafe fn gemm<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    // SAFETY: *Enabled*.
    unsafe {
        let mut ran = false;
        if S::TO_INT8 {
            ran = try_conv_n8(p, pixels, output);
        }
        if !ran {
            gemm_full_tiles::gemm(p, pixels, output);
        }
    }
}

/// All pixels by eight channels; false if there are more or conver, or if windows do not fit the
/// registers.
///
/// # Safety
/// *Enabled* (VBMI, too).
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi")]
unsafe fn try_conv_n8<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) -> bool {
    let Some((tile, _)) = Tile::new(p, pixels, output) else {
        return false;
    };
    let (Some(scales), Some(conv)) = (tile.stage.scales(), ConvN8::of(pixels)) else {
        return false;
    };
    // SAFETY: *Tile* 3.
    let truncated = unsafe { is_truncated(scales.of(0)) };
    if !truncated || [p.channels, tile.output_stride] != [CHANNELS; 2] {
        return false;
    }
    let to = output.as_mut_ptr().cast();
    // SAFETY: *Enabled*, *Tile*, *Int8*.
    unsafe {
        match (conv.is_colour(), scales.are_one_sided()) {
            (true, true) => conv.run::<S, true, true>(p, &tile, &scales, to),
            (true, false) => conv.run::<S, true, false>(p, &tile, &scales, to),
            (false, true) => conv.run::<S, false, true>(p, &tile, &scales, to),
            (false, false) => conv.run::<S, false, false>(p, &tile, &scales, to),
        }
    }
    true
}

impl<'a> ConvN8<'a> {
    /// The layout of these windows; none if they do not fit the registers.
    fn of(pixels: &'a Pixels<'a>) -> Option<Self> {
        let Pixels {
            segments,
            run,
            input_stride,
            width,
            ..
        } = *pixels;
        let rows = segments.len();
        let shares = run % 4 == 1 && (2..=4).contains(&rows);
        let by_row = if shares { run / 4 } else { run.div_ceil(4) };
        let count = by_row * rows + usize::from(shares);
        let cover = (PIXELS - 1) * input_stride + run;
        let fits = !pixels.raw
            && count <= GROUPS
            && cover <= 128
            && width >= PIXELS
            && pixels.count.is_multiple_of(width)
            && (PIXELS - 1) * input_stride + pixels.rest >= cover.max(64);
        fits.then_some(Self {
            pixels,
            rows,
            by_row,
            shares,
            count,
            cover,
        })
    }

    /// True for windows of 3x3 pixels of three channels: where these numbers are constants, inputs
    /// stay in registers.
    fn is_colour(&self) -> bool {
        (self.rows, self.by_row, self.shares) == (3, 2, true)
    }

    // A function of its own has all registers.
    /// Computes all pixels, two registers at once.
    ///
    /// # Safety
    /// *Enabled* (VBMI, too). *Tile*, of one block, as [`ConvN8::of`] wants it; `to` are its
    /// outputs. *Int8*.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi")]
    unsafe fn run<S: Packed16Stage, const COLOUR: bool, const ONE_SIDED: bool>(
        &self,
        p: &Packed16<'_, S>,
        tile: &Tile<'_, S>,
        scales: &RequantParams<'_>,
        to: *mut i8,
    ) {
        let Pixels {
            bytes,
            width,
            pitch,
            input_stride,
            ..
        } = *self.pixels;
        let conv = if COLOUR {
            let (rows, by_row, shares, count) = (3, 2, true, 7);
            Self {
                rows,
                by_row,
                shares,
                count,
                ..*self
            }
        } else {
            *self
        };
        // SAFETY: *Enabled*, *Tile*, *Int8*.
        unsafe {
            let mut weights = [[0_i32; LANES]; GROUPS];
            self.weights(tile.strip(p.filter, 0, 1), weights.as_mut_ptr());
            let (bias, by, range) = (
                p.bias.as_ptr().cast(),
                scales.of(0),
                OutputRange::of(scales),
            );
            let indices = self.indices();
            let sets = width.div_ceil(PIXELS);
            let all = self.pixels.count / width * sets;
            let mut inputs = [[_mm512_setzero_si512(); SETS]; GROUPS];
            let (mut y, mut x) = (0, 0);
            let mut set = 0;
            while set < all {
                let mut places = [to; SETS];
                for s in 0..SETS {
                    let at = (x * PIXELS).min(width - PIXELS);
                    let from = bytes.as_ptr().wrapping_add(y * pitch + at * input_stride);
                    conv.inputs(from, &indices, s, &mut inputs);
                    places[s] = to.wrapping_add((y * width + at) * CHANNELS);
                    // The last one twice, if it is alone.
                    if set + s + 1 < all {
                        x += 1;
                        if x == sets {
                            (y, x) = (y + 1, 0);
                        }
                    }
                }
                let sums = conv.sums(weights.as_ptr(), &inputs, bias);
                let bytes = finish::<ONE_SIDED>(&sums, by, range);
                for s in 0..SETS {
                    let ([a, b], to) = (bytes[s], places[s]);
                    _mm512_storeu_si512(to.cast(), _mm512_unpacklo_epi32(a, b));
                    let next = to.wrapping_add(PIXELS / 2 * CHANNELS);
                    _mm512_storeu_si512(next.cast(), _mm512_unpackhi_epi32(a, b));
                }
                set += SETS;
            }
        }
    }

    /// Copies a block's weights, four of each channel in a word, with the group that rows share.
    ///
    /// # Safety
    /// *Enabled*. *Tile*; *Covered*: room for all groups.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi")]
    unsafe fn weights(&self, strip: Strip, to: *mut [i32; LANES]) {
        let rows = self.rows;
        // SAFETY: *Enabled*; *Tile* 2; there is room for all groups.
        unsafe {
            let mut to = to;
            for row in 0..rows {
                for group in 0..self.by_row {
                    let from = strip.group(row * self.pixels.groups + group);
                    _mm512_storeu_si512(to.cast(), _mm512_loadu_si512(from.cast()));
                    to = to.wrapping_add(1);
                }
            }
            if self.shares {
                let mut words = _mm512_setzero_si512();
                for row in (0..rows).rev() {
                    let from = strip.group(row * self.pixels.groups + self.by_row);
                    let last = _mm512_loadu_si512(from.cast());
                    words = _mm512_or_si512(_mm512_slli_epi32::<8>(words), last);
                }
                _mm512_storeu_si512(to.cast(), words);
            }
        }
    }

    /// Indices of the inputs of sixteen pixels among the bytes of two registers; the second
    /// register ends with the last input of the pixels. There are indices for each group of a row,
    /// and for the shared group.
    ///
    /// # Safety
    /// *Enabled* (VBMI, too), where the caller is not such a function.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi")]
    fn indices(&self) -> [__m512i; GROUPS] {
        // Pixels such that outputs come in order.
        let order = _mm512_setr_epi32(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
        let run = self.pixels.run;
        let bytes = _mm512_set1_epi32((self.pixels.input_stride * 0x0101_0101) as i32);
        let begin = _mm512_mullo_epi32(order, bytes);
        let mut all = [_mm512_setzero_si512(); GROUPS];
        for i in 0..=self.by_row.min(GROUPS - 1) {
            let step = usize::from(i < self.by_row);
            let byte = |k: usize| (4 * i + k * step).min(run - 1);
            let four = byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24;
            let at = _mm512_add_epi8(begin, _mm512_set1_epi32(four as i32));
            let beyond = _mm512_cmpge_epu8_mask(at, _mm512_set1_epi8(64));
            let second = _mm512_set1_epi8((128 - self.cover.max(64)) as i8);
            all[i] = _mm512_mask_add_epi8(at, beyond, at, second);
        }
        all
    }

    /// Loads the inputs of sixteen pixels, group by group.
    ///
    /// # Safety
    /// *Enabled* (VBMI, too). *Covered*: the cover of sixteen pixels behind each segment,
    /// and at least 64 bytes; `indices` and `to` have all groups.
    #[inline(always)]
    unsafe fn inputs(
        &self,
        from: *const i8,
        indices: &[__m512i; GROUPS],
        set: usize,
        to: &mut [[__m512i; SETS]; GROUPS],
    ) {
        let end = self.cover.max(64) - 64;
        let mut at = 0;
        // SAFETY: *Enabled*.
        let mut shared = unsafe { _mm512_setzero_si512() };
        let mut byte = 0x1111_1111_1111_1111;
        for row in 0..self.rows {
            // SAFETY: *Enabled*. *Covered*: a register and the cover where runs begin, and room
            // for all groups.
            unsafe {
                let segment = *self.pixels.segments.get_unchecked(row);
                let from = from.wrapping_add(segment as usize);
                let a = _mm512_loadu_si512(from.cast());
                let b = _mm512_loadu_si512(from.wrapping_add(end).cast());
                for group in 0..self.by_row {
                    let index = *indices.get_unchecked(group);
                    to.get_unchecked_mut(at)[set] = _mm512_permutex2var_epi8(a, index, b);
                    at += 1;
                }
                if self.shares {
                    let index = *indices.get_unchecked(self.by_row);
                    let last = _mm512_maskz_permutex2var_epi8(byte, a, index, b);
                    shared = _mm512_or_si512(shared, last);
                    byte <<= 1;
                }
            }
        }
        if self.shares {
            // SAFETY: as above.
            unsafe { to.get_unchecked_mut(at)[set] = shared };
        }
    }

    /// The sums of all channels, of `SETS` registers of pixels.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: weights of all groups, and eight biases.
    #[inline(always)]
    unsafe fn sums(
        &self,
        weights: *const [i32; LANES],
        inputs: &[[__m512i; SETS]; GROUPS],
        bias: *const i32,
    ) -> [[__m512i; SETS]; CHANNELS] {
        // SAFETY: *Enabled*. *Covered*: as many weights, inputs and biases.
        unsafe {
            let mut sums = [[_mm512_setzero_si512(); SETS]; CHANNELS];
            for c in 0..CHANNELS {
                sums[c] = [_mm512_set1_epi32(bias.wrapping_add(c).read()); SETS];
            }
            for i in 0..self.count {
                let x = inputs.get_unchecked(i);
                let w = weights.wrapping_add(i).cast::<i32>();
                for c in 0..CHANNELS {
                    let w = _mm512_set1_epi32(w.wrapping_add(c).read());
                    for s in 0..SETS {
                        sums[c][s] = _mm512_dpbusd_epi32(sums[c][s], x[s], w);
                    }
                }
            }
            sums
        }
    }
}

/// Requantizes the sums of eight channels: words of the first four channels, then of the others.
///
/// # Safety
/// *Enabled*. *Covered*: a block's multipliers.
#[inline(always)]
unsafe fn finish<const ONE_SIDED: bool>(
    sums: &[[__m512i; SETS]; CHANNELS],
    by: *const RequantPanel,
    range: OutputRange,
) -> [[__m512i; 2]; SETS] {
    // SAFETY: the channels have multipliers; *Enabled*.
    unsafe {
        // Four pixels of four channels: the channels of each pixel.
        let order = _mm512_broadcast_i32x4(_mm_setr_epi8(
            0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15,
        ));
        let mut bytes = [[_mm512_setzero_si512(); 2]; SETS];
        for half in 0..2 {
            let mut q = [[_mm512_setzero_si512(); 4]; SETS];
            for c in 0..4 {
                let channel = 4 * half + c;
                let factors = Factors::of_channel(by, channel);
                for s in 0..SETS {
                    q[s][c] = factors.apply::<ONE_SIDED>(sums[channel][s]);
                }
            }
            for s in 0..SETS {
                bytes[s][half] = _mm512_shuffle_epi8(range.packed::<ONE_SIDED>(q[s]), order);
            }
        }
        bytes
    }
}
