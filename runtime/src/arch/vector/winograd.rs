//! Windows of 3x3 pixels that move by one, in a quarter of the products: Winograd's
//! minimal filtering F(4x4, 3x3) (A. Lavin and S. Gray, "Fast Algorithms for
//! Convolutional Neural Networks", 2015, section 4.3), in integers and exact.
//!
//! Tiles of 6x6 inputs become 36 sums of inputs, which fit 16 bits; the compiler has
//! done so with the weights. Products of both, summed over the channels, become 4x4
//! outputs times 576 or a divisor of it. All of that is right modulo 2 to the 32, and so
//! is the division by 9, a multiplication; only the division by a power of two, at most
//! 64, wants outputs below 2 to the 25, which the compiler has proved.

// Arrays of registers stay in registers if indices are constants.
#![expect(clippy::needless_range_loop)]

use core::arch::x86_64::*;

use super::avx512_requantize::{Requantize, are_truncated, in_order};
use super::isa::{BlockStage, LANES};
use super::ready::Scales;
use super::sum::{Addend, Sum};

/// Outputs of a tile in each direction.
const OUTPUTS: usize = 4;

/// Inputs of a tile in each direction.
const INPUTS: usize = OUTPUTS + 2;

/// Products of a tile, for each input channel.
const POINTS: usize = INPUTS * INPUTS;

/// Bytes of a register.
const REGISTER: usize = 64;

/// Tiles that are worked on at once.
const TILES: usize = 4;

/// One over 9, modulo 2 to the 32.
const NINTH: i32 = 0x38E3_8E39;
const _: () = assert!(NINTH.wrapping_mul(9) == 1);

/// A convolution's sizes.
#[derive(Clone, Copy)]
pub(crate) struct Tiled<'a> {
    /// The padded image, inputs as [`super::SHIFT`] says.
    pub(crate) image: &'a [i8],
    /// Bytes of a row of it.
    pub(crate) pitch: usize,
    /// Input channels.
    pub(crate) depth: usize,
    /// Output channels.
    pub(crate) channels: usize,
    /// Elements from a pixel's outputs to the next one's.
    pub(crate) step: usize,
    /// Rows and columns of the output.
    pub(crate) size: [usize; 2],
    /// The weights: see the compiler's `ops/winograd.rs`.
    pub(crate) filter: &'a [u8],
    /// The biases, with what [`super::SHIFT`] makes necessary.
    pub(crate) bias: &'a [[i32; LANES]],
    /// What becomes of the sums.
    pub(crate) scales: Scales<'a>,
    /// What is added to the outputs, as many elements.
    pub(crate) addend: Option<Addend<'a>>,
}

/// From sums to outputs: outputs of two-sided or one-sided scales, or sums with an addend.
const TWO_SIDED: u8 = 0;
const ONE_SIDED: u8 = 1;
const ADDED: u8 = 2;

/// A tile's first input and first output.
#[derive(Clone, Copy)]
struct Place {
    from: *const i8,
    y: usize,
    x: usize,
}

