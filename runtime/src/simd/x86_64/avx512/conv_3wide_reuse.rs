//! x86_64-i8-avx512vnni, MR x NR = 16x16, KC = 4: windows of three columns that move by one pixel.
//! Each input is loaded once for the three output pixels that see it: loads limit one
//! block of channels, which has no other use for an input. Tests: `tests/tests/simd_levels/`.

use crate::params::gemm_packed16::Packed16Stage;
use crate::simd::shared::gemm_tile::{Strip, Tile};
use crate::simd::shared::isa::Isa;
use crate::simd::shared::pixels::Pixels;

/// Number of columns of the windows.
const COLUMNS: usize = 3;

impl Pixels<'_> {
    /// True if windows are three pixels wide and move by one.
    #[inline(always)]
    fn overlap(&self) -> bool {
        self.input_stride > 0
            && self.input_stride.is_multiple_of(4)
            && self.groups * 4 == COLUMNS * self.input_stride
    }
}

impl<S: Packed16Stage> Tile<'_, S> {
    /// All pixels by one block, sixteen pixels of a row at once; false if windows do not overlap
    /// so, or rows are shorter.
    ///
    /// # Safety
    /// *Enabled*. *Tile*, for a strip of one block.
    #[inline(always)]
    pub(crate) unsafe fn try_3wide_reuse<I: Isa>(
        &self,
        strip: Strip,
        output: &mut [S::Element],
    ) -> bool {
        let width = self.pixels.width;
        let are_whole = self.count.is_multiple_of(width);
        let fits = !self.pixels.raw && self.pixels.overlap() && are_whole && width >= 16;
        if fits {
            // SAFETY: *Enabled*, *Tile*; rows are whole and as wide.
            unsafe { self.rows::<I, 16>(strip, output) };
        }
        fits
    }

    /// All pixels by one block, `M` pixels of a row at once; a row's last pixels may be computed
    /// twice.
    ///
    /// # Safety
    /// *Enabled*. *Tile*, for a strip of one block, and rows of at least `M` pixels, all of
    /// them whole.
    #[inline(always)]
    unsafe fn rows<I: Isa, const M: usize>(&self, strip: Strip, output: &mut [S::Element]) {
        let Pixels {
            bytes,
            pitch,
            width,
            input_stride,
            ..
        } = *self.pixels;
        for y in 0..self.count / width {
            let mut x = 0;
            while x < width {
                let at = x.min(width - M);
                let from = bytes.as_ptr().wrapping_add(y * pitch + at * input_stride);
                // SAFETY: pixels of the row; *Enabled*, *Tile*.
                unsafe { self.row::<I, M>(y * width + at, from, strip, output) };
                x += M;
            }
        }
    }

    // No iterators around intrinsics.
    /// `M` neighbouring pixels of a row by one block.
    ///
    /// # Safety
    /// *Enabled*. *Tile*, for a strip of one block; `from` is the first input of pixel
    /// `first`, and `M` pixels of its row are there.
    #[inline(always)]
    unsafe fn row<I: Isa, const M: usize>(
        &self,
        first: usize,
        from: *const i8,
        strip: Strip,
        output: &mut [S::Element],
    ) {
        let Pixels {
            segments,
            input_stride,
            ..
        } = *self.pixels;
        // SAFETY: *Enabled*; *Tile*: `COLUMNS * input_stride / 4` groups follow each segment of each
        // pixel, and as many weights in the block.
        unsafe {
            let mut w = strip.weights();
            let mut sums = [[I::init_bias(self.bias_of(strip)); M]];
            for &segment in segments {
                let from = from.wrapping_add(segment as usize);
                for group in 0..input_stride / 4 {
                    let mut at = from.wrapping_add(4 * group);
                    let weights = [
                        I::load_w4(w),
                        I::load_w4(w.wrapping_add(input_stride * 16)),
                        I::load_w4(w.wrapping_add(input_stride * 32)),
                    ];
                    let mut next = I::broadcast4(at);
                    for m in 0..M + 2 {
                        let inputs = next;
                        at = at.wrapping_add(input_stride);
                        if m < M + 1 {
                            next = I::broadcast4(at);
                        }
                        for x in 0..COLUMNS {
                            if x <= m && m - x < M {
                                sums[0][m - x] = I::dot(sums[0][m - x], inputs, weights[x]);
                            }
                        }
                    }
                    w = w.wrapping_add(64);
                }
                w = w.wrapping_add(input_stride * 32);
            }
            self.finish::<I, M, 1>(sums, first, strip.block(), output);
        }
    }
}
