//! One row of inputs many of which are zero (what RELU leaves): their weights are not
//! read. Large layers of one row are as fast as their weights come from the cache.
//!
//! # Rows of weights
//! Strips of 64 channels come by fours, what is left by twos and ones, with the channels of
//! each input side by side. In 64 of them, four channels at
//! `16 * l + 4 * j` are those from `16 * j + 4 * l` on: byte interleaving within lanes of 16
//! bytes leaves four rows' blocks of sixteen channels in order.

// Iterators around intrinsics are closures, which lose the instruction set.
#![expect(clippy::needless_range_loop)]

use core::arch::x86_64::*;
use core::mem::MaybeUninit;

use super::SHIFT;
use super::avx512::{Avx512, interleave};
use super::avx512_requantize::{Requantize, are_truncated, in_order};
use super::gemm::{Pixels, strip as side_by_side, strip_of};
use super::isa::{BlockStage, Isa, LANES};
use super::level::{Level, level};
use super::ready::Scales;
use super::tile::Tile;
use crate::ops::Blocks;

/// Inputs at most.
pub(crate) const MOST: usize = 256;

/// Channels that come together: the blocks of a strip.
const STRIP: usize = 4 * LANES;

/// A register more than there are inputs.
type List = [MaybeUninit<u8>; MOST + 64];

/// The inputs that are not zero, in fours; the last ones are zeros with any index.
struct Nonzero {
    count: usize,
    /// A bit for each of the first 64 inputs, which is known before the lists are; 0 without
    /// VBMI.
    first: u64,
    /// Inputs plus 128.
    values: List,
    indices: List,
}

impl Nonzero {
    /// None yet.
    #[inline(always)]
    fn new() -> Self {
        Self {
            count: 0,
            first: 0,
            values: [const { MaybeUninit::uninit() }; MOST + 64],
            indices: [const { MaybeUninit::uninit() }; MOST + 64],
        }
    }

    /// Those of a row. In place: a copy of the lists would wait for their bytes.
    #[inline(always)]
    unsafe fn find<const VBMI: bool>(&mut self, input: &[i8]) {
        if VBMI {
            // SAFETY: the caller's promise.
            unsafe { self.compress(input) };
        } else {
            self.collect(input);
        }
        // The last ones are read in fours.
        for list in [&mut self.values, &mut self.indices] {
            let end = list.as_mut_ptr().wrapping_add(self.count);
            // SAFETY: both lists have a register's room behind all inputs.
            unsafe { end.cast::<[u8; 4]>().write_unaligned([0; 4]) };
        }
    }

    #[inline(always)]
    fn collect(&mut self, input: &[i8]) {
        // Not in memory, where every step would wait for it.
        let mut count = 0;
        for (i, x) in input.iter().take(MOST).enumerate() {
            let x = (x ^ SHIFT) as u8;
            self.values[count].write(x);
            self.indices[count].write(i as u8);
            count += usize::from(x != 0);
        }
        self.count = count;
    }

    #[inline(always)]
    unsafe fn compress(&mut self, input: &[i8]) {
        let (whole, rest) = input[..input.len().min(MOST)].as_chunks::<64>();
        // SAFETY: as many bytes as there are; the features are enabled.
        unsafe {
            let mut indices = _mm512_setr_epi32(
                0x0302_0100,
                0x0706_0504,
                0x0B0A_0908,
                0x0F0E_0D0C,
                0x1312_1110,
                0x1716_1514,
                0x1B1A_1918,
                0x1F1E_1D1C,
                0x2322_2120,
                0x2726_2524,
                0x2B2A_2928,
                0x2F2E_2D2C,
                0x3332_3130,
                0x3736_3534,
                0x3B3A_3938,
                0x3F3E_3D3C,
            );
            let mut count = 0;
            for (number, chunk) in whole.iter().enumerate() {
                let x = _mm512_loadu_si512(chunk.as_ptr().cast());
                let nonzero = self.append(count, x, indices);
                if number == 0 {
                    self.first = nonzero;
                }
                count += nonzero.count_ones() as usize;
                indices = _mm512_add_epi8(indices, _mm512_set1_epi8(64));
            }
            if !rest.is_empty() {
                let zeros = _mm512_set1_epi8(SHIFT);
                let there = (1 << rest.len()) - 1;
                let rest = _mm512_mask_loadu_epi8(zeros, there, rest.as_ptr());
                count += self.append(count, rest, indices).count_ones() as usize;
            }
            self.count = count;
        }
    }