impl Tiled<'_> {
    /// Tiles in each direction.
    #[inline(always)]
    fn tiles(&self) -> [usize; 2] {
        self.size.map(|n| n.div_ceil(OUTPUTS))
    }

    /// True if everything is as large as it has to be.
    #[inline(always)]
    fn fits(&self, work: usize, output: usize) -> bool {
        let ([rows, columns], blocks) = (self.tiles(), self.channels / LANES);
        let [height, width] = self.size;
        let last_row = (rows * OUTPUTS + 1) * self.pitch;
        rows * columns > 0
            && blocks > 0
            && self.channels == blocks * LANES
            && self.depth.is_multiple_of(LANES)
            && self.depth > 0
            && self.pitch >= (columns * OUTPUTS + 2) * self.depth
            && self.image.len() >= last_row + (columns * OUTPUTS + 2) * self.depth
            && self.filter.len() >= POINTS * self.depth * self.channels * 2
            && self.bias.len() >= blocks
            && self.scales.are_for(blocks)
            && self.step >= self.channels
            && output + self.step >= height * width * self.step + self.channels
            && self
                .addend
                .is_none_or(|addend| addend.other.len() >= output)
            && work >= work_bytes(self.depth)
    }

    /// All outputs, if this is the way to get them.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    pub(super) unsafe fn is_done<S: BlockStage>(
        &self,
        work: &mut [i8],
        output: &mut [S::Element],
    ) -> bool {
        if size_of::<S::Element>() != 1 || !self.fits(work.len(), output.len()) {
            return false;
        }
        // SAFETY: the blocks have multipliers.
        if unsafe { !are_truncated(&self.scales, self.channels / LANES) } {
            return false;
        }
        let begin = work.as_mut_ptr();
        let work = begin.wrapping_add(begin.align_offset(REGISTER) % REGISTER);
        let to = output.as_mut_ptr().cast();
        // SAFETY: all is large enough; the features are enabled.
        unsafe {
            let is_deep = self.depth.is_multiple_of(2 * LANES);
            let how = match self.addend {
                Some(_) => ADDED,
                None if self.scales.are_one_sided() => ONE_SIDED,
                None => TWO_SIDED,
            };
            match (is_deep, how) {
                (true, ADDED) => self.run::<{ 2 * LANES }, ADDED>(work, to),
                (true, ONE_SIDED) => self.run::<{ 2 * LANES }, ONE_SIDED>(work, to),
                (true, _) => self.run::<{ 2 * LANES }, TWO_SIDED>(work, to),
                (false, ADDED) => self.run::<LANES, ADDED>(work, to),
                (false, ONE_SIDED) => self.run::<LANES, ONE_SIDED>(work, to),
                (false, _) => self.run::<LANES, TWO_SIDED>(work, to),
            }
        }
        true
    }

    /// `TILES` tiles at once, `RUN` input channels of them side by side.
    #[inline(always)]
    unsafe fn run<const RUN: usize, const HOW: u8>(&self, work: *mut i8, to: *mut i8) {
        let [rows, columns] = self.tiles();
        let transformed = work.wrapping_add(TILES * SUMS);
        // SAFETY: memory as `work_bytes` says; all tiles lie in the image.
        unsafe {
            let (mut row, mut column) = (0, 0);
            while row < rows {
                let mut places = [Place {
                    from: self.image.as_ptr(),
                    y: 0,
                    x: 0,
                }; TILES];
                let mut count = 0;
                for place in &mut places {
                    let (y, x) = (row.min(rows - 1) * OUTPUTS, column * OUTPUTS);
                    let from = self
                        .image
                        .as_ptr()
                        .wrapping_add(y * self.pitch + x * self.depth);
                    *place = Place { from, y, x };
                    if row < rows {
                        count += 1;
                        column += 1;
                        if column == columns {
                            (row, column) = (row + 1, 0);
                        }
                    }
                }
                self.inputs::<RUN>(&places, transformed);
                for block in 0..self.channels / LANES {
                    self.products::<RUN>(block, transformed, work);
                    for (t, place) in places.iter().enumerate().take(count) {
                        let sums = work.wrapping_add(t * SUMS);
                        self.outputs::<HOW>(sums, place, block, to);
                    }
                }
            }
        }
    }

    /// The transformed inputs: point by point of a tile's first column, `RUN` channels of
    /// each tile; the same of the next channels; the next columns.
    #[inline(always)]
    unsafe fn inputs<const RUN: usize>(&self, places: &[Place; TILES], to: *mut i8) {
        let column = self.depth / RUN * INPUTS * TILES * RUN * 2;
        let tiles = REGISTER / 2 / RUN;
        let mut to = to;
        for run in 0..self.depth / RUN {
            for t in (0..TILES).step_by(tiles) {
                let from = |t: usize| places[t].from.wrapping_add(run * RUN);
                let from = [from(t), from(t + tiles - 1)];
                let to = to.wrapping_add(t * RUN * 2);
                // SAFETY: tiles lie in the image; the caller's memory.
                unsafe { transform::<RUN>(from, self.pitch, self.depth, to, column) };
            }
            to = to.wrapping_add(INPUTS * TILES * RUN * 2);
        }
    }

    /// A block's sums of all tiles, added up over rows: four rows of `INPUTS` columns of
    /// each tile.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn products<const RUN: usize>(&self, block: usize, from: *const i8, to: *mut i8) {
        let size = POINTS * self.depth * 2 * LANES;
        let mut w = self.filter.as_ptr().wrapping_add(block * size);
        let mut from = from;
        // SAFETY: weights, transformed inputs and sums are there.
        unsafe {
            for column in 0..INPUTS {
                let mut sums = [[_mm512_setzero_si512(); INPUTS]; TILES];
                if column == 1 {
                    // What all outputs of a tile have in common, sixteen times.
                    let bias = _mm512_loadu_si512(self.bias.as_ptr().wrapping_add(block).cast());
                    let bias = _mm512_mullo_epi32(bias, _mm512_set1_epi32(36));
                    for t in 0..TILES {
                        sums[t][1] = bias;
                    }
                }
                for _ in 0..self.depth / RUN {
                    for _ in 0..RUN / 2 {
                        for y in 0..INPUTS {
                            let weights = _mm512_loadu_si512(w.wrapping_add(y * REGISTER).cast());
                            for t in 0..TILES {
                                let x = from.wrapping_add((y * TILES + t) * RUN * 2);
                                let x = _mm512_set1_epi32(x.cast::<i32>().read_unaligned());
                                sums[t][y] = _mm512_dpwssd_epi32(sums[t][y], weights, x);
                            }
                        }
                        w = w.wrapping_add(INPUTS * REGISTER);
                        from = from.wrapping_add(4);
                    }
                    from = from.wrapping_add((INPUTS * TILES - 1) * RUN * 2);
                }
                for t in 0..TILES {
                    let rows = gather(sums[t]);
                    for y in 0..OUTPUTS {
                        let at = t * SUMS + (y * INPUTS + column) * REGISTER;
                        _mm512_store_si512(to.wrapping_add(at).cast(), rows[y]);
                    }
                }
            }
        }
    }

    /// The outputs of a tile and a block, of which these are the sums.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn outputs<const HOW: u8>(
        &self,
        sums: *const i8,
        place: &Place,
        block: usize,
        to: *mut i8,
    ) {
        let [height, width] = self.size;
        let (rows, columns) = (height - place.y, width - place.x);
        let first = (place.y * width + place.x) * self.step + block * LANES;
        let to = to.wrapping_add(first);
        let pitch = width * self.step;
        // SAFETY: four rows of sums; outputs of rows and columns that there are.
        unsafe {
            let line = Line {
                by: Requantize::new(block, &self.scales),
                step: self.step,
                columns,
                addend: self
                    .addend
                    .map(|addend| (addend.sum, addend.other.as_ptr().wrapping_add(first))),
            };
            line.store::<0, HOW>(sums, to, 0);
            if rows > 1 {
                line.store::<1, HOW>(sums, to, pitch);
            }
            if rows > 2 {
                line.store::<2, HOW>(sums, to, 2 * pitch);
            }
            if rows > 3 {
                line.store::<3, HOW>(sums, to, 3 * pitch);
            }
        }
    }
}

