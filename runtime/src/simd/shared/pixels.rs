//! The inputs of matrix products: rows of a matrix, or windows over an image, which are runs of
//! neighbouring bytes (no im2col).

/// The inputs of each output pixel: runs of `4 * groups` bytes, one per segment.
#[derive(Clone, Copy)]
pub(crate) struct Pixels<'a> {
    /// Inputs plus 128.
    pub(crate) bytes: &'a [i8],
    /// They are as they are in a tensor.
    pub(crate) raw: bool,
    /// Output pixels, and those of a row of them.
    pub(crate) count: usize,
    pub(crate) width: usize,
    /// Bytes from one pixel's inputs to the next one's, and from row to row.
    pub(crate) step: usize,
    pub(crate) pitch: usize,
    /// Where runs begin, counted from the pixel's first input.
    pub(crate) segments: &'a [u32],
    pub(crate) groups: usize,
    /// Bytes of a run that have weights.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code))]
    pub(crate) run: usize,
    /// Bytes from the last run's beginning to the end.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code))]
    pub(crate) rest: usize,
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
    pub(crate) fn is_single(&self) -> bool {
        self.count == 1 && self.segments.len() == 1
    }
}
