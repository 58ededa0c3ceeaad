//! What kernels of MEAN over height and width read. Tests: `tests/tests/simd_levels/`.

/// An image whose channels are averaged, and the range of the outputs.
#[derive(Clone, Copy)]
pub(crate) struct MeanHw<'a> {
    /// The image: for each pixel, `channels` elements.
    pub(crate) pixels: &'a [i8],
    /// Number of channels of a pixel.
    pub(crate) channels: usize,
    /// Smallest output; smaller ones are clamped.
    pub(crate) min: i32,
    /// Largest output; larger ones are clamped.
    pub(crate) max: i32,
}
