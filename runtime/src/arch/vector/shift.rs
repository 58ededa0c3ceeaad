//! Copies of every other pixel, shifted.

use core::arch::x86_64::*;

use super::level::{Level, level};

/// Every other run of `depth` elements of `from`, 128 added, side by side, if the CPU
/// has what it takes.
#[inline(always)]
pub(crate) fn shift_apart(from: &[i8], to: &mut [i8], depth: usize) -> bool {
    let count = to.len() / depth.max(1);
    let reach = count.saturating_sub(1) * 2 * depth + depth;
    if level() < Level::Avx512 || depth == 0 || count > 0 && reach > from.len() {
        return false;
    }
    // SAFETY: the runs are in bounds; the CPU has AVX-512.
    unsafe { avx512(from.as_ptr(), to.as_mut_ptr(), depth, count) };
    true
}

#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn avx512(from: *const i8, to: *mut i8, depth: usize, count: usize) {
    let shift = _mm512_set1_epi8(super::SHIFT);
    let mut at = 0;
    while at < depth {
        let left = depth - at;
        let mask = if left >= 64 { !0 } else { (1 << left) - 1 };
        for i in 0..count {
            // SAFETY: the mask leaves what lies behind the runs.
            unsafe {
                let run = _mm512_maskz_loadu_epi8(mask, from.wrapping_add(2 * i * depth + at));
                _mm512_mask_storeu_epi8(
                    to.wrapping_add(i * depth + at),
                    mask,
                    _mm512_xor_si512(run, shift),
                );
            }
        }
        at += 64;
    }
}
