//! x86_64-i8-avxvnni, MR x NR = 6x16, KC = 4: the shared loops over [`AvxVnni`]. Tests:
//! `tests/tests/simd_levels/`.

use crate::params::gemm_packed16::{Packed16, Packed16Stage};
use crate::simd::shared::dwconv::Plane;
use crate::simd::shared::gemm;
use crate::simd::shared::pixels::Pixels;
use crate::simd::x86_64::avxvnni::isa::AvxVnni;
use crate::simd::x86_64::common::gemv_zero_skip as zero_skip;

/// All pixels by all channels, six pixels and a block of sixteen channels at once.
///
/// # Safety
/// *Enabled*.
#[target_feature(enable = "avx2,fma,avxvnni")]
pub(crate) unsafe fn gemm<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    // SAFETY: *Enabled*.
    unsafe { gemm::gemm::<AvxVnni, S, 6>(p, pixels, output) }
}

/// One pixel with inputs side by side, by all channels.
///
/// # Safety
/// *Enabled*.
#[target_feature(enable = "avx2,fma,avxvnni")]
pub(crate) unsafe fn gemv<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    // SAFETY: *Enabled*.
    unsafe { gemm::gemv::<AvxVnni, S>(p, pixels, output) }
}

/// One row by all channels, in place of the kernel that needs a list of saturating pairs:
/// VPDPBUSD does not saturate sums, and reads the usual weights. Always true: all outputs are
/// computed.
///
/// # Safety
/// *Enabled*.
#[target_feature(enable = "avx2,fma,avxvnni")]
pub(crate) unsafe fn try_gemv_maddubs<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    _saturating: &[[u16; 2]],
    row: &Pixels<'_>,
    output: &mut [S::Element],
) -> bool {
    // SAFETY: *Enabled*.
    unsafe { gemm::gemv::<AvxVnni, S>(p, row, output) };
    true
}

/// One row by all channels; the weights of inputs that are zero are not read.
///
/// # Safety
/// *Enabled*.
#[target_feature(enable = "avx2,fma,avxvnni")]
pub(crate) unsafe fn gemv_zero_skip<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    rows: &[u8],
    input: &[i8],
    output: &mut [S::Element],
) {
    // SAFETY: *Enabled*.
    unsafe { zero_skip::gemv_zero_skip::<AvxVnni, S>(p, rows, input, output) }
}

/// The rows of a depthwise convolution, 32 elements at once.
///
/// # Safety
/// *Enabled*.
#[target_feature(enable = "avx2,fma,avxvnni")]
pub(crate) unsafe fn dwconv(plane: Plane<'_>, output: &mut [i8]) {
    // SAFETY: *Enabled*.
    unsafe { plane.run::<AvxVnni>(output) }
}
