//! Pixels by blocks of channels, sums and what becomes of them.

use super::isa::{BlockStage, Isa, LANES, Ready, Scales};
use crate::ops::Blocks;

/// The body for each of some numbers that is below the bound, without a loop.
macro_rules! each {
    ($i:ident in $bound:ident of $($number:literal)* => $body:block) => {
        $(
            if $number < $bound {
                let $i: usize = $number;
                $body
            }
        )*
    };
}

/// The inputs of each output pixel: runs of `4 * groups` bytes, one per segment.
#[derive(Clone, Copy)]
pub(crate) struct Pixels<'a> {
    bytes: &'a [i8],
    /// Output pixels, and those of a row of them.
    count: usize,
    width: usize,
    /// Bytes from one pixel's inputs to the next one's, and from row to row.
    step: usize,
    pitch: usize,
    /// Where runs begin, counted from the pixel's first input.
    segments: &'a [u32],
    groups: usize,
    /// Inputs are 128 more than they are.
    shifted: bool,
}

impl<'a> Pixels<'a> {
    /// Rows of a matrix, `depth` bytes (a multiple of four) and as far apart.
    #[inline(always)]
    pub(crate) fn rows(bytes: &'a [i8], depth: usize) -> Self {
        let count = bytes.len() / depth.max(1);
        Self {
            bytes,
            count,
            width: count.max(1),
            step: depth,
            pitch: 0,
            segments: &[0],
            groups: depth / 4,
            shifted: false,
        }
    }

    /// Windows over an image: `[height, width]` of them.
    #[inline(always)]
    pub(crate) fn windows(
        bytes: &'a [i8],
        [height, width]: [usize; 2],
        [pitch, step]: [usize; 2],
        segments: &'a [u32],
        groups: usize,
        shifted: bool,
    ) -> Self {
        let all = Self {
            bytes,
            count: height * width,
            width: width.max(1),
            step,
            pitch,
            segments,
            groups,
            shifted,
        };
        let last = height.saturating_sub(1) * pitch + width.saturating_sub(1) * step;
        let reach = segments.iter().max().map_or(0, |&s| s as usize) + 4 * groups;
        let fits = last + reach <= bytes.len() && !segments.is_empty();
        Self {
            count: if fits { all.count } else { 0 },
            ..all
        }
    }

    /// True if there is one pixel.
    #[inline(always)]
    pub(super) fn is_single(&self) -> bool {
        self.count == 1
    }

    /// Where the inputs of `M` pixels begin; the last one's again if there are fewer.
    #[inline(always)]
    fn places<const M: usize>(&self, first: usize) -> [usize; M] {
        let (mut x, mut row) = (first % self.width, first / self.width * self.pitch);
        let mut at = 0;
        let mut places = [0; M];
        for (m, place) in places.iter_mut().enumerate() {
            if first + m < self.count {
                at = row + x * self.step;
                x += 1;
                if x == self.width {
                    (x, row) = (0, row + self.pitch);
                }
            }
            *place = at;
        }
        places
    }
}

/// What a tile reads and writes; all of it in bounds.
struct Tile<'a, S: BlockStage> {
    pixels: Pixels<'a>,
    /// As many as there are outputs for.
    count: usize,
    weights: &'a [u8],
    bias: &'a [[i32; LANES]],
    channels: usize,
    stage: S,
}

/// All pixels by all channels; `output` has `channels` elements per pixel.
#[inline(always)]
pub(super) unsafe fn all<I: Isa, S: BlockStage, const M: usize, const SINGLE: usize>(
    p: &Blocks<'_, S>,
    pixels: Pixels<'_>,
    output: &mut [S::Element],
) {
    // SAFETY: the caller's promises are the same.
    unsafe {
        if pixels.shifted {
            shifted::<I, S, M, SINGLE, true>(p, pixels, output);
        } else {
            shifted::<I, S, M, SINGLE, false>(p, pixels, output);
        }
    }
}

#[inline(always)]
unsafe fn shifted<
    I: Isa,
    S: BlockStage,
    const M: usize,
    const SINGLE: usize,
    const SHIFTED: bool,
>(
    p: &Blocks<'_, S>,
    pixels: Pixels<'_>,
    output: &mut [S::Element],
) {
    let groups = pixels.groups * pixels.segments.len();
    let channels = p.channels.min(p.bias.len() * LANES);
    let blocks = channels
        .div_ceil(LANES)
        .min(p.bias.len())
        .min(p.filter.len() / (groups * 4 * LANES).max(1));
    let count = pixels.count.min(output.len() / channels.max(1));
    if groups == 0 || count == 0 {
        return;
    }
    let tile = Tile {
        pixels,
        count,
        weights: p.filter,
        bias: p.bias,
        channels,
        stage: p.output,
    };
    let mut block = 0;
    while block < blocks {
        let wide = blocks - block;
        let mut at = 0;
        // SAFETY: pixels and blocks exist, as counted above; the caller has enabled
        // the instruction set.
        unsafe {
            if I::WIDE && wide >= 4 {
                while at < count {
                    tile.run::<I, M, 4, SHIFTED>(at, block, output);
                    at += M;
                }
                block += 4;
            } else if I::WIDE && wide >= 2 {
                while at < count {
                    tile.run::<I, SINGLE, 2, SHIFTED>(at, block, output);
                    at += SINGLE;
                }
                block += 2;
            } else {
                while at < count {
                    tile.run::<I, SINGLE, 1, SHIFTED>(at, block, output);
                    at += SINGLE;
                }
                block += 1;
            }
        }
    }
}

