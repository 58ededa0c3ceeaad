//! Images between their padding, shifted, with AVX-512: `ops/padding.rs` says what they
//! are. Masks are slow: wherever there is room, whole registers are stored, and what comes
//! next overwrites the excess.

use core::arch::x86_64::*;

use super::SHIFT;
use super::level::{Level, level};

/// What becomes of a line.
#[derive(Clone, Copy)]
pub(crate) struct Lines {
    /// Bytes of padding in front.
    pub(crate) left: usize,
    /// Bytes of the image.
    pub(crate) length: usize,
    /// Bytes with all padding.
    pub(crate) pitch: usize,
    /// What padding consists of.
    pub(crate) fill: i8,
}

/// All lines of an image; `to` has room for as many. False if the CPU does not have what
/// it takes.
#[inline(always)]
pub(crate) fn pad_lines(from: &[i8], to: &mut [i8], p: Lines) -> bool {
    if level() < Level::Avx512 || p.left + p.length > p.pitch {
        return false;
    }
    let lines = (from.len() / p.length.max(1)).min(to.len() / p.pitch.max(1));
    // SAFETY: the CPU has AVX-512; the lines are in bounds.
    unsafe {
        let mut to = To::new(to);
        if p.pitch <= 64 {
            to.short_lines(from.as_ptr(), lines, p);
            return true;
        }
        to.fill(p.left, p.fill);
        for line in 0..lines {
            let from = from.get_unchecked(line * p.length..);
            to.copy(from, p.length);
            // The next line's left side, too.
            let right = p.pitch - p.left - p.length;
            let left = if line + 1 < lines { p.left } else { 0 };
            to.fill(right + left, p.fill);
        }
    }
    true
}

/// One line of every other of the runs of `depth` bytes, beginning with the first one:
/// `count` of them. What lies behind the line in `to` may be overwritten.
#[inline(always)]
pub(crate) fn pad_apart(from: &[i8], to: &mut [i8], [count, depth]: [usize; 2], p: Lines) -> bool {
    let reach = (2 * count).saturating_sub(1) * depth;
    let fits = reach <= from.len() && p.left + p.length <= p.pitch && p.pitch <= to.len();
    if level() < Level::Avx512 || !fits {
        return false;
    }
    // SAFETY: the CPU has AVX-512; all runs and the line are in bounds.
    unsafe {
        let mut to = To::new(to);
        to.fill(p.left, p.fill);
        if matches!(depth, 4 | 8 | 16 | 32) {
            to.copy_every_other(from, depth, p.length);
        } else {
            for i in 0..count {
                to.copy(from.get_unchecked(2 * i * depth..), depth);
            }
        }
        to.fill(p.pitch - p.left - p.length, p.fill);
    }
    true
}

/// Where to write, and how many bytes of room there are. What lies behind the bytes that
/// a function is asked to write may be overwritten.
struct To {
    at: *mut i8,
    room: usize,
}

/// The lowest bits, so many but at most 64.
#[inline(always)]
fn lowest(count: usize) -> u64 {
    if count < 64 { (1 << count) - 1 } else { !0 }
}

/// The first `count` bytes there, and what lies behind them if there is as much.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn load(from: *const i8, count: usize, there: usize) -> __m512i {
    // SAFETY: the caller's promises.
    unsafe {
        if there >= 64 {
            _mm512_loadu_si512(from.cast())
        } else {
            _mm512_maskz_loadu_epi8(lowest(count.min(there)), from)
        }
    }
}

impl To {
    fn new(to: &mut [i8]) -> Self {
        Self {
            at: to.as_mut_ptr(),
            room: to.len(),
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn store(&self, at: usize, count: usize, x: __m512i) {
        let to = self.at.wrapping_add(at);
        // SAFETY: there is room for `at` bytes and `count` more.
        unsafe {
            if at + 64 <= self.room {
                _mm512_storeu_si512(to.cast(), x);
            } else {
                _mm512_mask_storeu_epi8(to, lowest(count - at), x);
            }
        }
    }

    /// Goes on behind `count` bytes.
    fn skip(&mut self, count: usize) {
        self.at = self.at.wrapping_add(count);
        self.room -= count;
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn fill(&mut self, count: usize, fill: i8) {
        let fill = _mm512_set1_epi8(fill);
        let mut at = 0;
        while at < count {
            // SAFETY: the caller's promise of room.
            unsafe { self.store(at, count, fill) };
            at += 64;
        }
        self.skip(count);
    }

    /// The first `count` bytes, shifted.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn copy(&mut self, from: &[i8], count: usize) {
        let shift = _mm512_set1_epi8(SHIFT);
        let mut at = 0;
        while at < count {
            // SAFETY: the caller's promises.
            unsafe {
                let x = load(from.as_ptr().wrapping_add(at), count - at, from.len() - at);
                self.store(at, count, _mm512_xor_si512(x, shift));
            }
            at += 64;
        }
        self.skip(count);
    }

    /// Lines of at most 64 bytes with all padding.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn short_lines(&mut self, from: *const i8, lines: usize, p: Lines) {
        let shift = _mm512_set1_epi8(SHIFT);
        let fill = _mm512_set1_epi8(p.fill ^ SHIFT);
        let image = lowest(p.length) << p.left;
        for line in 0..lines {
            let from = from.wrapping_add(line * p.length).wrapping_sub(p.left);
            // SAFETY: of what is read, masks leave the line; the caller's promise of room.
            unsafe {
                let x = _mm512_mask_loadu_epi8(fill, image, from);
                self.store(0, p.pitch, _mm512_xor_si512(x, shift));
            }
            self.skip(p.pitch);
        }
    }

    /// Every other run of 4, 8, 16 or 32 bytes, in all `count` bytes, shifted.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn copy_every_other(&mut self, from: &[i8], depth: usize, count: usize) {
        let order = &EVERY_OTHER[(depth.ilog2() as usize - 2) % 4];
        let shift = _mm512_set1_epi8(SHIFT);
        let mut at = 0;
        // SAFETY: sixteen words; the caller's promises.
        unsafe {
            let order = _mm512_loadu_si512(order.as_ptr().cast());
            while at < count {
                let low = from.as_ptr().wrapping_add(2 * at);
                let there = from.len() - 2 * at;
                let a = load(low, 64, there);
                let b = load(low.wrapping_add(64), 64, there.saturating_sub(64));
                let x = _mm512_permutex2var_epi32(a, order, b);
                self.store(at, count, _mm512_xor_si512(x, shift));
                at += 64;
            }
        }
        self.skip(count);
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
