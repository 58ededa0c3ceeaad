//! A tile of a matrix product: `M` pixels by `N` blocks of sixteen channels, its accumulators and
//! its outputs. Tests: `kernels/packed16_tests.rs`, `tests/tests/simd_levels/`, `tests/cross`.

use crate::params::gemm_packed16::Packed16;
use crate::params::gemm_packed16::Packed16Stage;
use crate::params::layout::LANES;
use crate::params::requant::RequantParams;
use crate::simd::shared::isa::{Isa, cold};
use crate::simd::shared::pixels::Pixels;

/// Methods of requantization: [`Isa::requantize`] with one-sided or two-sided scales, or
/// [`Isa::requantize_exactly`].
const ONE_SIDED: u8 = 0;
const TWO_SIDED: u8 = 1;
const EXACT: u8 = 2;

/// A matrix product with all reads and writes in bounds. [`Self::new`] establishes that
/// and nothing changes it (*Tile*):
///
/// 1. Inputs: `4 * groups` bytes from each segment of each of the `count` pixels on. The functions
///    that make [`Pixels`] compare that.
/// 2. Weights: 64 bytes for each group of each segment, for each of the blocks.
/// 3. Biases and multipliers (if the stage has scales): sixteen for each block.
/// 4. Outputs: `channels` elements for each pixel, those of the next one `output_stride` behind.
pub(crate) struct Tile<'a, S: Packed16Stage> {
    pub(crate) pixels: &'a Pixels<'a>,
    pub(crate) count: usize,
    bias: &'a [[i32; LANES]],
    pub(crate) channels: usize,
    /// Elements from a pixel's outputs to the next one's.
    pub(crate) output_stride: usize,
    pub(crate) stage: S,
}

/// Number of blocks in the next strip if `left` blocks are left: four, else two, else one.
#[inline(always)]
pub(crate) fn strip_width(left: usize) -> usize {
    match left {
        4.. => 4,
        2.. => 2,
        _ => 1,
    }
}

/// The next pixel of a walk over all pixels, row by row.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cursor {
    x: usize,
    /// Offset of the row's first input, in bytes.
    row: usize,
}

impl Cursor {
    /// Offsets of the first inputs of the next `M` pixels, in bytes; the last pixel's again if
    /// fewer are `left`.
    #[inline(always)]
    pub(crate) fn places<const M: usize>(
        &mut self,
        pixels: &Pixels<'_>,
        left: usize,
    ) -> [usize; M] {
        let mut places = [0; M];
        if M <= left && self.x + M < pixels.width {
            for (m, place) in places.iter_mut().enumerate() {
                *place = self.row + (self.x + m) * pixels.input_stride;
            }
            self.x += M;
            return places;
        }
        let mut at = 0;
        for (m, place) in places.iter_mut().enumerate() {
            if m < left {
                at = self.row + self.x * pixels.input_stride;
                self.x += 1;
                if self.x == pixels.width {
                    *self = Self {
                        x: 0,
                        row: self.row + pixels.pitch,
                    };
                }
            }
            *place = at;
        }
        places
    }
}

/// Four, two or one neighbouring blocks with weights side by side, group by group; or one
/// block of them.
#[derive(Clone, Copy)]
pub(crate) struct Strip {
    block: usize,
    weights: *const u8,
    /// Bytes from a group's weights to the next group's.
    group_stride: usize,
}

impl Strip {
    /// The number of its first block.
    #[inline(always)]
    pub(crate) fn block(self) -> usize {
        self.block
    }

    /// The weights of its first group.
    #[inline(always)]
    pub(crate) fn weights(self) -> *const u8 {
        self.weights
    }

    /// The weights of a group.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    pub(crate) fn group(self, group: usize) -> *const u8 {
        self.weights.wrapping_add(group * self.group_stride)
    }

    /// The block with number `n` in the strip, as a strip of one block.
    #[inline(always)]
    pub(crate) fn part(self, n: usize) -> Self {
        Self {
            block: self.block + n,
            weights: self.weights.wrapping_add(n * 4 * LANES),
            ..self
        }
    }
}

