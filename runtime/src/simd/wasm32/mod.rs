//! The kernels of a WebAssembly module that is compiled with simd128.

#[cfg(target_arch = "wasm32")]
pub(crate) mod simd128;

use crate::params::gemm_packed16::Packed16;
use crate::params::gemm_packed16::Packed16Stage;
use crate::simd::dispatch::level;
use crate::simd::dwconv::Plane;
use crate::simd::gemm;
use crate::simd::gemm::Pixels;
use crate::simd::generic::Generic;
use crate::simd::isa128::Split128;
use crate::simd::wasm32::simd128::Simd128;

/// Instruction sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// No intrinsics.
    Generic,
    /// simd128.
    Simd128,
}

/// All of them.
pub(super) const ALL: &[Level] = &[Level::Generic, Level::Simd128];

/// Tests compare both.
pub(super) const KNOWN: Option<Level> = None;

/// The module is compiled with it.
pub(super) fn has(_: Level) -> bool {
    true
}

/// All pixels by all channels.
pub(crate) fn gemm_pixels<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    // SAFETY: *Enabled*: the module has simd128.
    unsafe {
        match level() {
            Level::Generic => gemm::all::<Generic, S, 1, 1, 1>(p, pixels, output),
            Level::Simd128 => gemm::all::<Split128<Simd128>, S, 2, 2, 2>(p, pixels, output),
        }
    }
}

/// One pixel by all channels.
pub(crate) fn gemm_pixel<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    // SAFETY: *Enabled*: the module has simd128.
    unsafe {
        match level() {
            Level::Generic => gemm::single::<Generic, S>(p, pixels, output),
            Level::Simd128 => gemm::single::<Split128<Simd128>, S>(p, pixels, output),
        }
    }
}

/// Rows of a depthwise convolution.
pub(crate) fn depthwise_plane(plane: Plane<'_>, output: &mut [i8]) {
    // SAFETY: *Enabled*: the module has simd128.
    unsafe {
        match level() {
            Level::Generic => plane.run::<Generic>(output),
            Level::Simd128 => plane.run::<Split128<Simd128>>(output),
        }
    }
}
