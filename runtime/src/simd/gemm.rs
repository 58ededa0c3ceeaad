//! Pixels by channels: which tile comes after which.

use crate::params::gemm_packed16::Packed16;
use crate::params::gemm_packed16::Packed16Stage;
use crate::simd::gemm_tile::Tile;
use crate::simd::isa::Isa;

/// The inputs of each output pixel: runs of `4 * groups` bytes, one per segment.
#[derive(Clone, Copy)]
pub(crate) struct Pixels<'a> {
    /// Inputs plus 128.
    pub(super) bytes: &'a [i8],
    /// They are as they are in a tensor.
    pub(super) raw: bool,
    /// Output pixels, and those of a row of them.
    pub(super) count: usize,
    pub(super) width: usize,
    /// Bytes from one pixel's inputs to the next one's, and from row to row.
    pub(super) step: usize,
    pub(super) pitch: usize,
    /// Where runs begin, counted from the pixel's first input.
    pub(super) segments: &'a [u32],
    pub(super) groups: usize,
    /// Bytes of a run that have weights.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code))]
    pub(super) run: usize,
    /// Bytes from the last run's beginning to the end.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code))]
    pub(super) rest: usize,
}

impl<'a> Pixels<'a> {
    /// Rows of a matrix, `depth` bytes (a multiple of four) and as far apart.
    #[inline(always)]
    pub(crate) fn rows(bytes: &'a [i8], depth: usize) -> Self {
        let count = bytes.len() / depth.max(1);
        Self {
            bytes,
            raw: false,
            count,
            width: count.max(1),
            step: depth,
            pitch: 0,
            segments: &[0],
            groups: depth / 4,
            run: depth,
            rest: depth,
        }
    }

    /// One row of a tensor, which is not shifted; its depth is a multiple of four.
    #[inline(always)]
    pub(crate) fn raw_row(bytes: &'a [i8]) -> Self {
        Self {
            bytes,
            raw: true,
            count: 1,
            width: 1,
            step: 0,
            pitch: 0,
            segments: &[0],
            groups: bytes.len() / 4,
            run: bytes.len(),
            rest: bytes.len(),
        }
    }

    /// Windows over an image: `[height, width]` of them.
    #[inline(always)]
    pub(crate) fn windows(
        bytes: &'a [i8],
        [height, width]: [usize; 2],
        [pitch, step]: [usize; 2],
        segments: &'a [u32],
        run: usize,
    ) -> Self {
        let last = height.saturating_sub(1) * pitch + width.saturating_sub(1) * step;
        let last = last + segments.iter().max().map_or(0, |&s| s as usize);
        let groups = run.div_ceil(4);
        let fits = last + 4 * groups <= bytes.len() && !segments.is_empty();
        debug_assert!(fits, "windows end outside of the image");
        Self {
            bytes,
            raw: false,
            count: if fits { height * width } else { 0 },
            width: width.max(1),
            step,
            pitch,
            segments,
            groups,
            run,
            rest: bytes.len().saturating_sub(last),
        }
    }

    /// The same, but inputs are not shifted.
    #[inline(always)]
    pub(crate) fn as_in_tensor(self) -> Self {
        Self { raw: true, ..self }
    }

    /// True if there is one pixel, whose inputs lie side by side.
    #[inline(always)]
    pub(super) fn is_single(&self) -> bool {
        self.count == 1 && self.segments.len() == 1
    }
}

/// Blocks whose weights lie side by side: four, then what is left by twos and ones.
#[inline(always)]
pub(super) fn strip(left: usize) -> usize {
    match left {
        4.. => 4,
        2.. => 2,
        _ => 1,
    }
}

/// The strip that a block is in: its first block, and how many there are.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn strip_of(block: usize, blocks: usize) -> (usize, usize) {
    let mut begin = block / 4 * 4;
    loop {
        let width = strip(blocks - begin);
        if block < begin + width {
            return (begin, width);
        }
        begin += width;
    }
}

/// All pixels by all channels; `output` has `channels` elements per pixel. `M4`, `M2`
/// and `M1` pixels at once by four, two blocks and one.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
pub(super) unsafe fn all<
    I: Isa,
    S: Packed16Stage,
    const M4: usize,
    const M2: usize,
    const M1: usize,
>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    let Some((tile, blocks)) = Tile::new(p, pixels, output) else {
        debug_assert!(false, "inputs, weights or outputs are too short");
        return;
    };
    let mut block = 0;
    while block < blocks {
        let width = strip(blocks - block);
        // SAFETY: *Enabled*, *Tile*.
        unsafe {
            let strip = tile.strip(p.filter, block, width);
            match width {
                4 if I::try_strip::<S, 4>(&tile, strip, output) => {}
                2 if I::try_strip::<S, 2>(&tile, strip, output) => {}
                4 if I::WIDE && pixels.raw => tile.column::<I, M4, 4, true>(strip, output),
                4 if I::WIDE => tile.column::<I, M4, 4, false>(strip, output),
                2 if I::WIDE && pixels.raw => tile.column::<I, M2, 2, true>(strip, output),
                2 if I::WIDE => tile.column::<I, M2, 2, false>(strip, output),
                _ => {
                    for n in 0..width {
                        tile.one::<I, M1>(strip.part(n), output);
                    }
                }
            }
        }
        block += width;
    }
}

/// One pixel, whose inputs lie side by side.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
pub(super) unsafe fn single<I: Isa, S: Packed16Stage>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    // SAFETY: *Enabled*.
    unsafe {
        if pixels.raw {
            single_of::<I, S, true>(p, pixels, output);
        } else {
            single_of::<I, S, false>(p, pixels, output);
        }
    }
}

/// One pixel, whose inputs are as `RAW` says.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
unsafe fn single_of<I: Isa, S: Packed16Stage, const RAW: bool>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    let Some((tile, blocks)) = Tile::new(p, pixels, output) else {
        debug_assert!(false, "inputs, weights or outputs are too short");
        return;
    };
    let mut block = 0;
    while block < blocks {
        let width = strip(blocks - block);
        // SAFETY: *Enabled*, *Tile*.
        unsafe {
            let strip = tile.strip(p.filter, block, width);
            match width {
                4 if I::WIDE => tile.single::<I, 4, RAW>(strip, output),
                2 if I::WIDE => tile.single::<I, 2, RAW>(strip, output),
                _ => {
                    for n in 0..width {
                        tile.single::<I, 1, RAW>(strip.part(n), output);
                    }
                }
            }
        }
        block += width;
    }
}