    /// Those of a register behind so many; gives a bit for each of them.
    #[inline(always)]
    unsafe fn append(&mut self, count: usize, x: __m512i, indices: __m512i) -> u64 {
        let values = self.values.as_mut_ptr().wrapping_add(count);
        let places = self.indices.as_mut_ptr().wrapping_add(count);
        // SAFETY: both lists have a register's room behind all inputs; the features are
        // enabled.
        unsafe {
            let x = _mm512_xor_si512(x, _mm512_set1_epi8(SHIFT));
            let nonzero = _mm512_test_epi8_mask(x, x);
            _mm512_storeu_si512(values.cast(), _mm512_maskz_compress_epi8(nonzero, x));
            let there = _mm512_maskz_compress_epi8(nonzero, indices);
            _mm512_storeu_si512(places.cast(), there);
            nonzero
        }
    }

    /// Where the rows of four inputs begin, `pitch` bytes each.
    #[inline(always)]
    unsafe fn rows(&self, four: usize, filter: *const u8, pitch: usize) -> [*const u8; 4] {
        // SAFETY: there are as many fours.
        let at = |i: usize| unsafe { self.indices.get_unchecked(four + i).assume_init() };
        [at(0), at(1), at(2), at(3)].map(|index| filter.wrapping_add(usize::from(index) * pitch))
    }

    /// Their values.
    #[inline(always)]
    unsafe fn four(&self, four: usize) -> *const i8 {
        self.values.as_ptr().wrapping_add(four).cast()
    }
}

/// True if rows of weights are there for all inputs, and biases, multipliers and outputs
/// for all channels.
#[inline(always)]
fn fits<S: BlockStage>(
    p: &Blocks<'_, S>,
    rows: &[u8],
    input: &[i8],
    output: &[S::Element],
) -> bool {
    let blocks = p.channels / LANES;
    let multipliers = p.output.scales().is_none_or(|s| s.are_for(blocks));
    multipliers
        & p.channels.is_multiple_of(STRIP)
        & (input.len() == p.depth)
        & p.depth.is_multiple_of(4)
        & (p.depth <= MOST)
        & (rows.len() >= p.depth * p.channels)
        & (p.bias.len() >= blocks)
        & (output.len() >= p.channels)
}

/// The inputs that are not zero, as an instruction set wants them.
pub(super) trait Inputs<I: Isa> {
    /// The sums of a strip's four blocks, whose rows are `pitch` bytes apart.
    unsafe fn sums(
        &self,
        bias: *const [i32; LANES],
        filter: *const u8,
        pitch: usize,
    ) -> [[I::Sums; 1]; 4];
}

impl<I: Isa> Inputs<I> for Nonzero {
    #[inline(always)]
    unsafe fn sums(
        &self,
        bias: *const [i32; LANES],
        filter: *const u8,
        pitch: usize,
    ) -> [[I::Sums; 1]; 4] {
        let mut weights = [[0_u8; 4 * LANES]; 4];
        // SAFETY: rows and biases of the strip are there; the caller's promises.
        unsafe {
            let begin = |n: usize| bias.wrapping_add(n).cast();
            let mut sums = [
                [I::begin(begin(0))],
                [I::begin(begin(1))],
                [I::begin(begin(2))],
                [I::begin(begin(3))],
            ];
            for four in (0..self.count).step_by(4) {
                interleave_portably(self.rows(four, filter, pitch), &mut weights);
                let x = I::inputs(self.four(four));
                for n in 0..4 {
                    sums[n][0] = I::dot(sums[n][0], x, I::weights(weights[n].as_ptr()));
                }
            }
            sums
        }
    }
}

