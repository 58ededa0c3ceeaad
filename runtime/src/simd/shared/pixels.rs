//! The inputs of matrix products: rows of a matrix, or windows over an image, which are runs of
//! neighbouring bytes (no im2col). Tests: `kernels/packed16_tests.rs`, `tests/tests/simd_levels/`.

/// The inputs of each output pixel: runs of `4 * groups` bytes, one for each segment.
///
/// ```text
/// pixel (y, x), run s: bytes[y * pitch + x * input_stride + segments[s] ..][.. 4 * groups]
/// ```
#[derive(Clone, Copy)]
pub(crate) struct Pixels<'a> {
    /// The image or matrix: inputs XORed with `XOR128`, unless they are `raw`.
    pub(crate) bytes: &'a [i8],
    /// True if inputs are as they are in a tensor.
    pub(crate) raw: bool,
    /// Number of output pixels, all rows.
    pub(crate) count: usize,
    /// Output pixels of a row.
    pub(crate) width: usize,
    /// Bytes from one pixel's inputs to the next pixel's in its row.
    pub(crate) input_stride: usize,
    /// Bytes from one row's inputs to the next row's.
    pub(crate) pitch: usize,
    /// Offsets of the runs from the pixel's first input, in bytes.
    pub(crate) segments: &'a [u32],
    /// Groups of four inputs in a run, the last one filled up by weights of zero.
    pub(crate) groups: usize,
    /// Inputs of a run that have weights.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        expect(dead_code, reason = "only kernels for x86-64 read it")
    )]
    pub(crate) run: usize,
    /// Bytes from the beginning of the last run to the end of `bytes`.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        expect(dead_code, reason = "only kernels for x86-64 read it")
    )]
    pub(crate) rest: usize,
}

impl<'a> Pixels<'a> {
    /// Rows of a matrix of `depth` columns, a multiple of four, as pixels.
    #[inline(always)]
    pub(crate) fn rows(bytes: &'a [i8], depth: usize) -> Self {
        let count = bytes.len() / depth.max(1);
        Self {
            bytes,
            raw: false,
            count,
            width: count.max(1),
            input_stride: depth,
            pitch: 0,
            segments: &[0],
            groups: depth / 4,
            run: depth,
            rest: depth,
        }
    }

    /// One row of a tensor with `raw` inputs; its length is a multiple of four.
    #[inline(always)]
    pub(crate) fn raw_row(bytes: &'a [i8]) -> Self {
        Self {
            bytes,
            raw: true,
            count: 1,
            width: 1,
            input_stride: 0,
            pitch: 0,
            segments: &[0],
            groups: bytes.len() / 4,
            run: bytes.len(),
            rest: bytes.len(),
        }
    }

    /// Windows over an image, `height` times `width` of them. No pixels if some window ends outside
    /// of the image.
    #[inline(always)]
    pub(crate) fn windows(
        bytes: &'a [i8],
        [height, width]: [usize; 2],
        [pitch, input_stride]: [usize; 2],
        segments: &'a [u32],
        run: usize,
    ) -> Self {
        let last = height.saturating_sub(1) * pitch + width.saturating_sub(1) * input_stride;
        let last = last + segments.iter().max().map_or(0, |&s| s as usize);
        let groups = run.div_ceil(4);
        let fits = last + 4 * groups <= bytes.len() && !segments.is_empty();
        debug_assert!(fits, "windows end outside of the image");
        Self {
            bytes,
            raw: false,
            count: if fits { height * width } else { 0 },
            width: width.max(1),
            input_stride,
            pitch,
            segments,
            groups,
            run,
            rest: bytes.len().saturating_sub(last),
        }
    }

    /// These pixels over an image with `raw` inputs.
    #[inline(always)]
    pub(crate) fn as_in_tensor(self) -> Self {
        Self { raw: true, ..self }
    }

    /// True if there is one pixel with inputs side by side.
    #[inline(always)]
    pub(crate) fn is_single(&self) -> bool {
        self.count == 1 && self.segments.len() == 1
    }
}