/// What becomes of a row of a tile.
struct Line {
    by: Requantize<1>,
    step: usize,
    columns: usize,
    /// The addend's place beside the tile's first output.
    addend: Option<(Sum, *const i8)>,
}

impl Line {
    /// Stores row `Y`, as many columns as there are.
    #[inline(always)]
    unsafe fn store<const Y: usize, const HOW: u8>(&self, sums: *const i8, to: *mut i8, at: usize) {
        let to = to.wrapping_add(at);
        // SAFETY: sums and outputs are there; the features are enabled.
        unsafe {
            let mut row = [_mm512_setzero_si512(); INPUTS];
            for x in 0..INPUTS {
                let at = (Y * INPUTS + x) * REGISTER;
                row[x] = _mm512_load_si512(sums.wrapping_add(at).cast());
            }
            let words = gather(row);
            let words = [
                divided(words[0], Y, 0),
                divided(words[1], Y, 1),
                divided(words[2], Y, 2),
                divided(words[3], Y, 3),
            ];
            let bytes = match &self.addend {
                Some((sum, other)) if HOW == ADDED => {
                    // The last column's once more where there are fewer.
                    let last = self.columns - 1;
                    let other = |x: usize| other.wrapping_add(at + x.min(last) * self.step);
                    let others = [other(0), other(1), other(2), other(3)];
                    self.by.added(words, others, sum)
                }
                _ if HOW == ONE_SIDED => self.by.requantize::<true>(words),
                _ => self.by.requantize::<false>(words),
            };
            let bytes = in_order(bytes);
            if self.step == LANES && self.columns >= OUTPUTS {
                _mm512_storeu_si512(to.cast(), bytes);
                return;
            }
            _mm_storeu_si128(to.cast(), _mm512_castsi512_si128(bytes));
            if self.columns > 1 {
                let to = to.wrapping_add(self.step);
                _mm_storeu_si128(to.cast(), _mm512_extracti32x4_epi32::<1>(bytes));
            }
            if self.columns > 2 {
                let to = to.wrapping_add(2 * self.step);
                _mm_storeu_si128(to.cast(), _mm512_extracti32x4_epi32::<2>(bytes));
            }
            if self.columns > 3 {
                let to = to.wrapping_add(3 * self.step);
                _mm_storeu_si128(to.cast(), _mm512_extracti32x4_epi32::<3>(bytes));
            }
        }
    }
}