/// All channels by any instruction set.
#[inline(always)]
pub(super) unsafe fn any<I: Isa, S: BlockStage>(
    p: &Blocks<'_, S>,
    rows: &[u8],
    input: &[i8],
    output: &mut [S::Element],
) {
    let mut nonzero = Nonzero::new();
    // SAFETY: every x86-64 can do that; the caller's promises.
    unsafe {
        nonzero.find::<false>(input);
        all::<I, S>(p, rows, input, output, &nonzero);
    }
}

/// All channels, of these inputs.
#[inline(always)]
pub(super) unsafe fn all<I: Isa, S: BlockStage>(
    p: &Blocks<'_, S>,
    rows: &[u8],
    input: &[i8],
    output: &mut [S::Element],
    nonzero: &impl Inputs<I>,
) {
    let (row, p) = (Pixels::raw_row(input), &Blocks { filter: rows, ..*p });
    let Some((tile, _)) = Tile::new(p, &row, output).filter(|_| fits(p, rows, input, output))
    else {
        return;
    };
    let strips = p.channels / STRIP;
    for strip in 0..strips {
        let (first, width) = strip_of(strip, strips);
        let at = (first * p.depth + strip - first) * STRIP;
        let (filter, pitch) = (rows.as_ptr().wrapping_add(at), width * STRIP);
        let bias = p.bias.as_ptr().wrapping_add(4 * strip);
        // SAFETY: rows and biases of the strip are there; the caller's promises.
        unsafe {
            let sums = nonzero.sums(bias, filter, pitch);
            tile.finish::<I, 1, 4>(sums, 0, 4 * strip, output);
        }
    }
}

/// Four rows' 64 channels: four bytes of each.
#[inline(always)]
unsafe fn interleave_portably(rows: [*const u8; 4], to: &mut [[u8; 4 * LANES]; 4]) {
    for lane in 0..4 {
        // SAFETY: 64 bytes each; every x86-64 has SSE2.
        unsafe {
            let [a, b, c, d] = rows.map(|row| _mm_loadu_si128(row.wrapping_add(16 * lane).cast()));
            let (ab, cd) = (_mm_unpacklo_epi8(a, b), _mm_unpacklo_epi8(c, d));
            let (ab_high, cd_high) = (_mm_unpackhi_epi8(a, b), _mm_unpackhi_epi8(c, d));
            let quads = [
                _mm_unpacklo_epi16(ab, cd),
                _mm_unpackhi_epi16(ab, cd),
                _mm_unpacklo_epi16(ab_high, cd_high),
                _mm_unpackhi_epi16(ab_high, cd_high),
            ];
            for (to, quad) in to.iter_mut().zip(quads) {
                _mm_storeu_si128(to.as_mut_ptr().wrapping_add(16 * lane).cast(), quad);
            }
        }
    }
}

/// The same with AVX-512, out of the way of the usual case.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn exactly<S: BlockStage>(
    p: &Blocks<'_, S>,
    rows: &[u8],
    input: &[i8],
    output: &mut [S::Element],
) {
    // SAFETY: the caller's promises.
    unsafe { any::<Avx512, S>(p, rows, input, output) };
}

/// All channels.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) unsafe fn strips<S: BlockStage>(
    p: &Blocks<'_, S>,
    rows: &[u8],
    input: &[i8],
    output: &mut [S::Element],
) {
    // SAFETY: there are multipliers and outputs for all strips; the level is what the CPU
    // has; the caller's promises.
    unsafe {
        let truncated = |scales: &Scales<'_>| {
            fits(p, rows, input, output) && are_truncated(scales, p.channels / LANES)
        };
        let Some(scales) = p.output.scales().filter(truncated) else {
            return exactly(p, rows, input, output);
        };
        let layer = Layer {
            bias: p.bias.as_ptr(),
            rows: rows.as_ptr(),
            scales: &scales,
            depth: p.depth,
            channels: p.channels,
            to: output.as_mut_ptr().cast(),
        };
        match (level() >= Level::Avx512Vbmi, scales.are_one_sided()) {
            (true, true) => layer.with_vbmi::<true>(input),
            (true, false) => layer.with_vbmi::<false>(input),
            (false, true) => layer.without_vbmi::<true>(input),
            (false, false) => layer.without_vbmi::<false>(input),
        }
    }
}