/// One pixel.
#[inline(always)]
pub(super) unsafe fn single<I: Isa, S: BlockStage>(
    p: &Blocks<'_, S>,
    pixels: Pixels<'_>,
    output: &mut [S::Element],
) {
    // SAFETY: the caller's promises are the same.
    unsafe { all::<I, S, 1, 1>(p, pixels, output) }
}

impl<S: BlockStage> Tile<'_, S> {
    /// `M` pixels by `N` blocks.
    // Iterators around intrinsics are closures, which lose the instruction set.
    #[expect(clippy::needless_range_loop)]
    #[inline(always)]
    unsafe fn run<I: Isa, const M: usize, const N: usize, const SHIFTED: bool>(
        &self,
        first: usize,
        block: usize,
        output: &mut [S::Element],
    ) {
        let Pixels {
            bytes,
            segments,
            groups,
            ..
        } = self.pixels;
        let size = segments.len() * groups * 4 * LANES;
        let mut x = [bytes.as_ptr(); M];
        for (x, place) in x.iter_mut().zip(self.pixels.places::<M>(first)) {
            *x = x.wrapping_add(place);
        }
        let mut w = self.weights.as_ptr().wrapping_add(block * size);
        // SAFETY: `groups` groups lie behind each segment of each pixel, and as many
        // weights in each block; places are below `N` and `M`.
        unsafe {
            let bias = self.bias.as_ptr().wrapping_add(block);
            let mut sums = [[I::begin(bias.cast()); M]; N];
            for n in 1..N {
                sums[n] = [I::begin(bias.add(n).cast()); M];
            }
            // One loop over all segments: of two, sums would live in memory.
            let mut ends = segments.iter();
            let (mut at, mut left) = (ends.next().map_or(0, |&s| s as usize), groups);
            for _ in 0..segments.len() * groups {
                let mut weights = [I::weights(w); N];
                for n in 1..N {
                    weights[n] = I::weights(w.add(n * size));
                }
                for m in 0..M {
                    let from = x[m].add(at);
                    let inputs = if SHIFTED {
                        I::shifted_inputs(from)
                    } else {
                        I::inputs(from)
                    };
                    for n in 0..N {
                        sums[n][m] = I::dot(sums[n][m], inputs, weights[n]);
                    }
                }
                w = w.add(64);
                at += 4;
                left -= 1;
                if left == 0 {
                    at = ends.next().map_or(at, |&s| s as usize);
                    left = groups;
                }
            }
            // No loops: sums stay in registers only where their places are constants.
            let scales = self.stage.scales();
            each!(n in N of 0 1 2 3 => {
                let (channel, width) = self.channels_of(block + n);
                let column = sums.get_unchecked(n);
                let ready = scales.as_ref().and_then(|s| self.block_of(s, block + n));
                if let (Some(scales), Some((bias, ready))) = (&scales, ready) {
                    let by = I::multipliers(ready);
                    each!(m in M of 0 1 2 3 4 5 6 7 8 9 10 11 => {
                        if let Some(out) = self.place(first + m, channel, width, output) {
                            let words = I::words(*column.get_unchecked(m), bias.as_ptr());
                            I::store(I::requantize(words, &by, scales), out.cast(), width);
                        }
                    });
                } else if let Some(bias) = self.bias.get(block + n) {
                    each!(m in M of 0 1 2 3 4 5 6 7 8 9 10 11 => {
                        if let Some(out) = self.place(first + m, channel, width, output) {
                            let words = I::words(*column.get_unchecked(m), bias.as_ptr());
                            finish(&self.stage, &I::spill(words), channel, out, width);
                        }
                    });
                }
            });
        }
    }

    /// The first channel of a block, and how many there are.
    #[inline(always)]
    fn channels_of(&self, block: usize) -> (usize, usize) {
        let channel = block * LANES;
        (channel, (self.channels - channel).min(LANES))
    }

    /// Biases and multipliers of a block.
    #[inline(always)]
    fn block_of<'s>(
        &'s self,
        scales: &Scales<'s>,
        block: usize,
    ) -> Option<(&'s [i32; LANES], &'s Ready)> {
        Some((self.bias.get(block)?, scales.channels.get(block)?))
    }

    /// Where a pixel's outputs of a block go.
    #[inline(always)]
    fn place(
        &self,
        pixel: usize,
        channel: usize,
        width: usize,
        output: &mut [S::Element],
    ) -> Option<*mut S::Element> {
        let begin = pixel * self.channels + channel;
        let fits = pixel < self.count && begin + width <= output.len();
        fits.then(|| output.as_mut_ptr().wrapping_add(begin))
    }
}

/// Outputs of stages without a vector form.
#[inline(never)]
unsafe fn finish<S: BlockStage>(
    stage: &S,
    words: &[i32; LANES],
    channel: usize,
    to: *mut S::Element,
    width: usize,
) {
    for (i, &sum) in words.iter().enumerate().take(width) {
        // SAFETY: `width` elements are the caller's.
        unsafe { to.add(i).write(stage.finish(sum, channel + i)) };
    }
}
