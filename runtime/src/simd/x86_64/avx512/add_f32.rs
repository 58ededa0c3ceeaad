//! x86_64-i8-avx512: `y = round(a * first + (b * second + constant))`, clamped, of int8 operands in
//! f32, 64 elements at once. The compiler's model: `Linear::fused_sum` in `niello-numeric`. Tests:
//! `tests/tests/simd_levels/`.

use core::arch::x86_64::*;

use crate::params::add::AddF32;
use crate::simd::x86_64::avx512::requantize::{clamped, in_order};

/// Adds as many elements as there are whole registers of; gives their number. `output` may be
/// `a`.
///
/// # Safety
/// *Enabled*. *Covered*: `count` elements of each; `output` may be `a`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(crate) unsafe fn add_f32(
    p: AddF32,
    a: *const i8,
    b: *const i8,
    output: *mut i8,
    count: usize,
) -> usize {
    let mut at = 0;
    while at + 64 <= count {
        // SAFETY: *Covered*: `count` elements; operands are read before the output is
        // written.
        unsafe {
            let (a, b) = (a.wrapping_add(at), b.wrapping_add(at));
            let low = _mm512_packs_epi32(p.sixteen(a, b, 0), p.sixteen(a, b, 16));
            let high = _mm512_packs_epi32(p.sixteen(a, b, 32), p.sixteen(a, b, 48));
            let bytes = clamped([low, high], p.min, p.max);
            _mm512_storeu_si512(output.wrapping_add(at).cast(), in_order(bytes));
        }
        at += 64;
    }
    at
}

impl AddF32 {
    /// Sixteen sums, rounded as [`Self::rounded`] does.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: sixteen elements of each from `at` on.
    #[inline(always)]
    unsafe fn sixteen(self, a: *const i8, b: *const i8, at: usize) -> __m512i {
        // SAFETY: *Covered*: sixteen elements each; *Enabled*.
        unsafe {
            let a = _mm512_cvtepi8_epi32(_mm_loadu_si128(a.wrapping_add(at).cast()));
            self.rounded(_mm512_cvtepi32_ps(a), b.wrapping_add(at))
        }
    }
}
