//! Which instruction sets an AArch64 CPU has, and the kernels for each.

#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;

use crate::params::gemm_packed16::Packed16;
use crate::params::gemm_packed16::Packed16Stage;
use crate::simd::aarch64::neon::Neon;
use crate::simd::dispatch::level;
use crate::simd::dwconv::Plane;
use crate::simd::gemm;
use crate::simd::gemm::Pixels;
use crate::simd::generic::Generic;
use crate::simd::isa128::Split128;

/// Instruction sets, each with all that is below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// No intrinsics.
    Generic,
    /// Advanced SIMD, which every AArch64 CPU has.
    Neon,
    /// FEAT_DotProd: SDOT.
    DotProd,
}

/// All of them.
pub(super) const ALL: &[Level] = &[Level::Generic, Level::Neon, Level::DotProd];

/// The level, if the program is compiled for a CPU that has the highest.
pub(super) const KNOWN: Option<Level> = None;

/// What the program is compiled for, or, with the feature `std`, what there is: an
/// application may not read the CPU's feature registers, the system must tell.
pub(super) fn has(level: Level) -> bool {
    let dot = cfg!(target_feature = "dotprod");
    #[cfg(feature = "std")]
    let dot = dot || std::arch::is_aarch64_feature_detected!("dotprod");
    dot || level < Level::DotProd
}

/// All pixels by all channels, with SDOT.
///
/// # Safety
/// *Enabled* (SDOT).
#[target_feature(enable = "dotprod")]
unsafe fn pixels_dot<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    // SAFETY: *Enabled*.
    unsafe { gemm::all::<Split128<Neon<true>>, S, 4, 4, 4>(p, pixels, output) }
}

/// All pixels by all channels.
pub(crate) fn gemm_pixels<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    // SAFETY: *Enabled*: the level is what the CPU has.
    unsafe {
        match level() {
            Level::Generic => gemm::all::<Generic, S, 1, 1, 1>(p, pixels, output),
            Level::Neon => gemm::all::<Split128<Neon<false>>, S, 4, 4, 4>(p, pixels, output),
            Level::DotProd => pixels_dot(p, pixels, output),
        }
    }
}

/// One pixel by all channels, with SDOT.
///
/// # Safety
/// *Enabled* (SDOT).
#[target_feature(enable = "dotprod")]
unsafe fn pixel_dot<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    // SAFETY: *Enabled*.
    unsafe { gemm::single::<Split128<Neon<true>>, S>(p, pixels, output) }
}

/// One pixel by all channels.
pub(crate) fn gemm_pixel<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    // SAFETY: *Enabled*: the level is what the CPU has.
    unsafe {
        match level() {
            Level::Generic => gemm::single::<Generic, S>(p, pixels, output),
            Level::Neon => gemm::single::<Split128<Neon<false>>, S>(p, pixels, output),
            Level::DotProd => pixel_dot(p, pixels, output),
        }
    }
}

/// Rows of a depthwise convolution, with SDOT.
///
/// # Safety
/// *Enabled* (SDOT).
#[target_feature(enable = "dotprod")]
unsafe fn depthwise_dot(plane: Plane<'_>, output: &mut [i8]) {
    // SAFETY: *Enabled*.
    unsafe { plane.run::<Split128<Neon<true>>>(output) }
}

/// Rows of a depthwise convolution.
pub(crate) fn depthwise_plane(plane: Plane<'_>, output: &mut [i8]) {
    // SAFETY: *Enabled*: the level is what the CPU has.
    unsafe {
        match level() {
            Level::Generic => plane.run::<Generic>(output),
            Level::Neon => plane.run::<Split128<Neon<false>>>(output),
            Level::DotProd => depthwise_dot(plane, output),
        }
    }
}
