//! x86_64-i16-avx512vnni-vpdpwssd, MR x NR = 8x16, KC = 2: matrix products of int16 inputs and int8
//! weights, which are widened where they are loaded. Tests: `tests/tests/simd_levels/`.

use core::arch::x86_64::*;

use crate::params::gemm_i16::GemmI16;
use crate::params::layout::LANES;
use crate::simd::shared::gemm_i16;
use crate::simd::shared::gemm_i16::{DotI16, Runs, WindowsI16};

/// AVX-512: one register of sums for each window.
struct Avx512;

impl DotI16 for Avx512 {
    #[inline(always)]
    unsafe fn sums<const M: usize>(
        weights: *const u8,
        from: &[*const i16; M],
        runs: Runs<'_>,
        bias: &[i32; LANES],
    ) -> [[i32; LANES]; M] {
        // SAFETY: *Enabled*, *Runs*.
        unsafe {
            let mut sums = [_mm512_loadu_si512(bias.as_ptr().cast()); M];
            let mut weights = weights.cast::<__m256i>();
            for &segment in runs.segments {
                for pair in 0..runs.pairs {
                    let w = _mm512_cvtepi8_epi16(_mm256_loadu_si256(weights));
                    for m in 0..M {
                        let x = from[m].wrapping_add(segment as usize + 2 * pair);
                        let x = _mm512_set1_epi32(x.cast::<i32>().read_unaligned());
                        sums[m] = _mm512_dpwssd_epi32(sums[m], x, w);
                    }
                    weights = weights.wrapping_add(1);
                }
            }
            let mut stored = [[0; LANES]; M];
            for m in 0..M {
                _mm512_storeu_si512(stored[m].as_mut_ptr().cast(), sums[m]);
            }
            stored
        }
    }
}

/// All windows by all channels.
///
/// # Safety
/// *Enabled*.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(crate) unsafe fn gemm(p: &GemmI16<'_>, windows: WindowsI16<'_>, output: &mut [i16]) {
    // SAFETY: *Enabled*.
    unsafe { gemm_i16::gemm::<Avx512, 8>(p, windows, output) }
}