impl<'a, S: Packed16Stage> Tile<'a, S> {
    /// The tile and the number of its blocks; none if there is nothing to do or something is too
    /// short. Establishes *Tile*.
    #[inline(always)]
    pub(crate) fn new(
        p: &Packed16<'a, S>,
        pixels: &'a Pixels<'a>,
        output: &[S::Element],
    ) -> Option<(Self, usize)> {
        let groups = pixels.groups * pixels.segments.len();
        let blocks = p.channels.div_ceil(LANES);
        let multipliers = p.output.scales().is_none_or(|s| s.are_for(blocks));
        let fits = p.bias.len() >= blocks
            && multipliers
            && p.filter.len() >= blocks * groups * 4 * LANES
            && (pixels.count == 0
                || output.len()
                    >= (pixels.count - 1) * p.output_stride.max(p.channels) + p.channels);
        let tile = Self {
            pixels,
            count: pixels.count,
            bias: p.bias,
            channels: p.channels,
            output_stride: p.output_stride.max(p.channels),
            stage: p.output,
        };
        (fits && groups > 0 && pixels.count > 0).then_some((tile, blocks))
    }

    /// The strip of `width` blocks that begins with number `block`.
    #[inline(always)]
    pub(crate) fn strip(&self, filter: &[u8], block: usize, width: usize) -> Strip {
        let groups = self.pixels.groups * self.pixels.segments.len();
        Strip {
            block,
            weights: filter.as_ptr().wrapping_add(block * groups * 4 * LANES),
            group_stride: width * 4 * LANES,
        }
    }

    /// All pixels by the `N` blocks of a strip, `M` pixels at once.
    ///
    /// # Safety
    /// *Enabled*. The strip has `N` blocks.
    #[inline(always)]
    pub(crate) unsafe fn column<I: Isa, const M: usize, const N: usize, const RAW: bool>(
        &self,
        strip: Strip,
        output: &mut [S::Element],
    ) {
        let mut cursor = Cursor::default();
        let mut at = 0;
        while at < self.count {
            let places = cursor.places::<M>(self.pixels, self.count - at);
            let mut from = [self.pixels.bytes.as_ptr(); M];
            for (from, place) in from.iter_mut().zip(places) {
                *from = from.wrapping_add(place);
            }
            // SAFETY: *Enabled*, *Tile*.
            unsafe { self.run::<I, M, N, RAW>(at, from, strip, output) };
            at += M;
        }
    }

