//! aarch64-i8-neondot, MR x NR = 4x16, KC = 4: the shared loops over [`Neon`] with the dot product
//! extension (FEAT_DotProd). Tests: `tests/cross`.

use crate::params::gemm_packed16::{Packed16, Packed16Stage};
use crate::simd::aarch64::neon::Neon;
use crate::simd::shared::dwconv::Plane;
use crate::simd::shared::gemm;
use crate::simd::shared::isa128::Split128;
use crate::simd::shared::pixels::Pixels;

/// All pixels by all channels, four pixels and a block of sixteen channels at once.
///
/// # Safety
/// *Enabled* (SDOT).
#[target_feature(enable = "dotprod")]
pub(crate) unsafe fn gemm<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    // SAFETY: *Enabled*.
    unsafe { gemm::gemm::<Split128<Neon<true>>, S, 4>(p, pixels, output) }
}

/// One pixel with inputs side by side, by all channels.
///
/// # Safety
/// *Enabled* (SDOT).
#[target_feature(enable = "dotprod")]
pub(crate) unsafe fn gemv<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    // SAFETY: *Enabled*.
    unsafe { gemm::gemv::<Split128<Neon<true>>, S>(p, pixels, output) }
}

/// The rows of a depthwise convolution, sixteen elements at once.
///
/// # Safety
/// *Enabled* (SDOT).
#[target_feature(enable = "dotprod")]
pub(crate) unsafe fn dwconv(plane: Plane<'_>, output: &mut [i8]) {
    // SAFETY: *Enabled*.
    unsafe { plane.run::<Split128<Neon<true>>>(output) }
}