/// What strips have in common; truncation requantizes all of them.
struct Layer<'a> {
    rows: *const u8,
    bias: *const [i32; LANES],
    scales: &'a Scales<'a>,
    depth: usize,
    channels: usize,
    to: *mut i8,
}

impl Layer<'_> {
    #[inline(never)]
    #[target_feature(
        enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi,avx512vbmi2,bmi1,popcnt"
    )]
    unsafe fn with_vbmi<const ONE_SIDED: bool>(&self, input: &[i8]) {
        // SAFETY: the caller's promises.
        unsafe { self.strips::<true, ONE_SIDED>(input) };
    }

    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn without_vbmi<const ONE_SIDED: bool>(&self, input: &[i8]) {
        // SAFETY: the caller's promises.
        unsafe { self.strips::<false, ONE_SIDED>(input) };
    }

    #[inline(always)]
    unsafe fn strips<const VBMI: bool, const ONE_SIDED: bool>(&self, input: &[i8]) {
        let mut nonzero = Nonzero::new();
        let strips = self.channels / STRIP;
        let mut strip = 0;
        // SAFETY: the strips are there; the caller's promises.
        unsafe {
            nonzero.find::<VBMI>(input);
            while strip < strips {
                let width = side_by_side(strips - strip);
                match width {
                    4 => self.some::<4, ONE_SIDED>(&nonzero, strip),
                    2 => self.some::<2, ONE_SIDED>(&nonzero, strip),
                    _ => self.some::<1, ONE_SIDED>(&nonzero, strip),
                }
                strip += width;
            }
        }
    }

    /// `N` strips.
    #[inline(always)]
    unsafe fn some<const N: usize, const ONE_SIDED: bool>(&self, nonzero: &Nonzero, strip: usize) {
        let filter = self.rows.wrapping_add(strip * STRIP * self.depth);
        let bias = self.bias.wrapping_add(4 * strip);
        // SAFETY: rows, biases, multipliers and outputs of the strips are there; the
        // features are enabled.
        unsafe {
            let mut sums = [[_mm512_setzero_si512(); 4]; N];
            for k in 0..4 * N {
                sums[k / 4][k % 4] = _mm512_loadu_si512(bias.wrapping_add(k).cast());
            }
            let mut four = 0;
            // Lists take a while: the first weights come before.
            let mut first = if strip == 0 { nonzero.first } else { 0 };
            let end = first.count_ones() as usize / 4 * 4;
            while four < end {
                let mut rows = [filter; 4];
                for row in &mut rows {
                    *row = row.wrapping_add(first.trailing_zeros() as usize * N * STRIP);
                    first &= first.wrapping_sub(1);
                }
                add_four(&mut sums, rows, nonzero.four(four));
                four += 4;
            }
            while four < nonzero.count {
                let rows = nonzero.rows(four, filter, N * STRIP);
                add_four(&mut sums, rows, nonzero.four(four));
                four += 4;
            }
            for n in 0..N {
                let by = Requantize::<4>::once(4 * (strip + n), self.scales);
                let bytes = in_order(by.requantize::<ONE_SIDED>(sums[n]));
                let to = self.to.wrapping_add((strip + n) * STRIP);
                _mm512_storeu_si512(to.cast(), bytes);
            }
        }
    }
}

/// Adds the products of four inputs, whose rows begin there, to the sums of `N` strips.
#[inline(always)]
unsafe fn add_four<const N: usize>(
    sums: &mut [[__m512i; 4]; N],
    rows: [*const u8; 4],
    inputs: *const i8,
) {
    // SAFETY: rows and inputs are there; the features are enabled.
    unsafe {
        let x = Avx512::inputs(inputs);
        for n in 0..N {
            let [a, b, c, d] = rows.map(|row| row.wrapping_add(n * STRIP));
            let a = _mm512_loadu_si512(a.cast());
            let b = _mm512_loadu_si512(b.cast());
            let c = _mm512_loadu_si512(c.cast());
            let d = _mm512_loadu_si512(d.cast());
            let weights = interleave([a, b, c, d]);
            for j in 0..4 {
                sums[n][j] = _mm512_dpbusd_epi32(sums[n][j], x, weights[j]);
            }
        }
    }
}