/// Bytes of a tile's sums, added up over rows.
const SUMS: usize = OUTPUTS * INPUTS * REGISTER;

/// Bytes of working memory.
#[inline(always)]
fn work_bytes(depth: usize) -> usize {
    TILES * (SUMS + POINTS * depth * 2) + REGISTER
}

/// The inputs of `RUN` channels of a tile, or of two tiles if that is half a register.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn transform<const RUN: usize>(
    from: [*const i8; 2],
    pitch: usize,
    step: usize,
    to: *mut i8,
    column: usize,
) {
    // SAFETY: six rows of six pixels of each tile; 36 registers' bytes.
    unsafe {
        let mut lines = [[_mm512_setzero_si512(); INPUTS]; INPUTS];
        for y in 0..INPUTS {
            let mut d = [_mm512_setzero_si512(); INPUTS];
            for x in 0..INPUTS {
                let at = y * pitch + x * step;
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
            lines[y] = spread(d);
        }
        for x in 0..INPUTS {
            let mut d = [_mm512_setzero_si512(); INPUTS];
            for y in 0..INPUTS {
                d[y] = lines[y][x];
            }
            let d = spread(d);
            let to = to.wrapping_add(x * column);
            for y in 0..INPUTS {
                let to = to.wrapping_add(y * TILES * RUN * 2);
                _mm512_store_si512(to.cast(), d[y]);
            }
        }
    }
}

/// Six inputs to what is multiplied: the transposed matrix B.
#[inline(always)]
unsafe fn spread(d: [__m512i; INPUTS]) -> [__m512i; INPUTS] {
    // SAFETY: the features are enabled.
    unsafe {
        let a = _mm512_sub_epi16(d[4], _mm512_slli_epi16::<2>(d[2]));
        let b = _mm512_sub_epi16(d[3], _mm512_slli_epi16::<2>(d[1]));
        let c = _mm512_sub_epi16(d[4], d[2]);
        let e = _mm512_sub_epi16(d[3], d[1]);
        let e = _mm512_add_epi16(e, e);
        let first = _mm512_slli_epi16::<2>(_mm512_sub_epi16(d[0], d[2]));
        let last = _mm512_sub_epi16(_mm512_sub_epi16(d[5], d[3]), _mm512_add_epi16(e, e));
        [
            _mm512_add_epi16(first, c),
            _mm512_add_epi16(a, b),
            _mm512_sub_epi16(a, b),
            _mm512_add_epi16(c, e),
            _mm512_sub_epi16(c, e),
            last,
        ]
    }
}

/// Six sums to 24, 12, 6 and 6 times four outputs: the transposed matrix A, with what
/// makes weights integers.
#[inline(always)]
unsafe fn gather(m: [__m512i; INPUTS]) -> [__m512i; OUTPUTS] {
    // SAFETY: the features are enabled.
    unsafe {
        let (s, d) = (_mm512_add_epi32(m[1], m[2]), _mm512_sub_epi32(m[1], m[2]));
        let (t, u) = (_mm512_add_epi32(m[3], m[4]), _mm512_sub_epi32(m[3], m[4]));
        let last = _mm512_add_epi32(_mm512_sub_epi32(m[5], d), _mm512_add_epi32(u, u));
        [
            _mm512_add_epi32(m[0], _mm512_sub_epi32(t, _mm512_slli_epi32::<2>(s))),
            _mm512_sub_epi32(u, _mm512_add_epi32(d, d)),
            _mm512_sub_epi32(t, s),
            last,
        ]
    }
}

/// The output of a row and column.
#[inline(always)]
unsafe fn divided(words: __m512i, y: usize, x: usize) -> __m512i {
    const TWOS: [i32; OUTPUTS] = [3, 2, 1, 1];
    // SAFETY: the features are enabled.
    unsafe {
        let words = _mm512_mullo_epi32(words, _mm512_set1_epi32(NINTH));
        _mm512_srav_epi32(words, _mm512_set1_epi32(TWOS[y] + TWOS[x]))
    }
}
