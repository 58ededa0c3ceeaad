//! The kernels of a WebAssembly module that is compiled with simd128.

#[cfg(target_arch = "wasm32")]
pub(crate) mod simd128;

use crate::kernels::gemm_packed16::Blocks;
use crate::simd::dispatch::level;
use crate::simd::dwconv::Plane;
use crate::simd::gemm;
use crate::simd::gemm::Pixels;
use crate::simd::generic::Plain;
use crate::simd::isa::BlockStage;
use crate::simd::isa128::Fours;
use crate::simd::wasm32::simd128::Simd128;

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
