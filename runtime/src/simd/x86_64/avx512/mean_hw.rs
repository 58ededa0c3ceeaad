//! x86_64-i8-avx512vnni: means over height and width, `y[c] = round(sum of x[p][c] / pixels)`, half
//! away from zero. One VPDPBUSD adds up four pixels, as products with ones. The compiler's model
//! of the division: `mean` in `simd_models`. Tests: `tests/tests/simd_levels/`.

#![expect(
    clippy::needless_range_loop,
    reason = "registers in arrays need constant indices; closures lose the instruction set"
)]

use core::arch::x86_64::*;

use crate::params::layout::XOR128;
use crate::simd::x86_64::avx512::isa::interleave;
use crate::simd::x86_64::avx512::requantize::clamped;
use crate::simd::x86_64::common::mean_hw::MeanHw;

/// Channels that are computed at once.
const CHANNELS: usize = 64;

/// The largest number of pixels: the sums of more would not be exact in f32.
const MAX_PIXELS: usize = (1 << 16) - 1;

/// The means of all channels; false if there are too many pixels.
///
/// # Safety
/// *Enabled*.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(crate) unsafe fn try_mean_hw(image: MeanHw<'_>, output: &mut [i8]) -> bool {
    let count = image.pixels.len() / image.channels.max(1);
    let fits = (1..=MAX_PIXELS).contains(&count) && output.len() == image.channels;
    if fits {
        // SAFETY: *Enabled*; there are as many pixels and outputs.
        unsafe { image.run(count, output) };
    }
    fits
}

impl MeanHw<'_> {
    /// Computes the means of all channels over `count` pixels.
    ///
    /// # Safety
    /// *Enabled*. There are `count` pixels, and an output for each channel.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn run(self, count: usize, output: &mut [i8]) {
        for begin in (0..self.channels).step_by(CHANNELS) {
            let channels = (self.channels - begin).min(CHANNELS);
            let mask = !0 >> (CHANNELS - channels);
            // SAFETY: this number of channels of all pixels and outputs is there; *Enabled*.
            unsafe {
                let mut from = self.pixels.as_ptr().wrapping_add(begin);
                // Inputs are added as unsigned ones, 128 more than they are.
                let mut sums = [_mm512_set1_epi32(i32::from(XOR128) * count as i32); 4];
                let mut i = 0;
                while i < count {
                    let mut four = [_mm512_setzero_si512(); 4];
                    for k in 0..4 {
                        if i + k < count {
                            let x = _mm512_maskz_loadu_epi8(mask, from);
                            from = from.wrapping_add(self.channels);
                            four[k] = _mm512_xor_si512(x, _mm512_set1_epi8(XOR128));
                        }
                    }
                    let words = interleave(four);
                    for j in 0..4 {
                        sums[j] = _mm512_dpbusd_epi32(sums[j], words[j], _mm512_set1_epi8(1));
                    }
                    i += 4;
                }
                let low = _mm512_packs_epi32(mean(sums[0], count), mean(sums[1], count));
                let high = _mm512_packs_epi32(mean(sums[2], count), mean(sums[3], count));
                let bytes = clamped([low, high], self.min, self.max);
                _mm512_mask_storeu_epi8(output.as_mut_ptr().wrapping_add(begin), mask, bytes);
            }
        }
    }
}

/// Divides sixteen sums by `count`, rounded half away from zero. Integers below 2^24 are exact in
/// f32, and no quotient is rounded to an integer that it does not reach.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
unsafe fn mean(sums: __m512i, count: usize) -> __m512i {
    // SAFETY: *Enabled*.
    unsafe {
        let half = _mm512_set1_epi32(count as i32 / 2);
        let is_positive = _mm512_cmpgt_epi32_mask(sums, _mm512_setzero_si512());
        let away = _mm512_mask_add_epi32(_mm512_sub_epi32(sums, half), is_positive, sums, half);
        let count = _mm512_set1_ps(count as f32);
        _mm512_cvttps_epi32(_mm512_div_ps(_mm512_cvtepi32_ps(away), count))
    }
}