    /// `M` pixels by `N` blocks; `from` points to the pixels' first inputs.
    ///
    /// # Safety
    /// *Enabled*. The strip has `N` blocks; `from` are the first inputs of pixels from
    /// `first` on, the last one's again behind it.
    #[expect(
        clippy::needless_range_loop,
        reason = "registers in arrays need constant indices; closures lose the instruction set"
    )]
    #[inline(always)]
    unsafe fn run<I: Isa, const M: usize, const N: usize, const RAW: bool>(
        &self,
        first: usize,
        from: [*const i8; M],
        strip: Strip,
        output: &mut [S::Element],
    ) {
        let Pixels {
            segments, groups, ..
        } = *self.pixels;
        let mut w = strip.weights();
        // SAFETY: *Enabled*; *Tile*: `groups` groups follow each segment of each pixel, and as
        // many weights in each block; places are below `N` and `M`.
        unsafe {
            let mut sums = [[I::init_bias(self.bias_of(strip)); M]; N];
            for n in 1..N {
                sums[n] = [I::init_bias(self.bias_of(strip.part(n))); M];
            }
            // One loop over all segments: of two, sums would live in memory.
            let mut ends = segments.iter();
            let (mut at, mut left) = (ends.next().map_or(0, |&s| s as usize), groups);
            for _ in 0..segments.len() * groups {
                let mut weights = [I::load_w4(w); N];
                for n in 1..N {
                    weights[n] = I::load_w4(w.wrapping_add(n * 64));
                }
                for m in 0..M {
                    let inputs = inputs::<I, RAW>(from[m].wrapping_add(at));
                    for n in 0..N {
                        sums[n][m] = I::dot(sums[n][m], inputs, weights[n]);
                    }
                }
                w = w.wrapping_add(strip.group_stride);
                at += 4;
                left -= 1;
                if left == 0 {
                    at = ends.next().map_or(at, |&s| s as usize);
                    left = groups;
                }
            }
            self.finish::<I, M, N>(sums, first, strip.block(), output);
        }
    }

    /// One pixel by `N` blocks, two sums each: one would wait for itself.
    ///
    /// # Safety
    /// *Enabled*. The strip has `N` blocks, and there is one pixel of one segment.
    #[expect(
        clippy::needless_range_loop,
        reason = "registers in arrays need constant indices; closures lose the instruction set"
    )]
    #[inline(always)]
    pub(crate) unsafe fn single<I: Isa, const N: usize, const RAW: bool>(
        &self,
        strip: Strip,
        output: &mut [S::Element],
    ) {
        let mut from = self.pixels.bytes.as_ptr();
        let (mut w, groups) = (strip.weights(), self.pixels.groups);
        // SAFETY: *Enabled*; *Tile*: there are as many groups of inputs, and as many weights in
        // each block.
        unsafe {
            let mut sums = [[I::init_bias(self.bias_of(strip))]; N];
            let mut others = [I::zero(); N];
            for n in 1..N {
                sums[n] = [I::init_bias(self.bias_of(strip.part(n)))];
            }
            for _ in 0..groups / 2 {
                let first = inputs::<I, RAW>(from);
                let second = inputs::<I, RAW>(from.wrapping_add(4));
                for n in 0..N {
                    sums[n][0] = I::dot(sums[n][0], first, I::load_w4(w.wrapping_add(n * 64)));
                }
                w = w.wrapping_add(strip.group_stride);
                for n in 0..N {
                    others[n] = I::dot(others[n], second, I::load_w4(w.wrapping_add(n * 64)));
                }
                w = w.wrapping_add(strip.group_stride);
                from = from.wrapping_add(8);
            }
            if groups % 2 == 1 {
                let last = inputs::<I, RAW>(from);
                for n in 0..N {
                    sums[n][0] = I::dot(sums[n][0], last, I::load_w4(w.wrapping_add(n * 64)));
                }
            }
            for n in 0..N {
                sums[n][0] = I::add(sums[n][0], others[n]);
            }
            self.finish::<I, 1, N>(sums, 0, strip.block(), output);
        }
    }

    /// Pointer to the biases of a strip's first block.
    #[inline(always)]
    pub(crate) fn bias_of(&self, strip: Strip) -> *const i32 {
        self.bias_of_block(strip.block())
    }

    /// Pointer to the sixteen biases of a block.
    #[inline(always)]
    pub(crate) fn bias_of_block(&self, block: usize) -> *const i32 {
        self.bias.as_ptr().wrapping_add(block).cast()
    }

    /// Stores the outputs of `M` pixels and `N` blocks from their accumulators.
    ///
    /// # Safety
    /// *Enabled*. Blocks from `block` on are `N` of the tile's, and `first` is one of its
    /// pixels.
    #[inline(always)]
    pub(crate) unsafe fn finish<I: Isa, const M: usize, const N: usize>(
        &self,
        sums: [[I::Sums; M]; N],
        first: usize,
        block: usize,
        output: &mut [S::Element],
    ) {
        let all = M * N;
        let begin = output.as_mut_ptr();
        // SAFETY: *Enabled*; *Tile* 4: pixels below `count` and channels below `channels` have
        // an output.
        unsafe {
            if S::TO_INT8 {
                let Some(scales) = self.stage.scales() else {
                    debug_assert!(false, "a stage to int8 has scales");
                    return;
                };
                let to = begin.cast::<i8>();
                let inexact = if scales.are_one_sided() {
                    self.quads::<I, M, N, ONE_SIDED>(&sums, first, block, &scales, to)
                } else {
                    self.quads::<I, M, N, TWO_SIDED>(&sums, first, block, &scales, to)
                };
                if I::is_inexact(inexact) {
                    cold();
                    // A copy in memory, so that a loop can read it.
                    let spilled = sums;
                    for quad in 0..all.div_ceil(4) {
                        let scratch = &mut I::exact();
                        self.quad::<I, M, N, EXACT>(
                            &spilled, quad, first, block, &scales, to, scratch,
                        );
                    }
                }
            } else {
                let spilled = sums;
                for k in 0..all {
                    let (m, n) = (k / N, k % N);
                    let (channel, width) = self.channels_of(block + n);
                    if first + m < self.count {
                        let to = begin.wrapping_add((first + m) * self.output_stride + channel);
                        let words = self.words::<I, M, N>(&spilled, block, k);
                        finish_block(&self.stage, &I::spill(words), channel, to, width);
                    }
                }
            }
        }
    }

    /// Requantizes and stores four vectors after the other.
    ///
    /// # Safety
    /// *Enabled*. Blocks from `block` on are `N` of the tile's, and `first` is one of its
    /// pixels; `begin` are the outputs. *Int8*.
    #[inline(always)]
    unsafe fn quads<I: Isa, const M: usize, const N: usize, const METHOD: u8>(
        &self,
        sums: &[[I::Sums; M]; N],
        first: usize,
        block: usize,
        scales: &RequantParams<'_>,
        begin: *mut i8,
    ) -> I::Inexact {
        // No loop: sums stay in registers only where their places are constants.
        // SAFETY: as of this function.
        unsafe {
            let mut inexact = I::exact();
            unrolled!(quad in ((M * N).div_ceil(4)) of 0 1 2 3 4 5 => {
                self.quad::<I, M, N, METHOD>(sums, quad, first, block, scales, begin, &mut inexact);
            });
            inexact
        }
    }

    /// Requantizes and stores four vectors: those from the block `4 * quad` of the tile on.
    ///
    /// # Safety
    /// As of [`Tile::quads`]; `quad` is one of the tile's.
    #[inline(always)]
    #[expect(
        clippy::too_many_arguments,
        reason = "all of them are registers or constants"
    )]
    unsafe fn quad<I: Isa, const M: usize, const N: usize, const METHOD: u8>(
        &self,
        sums: &[[I::Sums; M]; N],
        quad: usize,
        first: usize,
        block: usize,
        scales: &RequantParams<'_>,
        begin: *mut i8,
        inexact: &mut I::Inexact,
    ) {
        let all = M * N;
        // True if the strip's outputs of a pixel are beside the next one's, or if
        // they are 64.
        let full = (block + N) * LANES <= self.channels;
        let joined = full && (N == 4 || N * LANES == self.output_stride);
        // Blocks of a pixel, then the next one's.
        let k = [4 * quad, 4 * quad + 1, 4 * quad + 2, 4 * quad + 3];
        let by = [
            scales.of(block + k[0] % N),
            scales.of(block + k[1] % N),
            scales.of(block + k[2] % N),
            scales.of(block + k[3] % N),
        ];
        // SAFETY: *Enabled*; *Tile* 4: pixels below `count` and channels below `channels` have
        // an output.
        unsafe {
            let words = [
                self.words::<I, M, N>(sums, block, k[0]),
                self.words::<I, M, N>(sums, block, k[1]),
                self.words::<I, M, N>(sums, block, k[2]),
                self.words::<I, M, N>(sums, block, k[3]),
            ];
            let bytes = match METHOD {
                ONE_SIDED => I::requantize::<true>(words, by, scales, inexact),
                TWO_SIDED => I::requantize::<false>(words, by, scales, inexact),
                _ => I::requantize_exactly(words, by, scales),
            };
            let to = begin.wrapping_add((first + k[0] / N) * self.output_stride + block * LANES);
            if joined && k[3] < all && first + k[3] / N < self.count {
                I::store(bytes, to);
            } else {
                unrolled!(i in 4 of 0 1 2 3 => {
                    let (m, n) = (k[i] / N, k[i] % N);
                    if k[i] < all && first + m < self.count {
                        let (channel, width) = self.channels_of(block + n);
                        let place = (first + m) * self.output_stride + channel;
                        I::store_one(bytes, i, begin.wrapping_add(place), width);
                    }
                });
            }
        }
    }

    /// The sums of pixel `k / N` and block `k % N`.
    ///
    /// # Safety
    /// *Enabled*. Blocks from `block` on are `N` of the tile's.
    #[inline(always)]
    unsafe fn words<I: Isa, const M: usize, const N: usize>(
        &self,
        sums: &[[I::Sums; M]; N],
        block: usize,
        k: usize,
    ) -> I::Words {
        let (m, n) = if k < M * N { (k / N, k % N) } else { (0, 0) };
        // SAFETY: *Enabled*; *Tile* 3.
        unsafe { I::finish_i32(sums[n][m], self.bias_of_block(block + n)) }
    }

    /// The first channel of a block, and the number of its channels: sixteen or fewer.
    #[inline(always)]
    fn channels_of(&self, block: usize) -> (usize, usize) {
        let channel = block * LANES;
        (channel, (self.channels - channel).min(LANES))
    }
}

/// Loads four inputs for all channels; `RAW` says that they are as in a tensor.
///
/// # Safety
/// *Enabled*. *Covered*: 4 bytes.
#[inline(always)]
pub(crate) unsafe fn inputs<I: Isa, const RAW: bool>(from: *const i8) -> I::Inputs {
    // SAFETY: *Enabled*, *Covered*.
    unsafe {
        if RAW {
            I::broadcast4_xor128(from)
        } else {
            I::broadcast4(from)
        }
    }
}

/// Stores the outputs of a block by a stage without a vector form, one after the other.
///
/// # Safety
/// *Covered*: `width` elements, but no more than sixteen.
#[inline(never)]
unsafe fn finish_block<S: Packed16Stage>(
    stage: &S,
    words: &[i32; LANES],
    channel: usize,
    to: *mut S::Element,
    width: usize,
) {
    for (i, &sum) in words.iter().enumerate().take(width) {
        // SAFETY: *Covered*: `width` elements.
        unsafe { to.wrapping_add(i).write(stage.finish(sum, channel + i)) };
    }
}
