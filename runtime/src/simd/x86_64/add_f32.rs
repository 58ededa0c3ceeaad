//! Weighted sums of two operands with AVX2 and AVX-512, whose fused multiplication and
//! addition take fewer steps than what LLVM makes of `ops/linear.rs`. The compiler's model:
//! `Linear::fused_sum` in `shortened`.

pub(crate) use crate::params::add::Sum;
use core::arch::x86_64::*;

use crate::simd::dispatch::level;
use crate::simd::target::Level;
use crate::simd::x86_64::avx512::requantize::{clamped, in_order};

impl Sum {
    /// Computes as many outputs as there are whole registers of, if the CPU has what it
    /// takes; gives their number.
    #[inline(always)]
    pub(crate) fn apply(self, a: &[i8], b: &[i8], output: &mut [i8]) -> usize {
        let count = a.len().min(b.len()).min(output.len());
        // SAFETY: *Covered*: `count` elements.
        unsafe { self.target(a.as_ptr(), b.as_ptr(), output.as_mut_ptr(), count) }
    }

    /// The same in place of the first operand.
    #[inline(always)]
    pub(crate) fn apply_in_place(self, in_out: &mut [i8], b: &[i8]) -> usize {
        let (count, at) = (in_out.len().min(b.len()), in_out.as_mut_ptr());
        // SAFETY: *Covered*: `count` elements.
        unsafe { self.target(at, b.as_ptr(), at, count) }
    }

    /// As many whole registers as there are.
    ///
    /// # Safety
    /// *Covered*: `count` elements of each; `output` may be `a`.
    #[inline(always)]
    unsafe fn target(self, a: *const i8, b: *const i8, output: *mut i8, count: usize) -> usize {
        // SAFETY: *Covered*; *Enabled*: the level is what the CPU has.
        unsafe {
            match level() {
                Level::Generic => 0,
                Level::Avx2 | Level::AvxVnni => self.avx2(a, b, output, count),
                Level::Avx512 | Level::Avx512Vbmi => self.avx512(a, b, output, count),
            }
        }
    }

    /// Whole registers with AVX2.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: `count` elements of each; `output` may be `a`.
    #[target_feature(enable = "avx2,fma")]
    unsafe fn avx2(self, a: *const i8, b: *const i8, output: *mut i8, count: usize) -> usize {
        let mut at = 0;
        while at + 32 <= count {
            // SAFETY: *Covered*: `count` elements; operands are read before the output is
            // written.
            unsafe {
                let (a, b) = (a.wrapping_add(at), b.wrapping_add(at));
                let low = _mm256_packs_epi32(self.eight(a, b, 0), self.eight(a, b, 8));
                let high = _mm256_packs_epi32(self.eight(a, b, 16), self.eight(a, b, 24));
                let bytes = _mm256_packs_epi16(low, high);
                let bytes = _mm256_max_epi8(bytes, _mm256_set1_epi8(self.min as i8));
                let bytes = _mm256_min_epi8(bytes, _mm256_set1_epi8(self.max as i8));
                let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
                let bytes = _mm256_permutevar8x32_epi32(bytes, order);
                _mm256_storeu_si256(output.wrapping_add(at).cast(), bytes);
            }
            at += 32;
        }
        at
    }

    /// Eight sums, rounded as [`Self::rounded`] does.
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

    /// Whole registers with AVX-512.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: `count` elements of each; `output` may be `a`.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn avx512(self, a: *const i8, b: *const i8, output: *mut i8, count: usize) -> usize {
        let mut at = 0;
        while at + 64 <= count {
            // SAFETY: *Covered*: `count` elements; operands are read before the output is
            // written.
            unsafe {
                let (a, b) = (a.wrapping_add(at), b.wrapping_add(at));
                let low = _mm512_packs_epi32(self.of(a, b, 0), self.of(a, b, 16));
                let high = _mm512_packs_epi32(self.of(a, b, 32), self.of(a, b, 48));
                let bytes = clamped([low, high], self.min, self.max);
                _mm512_storeu_si512(output.wrapping_add(at).cast(), in_order(bytes));
            }
            at += 64;
        }
        at
    }

    /// Sixteen sums, rounded as [`Self::rounded`] does.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: sixteen elements of each from `at` on.
    #[inline(always)]
    unsafe fn of(self, a: *const i8, b: *const i8, at: usize) -> __m512i {
        // SAFETY: *Covered*: sixteen elements each; *Enabled*.
        unsafe {
            let a = _mm512_cvtepi8_epi32(_mm_loadu_si128(a.wrapping_add(at).cast()));
            self.rounded(_mm512_cvtepi32_ps(a), b.wrapping_add(at))
        }
    }

    /// Sixteen sums, rounded to the nearest integer, ties to even.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: sixteen elements.
    #[inline(always)]
    pub(crate) unsafe fn rounded(self, a: __m512, b: *const i8) -> __m512i {
        // SAFETY: *Covered*: sixteen elements; *Enabled*.
        unsafe {
            let b = _mm512_cvtepi8_epi32(_mm_loadu_si128(b.cast()));
            let (first, second) = (_mm512_set1_ps(self.first), _mm512_set1_ps(self.second));
            let constant = _mm512_set1_ps(self.constant);
            let inner = _mm512_fmadd_ps(_mm512_cvtepi32_ps(b), second, constant);
            let sum = _mm512_fmadd_ps(a, first, inner);
            _mm512_cvt_roundps_epi32::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(sum)
        }
    }
}
