//! The kernels of a WebAssembly module that is compiled with simd128.

use super::depthwise::Plane;
use super::four::Fours;
use super::gemm::{self, Pixels};
use super::isa::BlockStage;
use super::level::level;
use super::plain::Plain;
use super::simd128::Simd128;
use crate::ops::Blocks;

/// Instruction sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// No intrinsics.
    Plain,
    /// simd128.
    Simd128,
}

/// All of them.
pub(super) const ALL: &[Level] = &[Level::Plain, Level::Simd128];

/// Tests compare both.
pub(super) const KNOWN: Option<Level> = None;

/// The module is compiled with it.
pub(super) fn has(_: Level) -> bool {
    true
}

/// All pixels by all channels.
pub(crate) fn gemm_pixels<S: BlockStage>(
    p: &Blocks<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    // SAFETY: *Enabled*: the module has simd128.
    unsafe {
        match level() {
            Level::Plain => gemm::all::<Plain, S, 1, 1, 1>(p, pixels, output),
            Level::Simd128 => gemm::all::<Fours<Simd128>, S, 2, 2, 2>(p, pixels, output),
        }
    }
}

/// One pixel by all channels.
pub(crate) fn gemm_pixel<S: BlockStage>(
    p: &Blocks<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    // SAFETY: *Enabled*: the module has simd128.
    unsafe {
        match level() {
            Level::Plain => gemm::single::<Plain, S>(p, pixels, output),
            Level::Simd128 => gemm::single::<Fours<Simd128>, S>(p, pixels, output),
        }
    }
}

/// Rows of a depthwise convolution.
pub(crate) fn depthwise_plane(plane: Plane<'_>, output: &mut [i8]) {
    // SAFETY: *Enabled*: the module has simd128.
    unsafe {
        match level() {
            Level::Plain => plane.run::<Plain>(output),
            Level::Simd128 => plane.run::<Fours<Simd128>>(output),
        }
    }
}
