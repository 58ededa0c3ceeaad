//! What kernels of 3x3 depthwise convolutions read where a level needs no padded image. Tests:
//! `tests/tests/simd_levels/`.

use crate::simd::shared::dwconv::Plane;

/// Windows of 3x3 neighbours over an image as it is in a tensor, without padding.
#[derive(Clone, Copy)]
pub(crate) struct Unpadded<'a> {
    /// The image as inputs; of the taps only the number counts: three rows of three.
    pub(crate) plane: Plane<'a>,
    /// Rows of the image, and elements of a row.
    pub(crate) size: [usize; 2],
    /// Number of channels of a pixel.
    pub(crate) channels: usize,
    /// Rows and columns from one output to the next.
    pub(crate) stride: [usize; 2],
    /// Rows and columns of padding in front of the image.
    pub(crate) padding: [usize; 2],
    /// The input's zero point, which padding consists of.
    pub(crate) zero_point: i8,
}
