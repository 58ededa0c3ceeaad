//! x86_64-i16-avx2-vpmaddwd, MR x NR = 4x16, KC = 2: matrix products of int16 inputs and int8
//! weights, which are widened where they are loaded. Tests: `tests/tests/simd_levels/`.

use core::arch::x86_64::*;

use crate::params::gemm_i16::GemmI16;
use crate::params::layout::LANES;
use crate::simd::shared::gemm_i16;
use crate::simd::shared::gemm_i16::{DotI16, Runs, WindowsI16};

/// AVX2: two registers of sums for each window.
struct Avx2;

impl DotI16 for Avx2 {
    #[inline(always)]
    unsafe fn sums<const M: usize>(
        weights: *const u8,
        from: &[*const i16; M],
        runs: Runs<'_>,
        bias: &[i32; LANES],
    ) -> [[i32; LANES]; M] {
        // SAFETY: *Enabled*, *Runs*.
        unsafe {
            let bias = bias.as_ptr().cast::<__m256i>();
            let [low, high] = [bias, bias.wrapping_add(1)].map(|b| b.read_unaligned());
            let mut sums = [[low, high]; M];
            let mut weights = weights.cast::<__m128i>();
            for &segment in runs.segments {
                for pair in 0..runs.pairs {
                    let w0 = _mm256_cvtepi8_epi16(_mm_loadu_si128(weights));
                    let w1 = _mm256_cvtepi8_epi16(_mm_loadu_si128(weights.wrapping_add(1)));
                    for m in 0..M {
                        let x = from[m].wrapping_add(segment as usize + 2 * pair);
                        let x = _mm256_set1_epi32(x.cast::<i32>().read_unaligned());
                        sums[m][0] = _mm256_add_epi32(sums[m][0], _mm256_madd_epi16(x, w0));
                        sums[m][1] = _mm256_add_epi32(sums[m][1], _mm256_madd_epi16(x, w1));
                    }
                    weights = weights.wrapping_add(2);
                }
            }
            let mut stored = [[0; LANES]; M];
            for m in 0..M {
                let to = stored[m].as_mut_ptr().cast::<__m256i>();
                _mm256_storeu_si256(to, sums[m][0]);
                _mm256_storeu_si256(to.wrapping_add(1), sums[m][1]);
            }
            stored
        }
    }
}

/// All windows by all channels.
///
/// # Safety
/// *Enabled*.
#[target_feature(enable = "avx2,fma")]
pub(crate) unsafe fn gemm(p: &GemmI16<'_>, windows: WindowsI16<'_>, output: &mut [i16]) {
    // SAFETY: *Enabled*.
    unsafe { gemm_i16::gemm::<Avx2, 4>(p, windows, output) }
}
