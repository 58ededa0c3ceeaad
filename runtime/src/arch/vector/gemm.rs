//! Pixels by blocks of channels, sums and what becomes of them.

use super::isa::{BlockStage, Isa, LANES};
use crate::ops::Blocks;

/// The body for each of some numbers that is below the bound, without a loop.
macro_rules! each {
    ($i:ident in $bound:tt of $($number:literal)* => $body:block) => {
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
    /// Inputs plus 128.
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
    ) -> Self {
        let all = Self {
            bytes,
            count: height * width,
            width: width.max(1),
            step,
            pitch,
            segments,
            groups,
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
}

/// A place among the pixels.
#[derive(Clone, Copy, Default)]
struct Cursor {
    x: usize,
    /// Where the row begins.
    row: usize,
}

impl Cursor {
    /// Where the inputs of the next `M` pixels begin; the last one's again if fewer
    /// are `left`.
    #[inline(always)]
    fn places<const M: usize>(&mut self, pixels: &Pixels<'_>, left: usize) -> [usize; M] {
        let mut at = 0;
        let mut places = [0; M];
        for (m, place) in places.iter_mut().enumerate() {
            if m < left {
                at = self.row + self.x * pixels.step;
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

/// Blocks whose weights lie side by side: four, then what is left by twos and ones.
#[inline(always)]
fn strip(left: usize) -> usize {
    match left {
        4.. => 4,
        2.. => 2,
        _ => 1,
    }
}

/// What a tile reads and writes; all of it in bounds.
struct Tile<'a, S: BlockStage> {
    pixels: Pixels<'a>,
    /// As many as there are outputs for.
    count: usize,
    bias: &'a [[i32; LANES]],
    channels: usize,
    stage: S,
}

/// All pixels by all channels; `output` has `channels` elements per pixel. `M4`, `M2`
/// and `M1` pixels at once by four, two blocks and one.
#[inline(always)]
pub(super) unsafe fn all<
    I: Isa,
    S: BlockStage,
    const M4: usize,
    const M2: usize,
    const M1: usize,
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
        .min(p.output.scales().map_or(usize::MAX, |s| s.channels.len()))
        .min(p.filter.len() / (groups * 4 * LANES).max(1));
    let count = pixels.count.min(output.len() / channels.max(1));
    if groups == 0 || count == 0 {
        return;
    }
    let tile = Tile {
        pixels,
        count,
        bias: p.bias,
        channels,
        stage: p.output,
    };
    let mut block = 0;
    while block < blocks {
        let width = strip(blocks - block);
        let strip = Strip {
            block,
            weights: p.filter.as_ptr().wrapping_add(block * groups * 4 * LANES),
            step: width * 4 * LANES,
        };
        // SAFETY: pixels and blocks exist, as counted above; the caller has enabled
        // the instruction set.
        unsafe {
            match width {
                4 if I::WIDE => tile.column::<I, M4, 4>(strip, output),
                2 if I::WIDE => tile.column::<I, M2, 2>(strip, output),
                _ => {
                    for n in 0..width {
                        let strip = Strip {
                            block: block + n,
                            weights: strip.weights.wrapping_add(n * 4 * LANES),
                            ..strip
                        };
                        tile.column::<I, M1, 1>(strip, output);
                    }
                }
            }
        }
        block += width;
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
    unsafe { all::<I, S, 1, 1, 1>(p, pixels, output) }
}

/// Neighbouring blocks.
#[derive(Clone, Copy)]
struct Strip {
    block: usize,
    weights: *const u8,
    /// From a group's weights to the next one's.
    step: usize,
}

impl<S: BlockStage> Tile<'_, S> {
    /// All pixels by `N` blocks.
    #[inline(always)]
    unsafe fn column<I: Isa, const M: usize, const N: usize>(
        &self,
        strip: Strip,
        output: &mut [S::Element],
    ) {
        let mut cursor = Cursor::default();
        let mut at = 0;
        while at < self.count {
            let places = cursor.places::<M>(&self.pixels, self.count - at);
            // SAFETY: pixels and blocks exist; the caller's promises.
            unsafe { self.run::<I, M, N>(at, places, strip, output) };
            at += M;
        }
    }

    /// `M` pixels by `N` blocks.
    // Iterators around intrinsics are closures, which lose the instruction set.
    #[expect(clippy::needless_range_loop)]
    #[inline(always)]
    unsafe fn run<I: Isa, const M: usize, const N: usize>(
        &self,
        first: usize,
        places: [usize; M],
        strip: Strip,
        output: &mut [S::Element],
    ) {
        let Pixels {
            bytes,
            segments,
            groups,
            ..
        } = self.pixels;
        let mut x = [bytes.as_ptr(); M];
        for (x, place) in x.iter_mut().zip(places) {
            *x = x.wrapping_add(place);
        }
        let (block, mut w) = (strip.block, strip.weights);
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
                    weights[n] = I::weights(w.add(n * 64));
                }
                for m in 0..M {
                    let from = x[m].add(at);
                    let inputs = I::inputs(from);
                    for n in 0..N {
                        sums[n][m] = I::dot(sums[n][m], inputs, weights[n]);
                    }
                }
                w = w.add(strip.step);
                at += 4;
                left -= 1;
                if left == 0 {
                    at = ends.next().map_or(at, |&s| s as usize);
                    left = groups;
                }
            }
            // No loops: sums stay in registers only where their places are constants.
            let all = M * N;
            let begin = output.as_mut_ptr();
            if let Some(scales) = self.stage.scales() {
                let by = scales.channels.as_ptr().wrapping_add(block);
                let begin = begin.cast::<i8>();
                // True if the strip's outputs of a pixel lie beside the next one's, or if
                // they are 64.
                let full = (block + N) * LANES <= self.channels;
                let joined = full && (N == 4 || N * LANES == self.channels);
                each!(quad in (all.div_ceil(4)) of 0 1 2 3 4 5 => {
                    // Blocks of a pixel, then the next one's.
                    let k = [4 * quad, 4 * quad + 1, 4 * quad + 2, 4 * quad + 3];
                    let words = [
                        self.words::<I, M, N>(&sums, block, k[0]),
                        self.words::<I, M, N>(&sums, block, k[1]),
                        self.words::<I, M, N>(&sums, block, k[2]),
                        self.words::<I, M, N>(&sums, block, k[3]),
                    ];
                    let by = [by.add(k[0] % N), by.add(k[1] % N), by.add(k[2] % N), by.add(k[3] % N)];
                    let bytes = I::requantize(words, by, &scales);
                    let to = begin.wrapping_add((first + k[0] / N) * self.channels + block * LANES);
                    if joined && k[3] < all && first + k[3] / N < self.count {
                        I::store(bytes, to);
                    } else {
                        each!(i in 4 of 0 1 2 3 => {
                            let (m, n) = (k[i] / N, k[i] % N);
                            if k[i] < all && first + m < self.count {
                                let (channel, width) = self.channels_of(block + n);
                                let place = (first + m) * self.channels + channel;
                                I::store_one(bytes, i, begin.add(place), width);
                            }
                        });
                    }
                });
            } else {
                each!(k in all of 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 => {
                    let (m, n) = (k / N, k % N);
                    let (channel, width) = self.channels_of(block + n);
                    if first + m < self.count {
                        let to = begin.add((first + m) * self.channels + channel);
                        let words = self.words::<I, M, N>(&sums, block, k);
                        finish(&self.stage, &I::spill(words), channel, to, width);
                    }
                });
            }
        }
    }

    /// The sums with this number, counted by pixel, then by block.
    #[inline(always)]
    unsafe fn words<I: Isa, const M: usize, const N: usize>(
        &self,
        sums: &[[I::Sums; M]; N],
        block: usize,
        k: usize,
    ) -> I::Words {
        let (m, n) = if k < M * N { (k / N, k % N) } else { (0, 0) };
        // SAFETY: in bounds; the caller's promises.
        unsafe {
            let bias = self.bias.as_ptr().wrapping_add(block + n);
            I::words(*sums.get_unchecked(n).get_unchecked(m), bias.cast())
        }
    }

    /// The first channel of a block, and how many there are.
    #[inline(always)]
    fn channels_of(&self, block: usize) -> (usize, usize) {
        let channel = block * LANES;
        (channel, (self.channels - channel).min(LANES))
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
