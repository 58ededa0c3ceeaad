//! x86_64-x8-avx2: pads rows and XORs bytes with 0x80, 32 bytes at once. Tests:
//! `tests/tests/simd_levels/`.

use core::arch::x86_64::*;

use crate::simd::x86_64::common::pad_xor128::{Lines, Register};

/// Pads all lines of an image.
///
/// # Safety
/// *Enabled*. The padding in front and the image fit a line.
#[target_feature(enable = "avx2,fma")]
pub(crate) unsafe fn pad_lines(from: &[i8], to: &mut [i8], p: Lines) {
    // SAFETY: *Enabled*.
    unsafe { p.pad::<__m256i>(from, to) }
}

/// Pads one line of every other run of bytes: `count` runs of `depth` bytes.
///
/// # Safety
/// *Enabled*. As many runs are there, and fit the line, for which there is room.
#[target_feature(enable = "avx2,fma")]
pub(crate) unsafe fn pad_every_other(
    from: &[i8],
    to: &mut [i8],
    [count, depth]: [usize; 2],
    p: Lines,
) {
    // SAFETY: *Enabled*.
    unsafe { p.pad_every_other::<__m256i>(from, to, [count, depth]) };
}

// SAFETY: functions access only memory that is *Covered*.
impl Register for __m256i {
    const SIZE: usize = 32;

    #[inline(always)]
    unsafe fn all(byte: i8) -> Self {
        // SAFETY: *Enabled*.
        unsafe { _mm256_set1_epi8(byte) }
    }

    #[inline(always)]
    unsafe fn load(from: *const i8) -> Self {
        // SAFETY: *Enabled*, *Covered*.
        unsafe { _mm256_loadu_si256(from.cast()) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const i8, count: usize) -> Self {
        let mut all = [0_i8; 32];
        // SAFETY: *Enabled*, *Covered*.
        unsafe {
            core::ptr::copy_nonoverlapping(from, all.as_mut_ptr(), count.min(32));
            Self::load(all.as_ptr())
        }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut i8) {
        // SAFETY: *Enabled*, *Covered*.
        unsafe { _mm256_storeu_si256(to.cast(), self) }
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut i8, count: usize) {
        let mut all = [0_i8; 32];
        // SAFETY: *Enabled*, *Covered*.
        unsafe {
            self.store(all.as_mut_ptr());
            core::ptr::copy_nonoverlapping(all.as_ptr(), to, count.min(32));
        }
    }

    #[inline(always)]
    unsafe fn xor(self, other: Self) -> Self {
        // SAFETY: *Enabled*.
        unsafe { _mm256_xor_si256(self, other) }
    }

    #[inline(always)]
    unsafe fn every_other(self, next: Self, depth: usize) -> Self {
        // SAFETY: *Enabled*.
        unsafe {
            match depth {
                4 => {
                    let (a, b) = (_mm256_castsi256_ps(self), _mm256_castsi256_ps(next));
                    let both = _mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(a, b));
                    _mm256_permute4x64_epi64::<0b11_01_10_00>(both)
                }
                8 => {
                    let both = _mm256_unpacklo_epi64(self, next);
                    _mm256_permute4x64_epi64::<0b11_01_10_00>(both)
                }
                _ => _mm256_permute2x128_si256::<0x20>(self, next),
            }
        }
    }
}
