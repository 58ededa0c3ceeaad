//! x86_64-x8-avx512: pads rows and XORs bytes with 0x80, 64 bytes at once. Tests:
//! `tests/tests/simd_levels/`.

use core::arch::x86_64::*;

use crate::params::layout::XOR128;
use crate::simd::x86_64::common::pad_xor128::{Lines, OutCursor, Register, lowest};

/// Pads all lines of an image.
///
/// # Safety
/// *Enabled*. The padding in front and the image fit a line.
#[target_feature(enable = "avx512f,avx512bw")]
pub(crate) unsafe fn pad_lines(from: &[i8], to: &mut [i8], p: Lines) {
    // SAFETY: *Enabled*.
    unsafe {
        if p.pitch <= 64 {
            OutCursor::new(to).short_lines(from.as_ptr(), p.count(from, to), p);
        } else {
            p.pad::<__m512i>(from, to);
        }
    }
}

/// Pads one line of every other run of bytes: `count` runs of `depth` bytes.
///
/// # Safety
/// *Enabled*. As many runs are there, and fit the line, for which there is room.
#[target_feature(enable = "avx512f,avx512bw")]
pub(crate) unsafe fn pad_every_other(
    from: &[i8],
    to: &mut [i8],
    [count, depth]: [usize; 2],
    p: Lines,
) {
    // SAFETY: *Enabled*.
    unsafe { p.pad_every_other::<__m512i>(from, to, [count, depth]) };
}

impl OutCursor {
    /// Lines of at most 64 bytes with all padding.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: as many lines; there is room for them with their padding.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn short_lines(&mut self, from: *const i8, lines: usize, p: Lines) {
        let xor128 = _mm512_set1_epi8(XOR128);
        let fill = _mm512_set1_epi8(p.fill ^ XOR128);
        let image = lowest(p.length) << p.left;
        for line in 0..lines {
            let from = from.wrapping_add(line * p.length).wrapping_sub(p.left);
            // SAFETY: there is room, as this function asks; *Enabled*.
            unsafe {
                let x = _mm512_mask_loadu_epi8(fill, image, from);
                self.store(0, p.pitch, _mm512_xor_si512(x, xor128));
            }
            self.skip(p.pitch);
        }
    }
}

// SAFETY: functions access only memory that is *Covered*.
impl Register for __m512i {
    const SIZE: usize = 64;

    #[inline(always)]
    unsafe fn all(byte: i8) -> Self {
        // SAFETY: *Enabled*.
        unsafe { _mm512_set1_epi8(byte) }
    }

    #[inline(always)]
    unsafe fn load(from: *const i8) -> Self {
        // SAFETY: *Enabled*, *Covered*.
        unsafe { _mm512_loadu_si512(from.cast()) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const i8, count: usize) -> Self {
        // SAFETY: *Enabled*, *Covered*.
        unsafe { _mm512_maskz_loadu_epi8(lowest(count), from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut i8) {
        // SAFETY: *Enabled*, *Covered*.
        unsafe { _mm512_storeu_si512(to.cast(), self) }
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut i8, count: usize) {
        // SAFETY: *Enabled*, *Covered*.
        unsafe { _mm512_mask_storeu_epi8(to, lowest(count), self) }
    }

    #[inline(always)]
    unsafe fn xor(self, other: Self) -> Self {
        // SAFETY: *Enabled*.
        unsafe { _mm512_xor_si512(self, other) }
    }

    #[inline(always)]
    unsafe fn every_other(self, next: Self, depth: usize) -> Self {
        let order = &EVERY_OTHER[(depth.ilog2() as usize - 2) % 4];
        // SAFETY: *Covered*: sixteen words.
        unsafe {
            let order = _mm512_loadu_si512(order.as_ptr().cast());
            _mm512_permutex2var_epi32(self, order, next)
        }
    }
}

/// By the binary logarithm of words in a run: which of 32 words are of every other run.
const EVERY_OTHER: [[i32; 16]; 4] = {
    let mut all = [[0; 16]; 4];
    let mut i = 0;
    while i < 4 * 16 {
        let (log, word) = (i / 16, i % 16);
        all[log][word] = ((word >> log << log) + word) as i32;
        i += 1;
    }
    all
};
