//! x86_64-i8-avx2: `y = round(a * first + (b * second + constant))`, clamped, of int8 operands in
//! f32, 32 elements at once. VFMADD takes fewer steps than what LLVM makes of
//! `kernels/elementwise_f32.rs`. The compiler's model: `Linear::fused_sum` in `niello-numeric`. Tests:
//! `tests/tests/simd_levels/`.

use core::arch::x86_64::*;

use crate::params::add::AddF32;

/// Adds as many elements as there are whole registers of; gives their number. `output` may be
/// `a`.
///
/// # Safety
/// *Enabled*. *Covered*: `count` elements of each; `output` may be `a`.
#[target_feature(enable = "avx2,fma")]
pub(crate) unsafe fn add_f32(
    p: AddF32,
    a: *const i8,
    b: *const i8,
    output: *mut i8,
    count: usize,
) -> usize {
    let mut at = 0;
    while at + 32 <= count {
        // SAFETY: *Covered*: `count` elements; operands are read before the output is
        // written.
        unsafe {
            let (a, b) = (a.wrapping_add(at), b.wrapping_add(at));
            let low = _mm256_packs_epi32(p.eight(a, b, 0), p.eight(a, b, 8));
            let high = _mm256_packs_epi32(p.eight(a, b, 16), p.eight(a, b, 24));
            let bytes = _mm256_packs_epi16(low, high);
            let bytes = _mm256_max_epi8(bytes, _mm256_set1_epi8(p.min as i8));
            let bytes = _mm256_min_epi8(bytes, _mm256_set1_epi8(p.max as i8));
            let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
            let bytes = _mm256_permutevar8x32_epi32(bytes, order);
            _mm256_storeu_si256(output.wrapping_add(at).cast(), bytes);
        }
        at += 32;
    }
    at
}

impl AddF32 {
    /// Eight sums, rounded to the nearest integer, ties to even.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: eight elements of each from `at` on.
    #[inline(always)]
    unsafe fn eight(self, a: *const i8, b: *const i8, at: usize) -> __m256i {
        // SAFETY: *Covered*: eight elements each; *Enabled*.
        unsafe {
            let wide = |from: *const i8| {
                let bytes = _mm_loadl_epi64(from.wrapping_add(at).cast());
                _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes))
            };
            let (first, second) = (_mm256_set1_ps(self.first), _mm256_set1_ps(self.second));
            let inner = _mm256_fmadd_ps(wide(b), second, _mm256_set1_ps(self.constant));
            _mm256_cvtps_epi32(_mm256_fmadd_ps(wide(a), first, inner))
        }
    }
}
