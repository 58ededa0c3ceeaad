//! Which instruction sets an AArch64 CPU has, and the kernels for each.

#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;

use crate::kernels::gemm_packed16::Blocks;
use crate::simd::aarch64::neon::Neon;
use crate::simd::dispatch::level;
use crate::simd::dwconv::Plane;
use crate::simd::gemm;
use crate::simd::gemm::Pixels;
use crate::simd::generic::Plain;
use crate::simd::isa::BlockStage;
use crate::simd::isa128::Fours;

/// Instruction sets, each with all that is below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// No intrinsics.
    Plain,
    /// Advanced SIMD, which every AArch64 CPU has.
    Neon,
    /// FEAT_DotProd: SDOT.
    DotProd,
}

/// All of them.
pub(super) const ALL: &[Level] = &[Level::Plain, Level::Neon, Level::DotProd];

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
unsafe fn pixels_dot<S: BlockStage>(
    p: &Blocks<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    // SAFETY: *Enabled*.
    unsafe { gemm::all::<Fours<Neon<true>>, S, 4, 4, 4>(p, pixels, output) }
}

/// All pixels by all channels.
pub(crate) fn gemm_pixels<S: BlockStage>(
    p: &Blocks<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    // SAFETY: *Enabled*: the level is what the CPU has.
    unsafe {
        match level() {
            Level::Plain => gemm::all::<Plain, S, 1, 1, 1>(p, pixels, output),
            Level::Neon => gemm::all::<Fours<Neon<false>>, S, 4, 4, 4>(p, pixels, output),
            Level::DotProd => pixels_dot(p, pixels, output),
        }
    }
}

/// One pixel by all channels, with SDOT.
///
/// # Safety
/// *Enabled* (SDOT).
#[target_feature(enable = "dotprod")]
unsafe fn pixel_dot<S: BlockStage>(
    p: &Blocks<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    // SAFETY: *Enabled*.
    unsafe { gemm::single::<Fours<Neon<true>>, S>(p, pixels, output) }
}

/// One pixel by all channels.
pub(crate) fn gemm_pixel<S: BlockStage>(
    p: &Blocks<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    // SAFETY: *Enabled*: the level is what the CPU has.
    unsafe {
        match level() {
            Level::Plain => gemm::single::<Plain, S>(p, pixels, output),
            Level::Neon => gemm::single::<Fours<Neon<false>>, S>(p, pixels, output),
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
    unsafe { plane.run::<Fours<Neon<true>>>(output) }
}

/// Rows of a depthwise convolution.
pub(crate) fn depthwise_plane(plane: Plane<'_>, output: &mut [i8]) {
    // SAFETY: *Enabled*: the level is what the CPU has.
    unsafe {
        match level() {
            Level::Plain => plane.run::<Plain>(output),
            Level::Neon => plane.run::<Fours<Neon<false>>>(output),
            Level::DotProd => depthwise_dot(plane, output),
        }
    }
}
