//! Images between their padding, shifted, with AVX2 and AVX-512: `ops/padding.rs` says what
//! they are. Masks are slow: wherever there is room, whole registers are stored, and what
//! comes next overwrites the excess.

use core::arch::x86_64::*;

use crate::params::layout::INPUT_XOR;
use crate::simd::dispatch::level;
use crate::simd::target::Level;

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
    if p.left + p.length > p.pitch {
        return false;
    }
    // SAFETY: *Enabled*: the CPU has the level; lines have room for what is in them.
    unsafe {
        match level() {
            Level::Generic => return false,
            Level::Avx2 | Level::AvxVnni => lines_with_avx2(from, to, p),
            Level::Avx512 | Level::Avx512Vbmi => lines_with_avx512(from, to, p),
        }
    }
    true
}

/// All lines, with AVX-512.
///
/// # Safety
/// *Enabled*. The padding in front and the image fit a line.
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn lines_with_avx512(from: &[i8], to: &mut [i8], p: Lines) {
    // SAFETY: *Enabled*.
    unsafe {
        if p.pitch <= 64 {
            OutCursor::new(to).short_lines(from.as_ptr(), p.count(from, to), p);
        } else {
            p.pad::<__m512i>(from, to);
        }
    }
}

/// All lines, with AVX2.
///
/// # Safety
/// *Enabled*. The padding in front and the image fit a line.
#[target_feature(enable = "avx2,fma")]
unsafe fn lines_with_avx2(from: &[i8], to: &mut [i8], p: Lines) {
    // SAFETY: *Enabled*.
    unsafe { p.pad::<__m256i>(from, to) };
}

impl Lines {
    /// Lines that are there and that there is room for.
    #[inline(always)]
    fn count(&self, from: &[i8], to: &[i8]) -> usize {
        (from.len() / self.length.max(1)).min(to.len() / self.pitch.max(1))
    }

    /// All lines by whole registers.
    ///
    /// # Safety
    /// *Enabled*. The padding in front and the image fit a line.
    #[inline(always)]
    unsafe fn pad<R: Register>(self, from: &[i8], to: &mut [i8]) {
        let lines = self.count(from, to);
        // SAFETY: *Enabled*; `count` lines are there, and room for them.
        unsafe {
            let mut to = OutCursor::new(to);
            to.fill::<R>(self.left, self.fill);
            for line in 0..lines {
                let from = from.get_unchecked(line * self.length..);
                to.copy::<R>(from, self.length);
                // The next line's left side, too.
                let right = self.pitch - self.left - self.length;
                let left = if line + 1 < lines { self.left } else { 0 };
                to.fill::<R>(right + left, self.fill);
            }
        }
    }
}

/// One line of every other of the runs of `depth` bytes, beginning with the first one:
/// `count` of them. What lies behind the line in `to` may be overwritten.
#[inline(always)]
pub(crate) fn pad_apart(from: &[i8], to: &mut [i8], runs: [usize; 2], p: Lines) -> bool {
    let [count, depth] = runs;
    let reach = (2 * count).saturating_sub(1) * depth;
    let fits = reach <= from.len() && p.left + p.length <= p.pitch && p.pitch <= to.len();
    if !fits {
        return false;
    }
    // SAFETY: *Enabled*: the CPU has the level; all runs and the line are in bounds.
    unsafe {
        match level() {
            Level::Generic => return false,
            Level::Avx2 | Level::AvxVnni => apart_with_avx2(from, to, runs, p),
            Level::Avx512 | Level::Avx512Vbmi => apart_with_avx512(from, to, runs, p),
        }
    }
    true
}

/// Every other run, with AVX-512.
///
/// # Safety
/// *Enabled*. As many runs are there, and fit the line, for which there is room.
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn apart_with_avx512(from: &[i8], to: &mut [i8], runs: [usize; 2], p: Lines) {
    // SAFETY: *Enabled*.
    unsafe { p.apart::<__m512i>(from, to, runs) };
}

/// Every other run, with AVX2.
///
/// # Safety
/// *Enabled*. As many runs are there, and fit the line, for which there is room.
#[target_feature(enable = "avx2,fma")]
unsafe fn apart_with_avx2(from: &[i8], to: &mut [i8], runs: [usize; 2], p: Lines) {
    // SAFETY: *Enabled*.
    unsafe { p.apart::<__m256i>(from, to, runs) };
}

impl Lines {
    /// Every other run by whole registers.
    ///
    /// # Safety
    /// *Enabled*. As many runs are there, and fit the line, for which there is room.
    #[inline(always)]
    unsafe fn apart<R: Register>(self, from: &[i8], to: &mut [i8], [count, depth]: [usize; 2]) {
        // SAFETY: *Enabled*.
        unsafe {
            let mut to = OutCursor::new(to);
            to.fill::<R>(self.left, self.fill);
            if depth < R::SIZE && matches!(depth, 4 | 8 | 16 | 32) {
                to.copy_every_other::<R>(from, depth, self.length);
            } else {
                for i in 0..count {
                    to.copy::<R>(from.get_unchecked(2 * i * depth..), depth);
                }
            }
            to.fill::<R>(self.pitch - self.left - self.length, self.fill);
        }
    }
}

/// A register of bytes, where its instruction set is enabled.
trait Register: Copy {
    /// Bytes.
    const SIZE: usize;
    /// All bytes alike.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn all(byte: i8) -> Self;
    /// As many bytes as there are in a register.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: `SIZE` bytes.
    unsafe fn load(from: *const i8) -> Self;
    /// The first `count` bytes, at most as many.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: `count` bytes.
    unsafe fn load_first(from: *const i8, count: usize) -> Self;
    /// Stores all bytes.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: `SIZE` bytes.
    unsafe fn store(self, to: *mut i8);
    /// Stores the first `count` bytes, at most all.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: `count` bytes.
    unsafe fn store_first(self, to: *mut i8, count: usize);
    /// Bit by bit.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn xor(self, other: Self) -> Self;
    /// Of both registers every other run of `depth` bytes: 4, 8, 16 or 32, but less than a
    /// register has.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn every_other(self, next: Self, depth: usize) -> Self;
}

// SAFETY: functions access no more than what is *Covered*.
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

// SAFETY: functions access no more than what is *Covered*.
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

/// Where to write, and how many bytes of room there are. What lies behind the bytes that
/// a function is asked to write may be overwritten.
struct OutCursor {
    at: *mut i8,
    room: usize,
}

/// The lowest bits, so many but at most 64.
#[inline(always)]
fn lowest(count: usize) -> u64 {
    if count < 64 { (1 << count) - 1 } else { !0 }
}

/// The first `count` bytes there, and what lies behind them if there is as much.
///
/// # Safety
/// *Enabled*. *Covered*: `there` bytes.
#[inline(always)]
unsafe fn load<R: Register>(from: *const i8, count: usize, there: usize) -> R {
    // SAFETY: *Enabled*, *Covered*.
    unsafe {
        if there >= R::SIZE {
            R::load(from)
        } else {
            R::load_first(from, count.min(there))
        }
    }
}

impl OutCursor {
    #[inline(always)]
    fn new(to: &mut [i8]) -> Self {
        Self {
            at: to.as_mut_ptr(),
            room: to.len(),
        }
    }

    /// Stores `count` bytes, less `at`, from there on.
    ///
    /// # Safety
    /// *Enabled*. There is room for `count` bytes, and `at` is below.
    #[inline(always)]
    unsafe fn store<R: Register>(&self, at: usize, count: usize, x: R) {
        let to = self.at.wrapping_add(at);
        // SAFETY: there is room for `at` bytes and `count` more.
        unsafe {
            if at + R::SIZE <= self.room {
                x.store(to);
            } else {
                x.store_first(to, count - at);
            }
        }
    }

    /// Goes on behind `count` bytes.
    #[inline(always)]
    fn skip(&mut self, count: usize) {
        self.at = self.at.wrapping_add(count);
        self.room -= count;
    }

    /// `count` bytes of padding.
    ///
    /// # Safety
    /// *Enabled*. There is room for `count` bytes.
    #[inline(always)]
    unsafe fn fill<R: Register>(&mut self, count: usize, fill: i8) {
        // SAFETY: there is room, as this function asks; *Enabled*.
        unsafe {
            let fill = R::all(fill);
            let mut at = 0;
            while at < count {
                self.store(at, count, fill);
                at += R::SIZE;
            }
        }
        self.skip(count);
    }

    /// The first `count` bytes, shifted.
    ///
    /// # Safety
    /// *Enabled*. There is room for `count` bytes, and as many in `from`.
    #[inline(always)]
    unsafe fn copy<R: Register>(&mut self, from: &[i8], count: usize) {
        // SAFETY: *Enabled*.
        unsafe {
            let shift = R::all(INPUT_XOR);
            let mut at = 0;
            while at < count {
                let x: R = load(from.as_ptr().wrapping_add(at), count - at, from.len() - at);
                self.store(at, count, x.xor(shift));
                at += R::SIZE;
            }
        }
        self.skip(count);
    }

    /// Lines of at most 64 bytes with all padding.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: as many lines; there is room for them with their padding.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn short_lines(&mut self, from: *const i8, lines: usize, p: Lines) {
        let shift = _mm512_set1_epi8(INPUT_XOR);
        let fill = _mm512_set1_epi8(p.fill ^ INPUT_XOR);
        let image = lowest(p.length) << p.left;
        for line in 0..lines {
            let from = from.wrapping_add(line * p.length).wrapping_sub(p.left);
            // SAFETY: there is room, as this function asks; *Enabled*.
            unsafe {
                let x = _mm512_mask_loadu_epi8(fill, image, from);
                self.store(0, p.pitch, _mm512_xor_si512(x, shift));
            }
            self.skip(p.pitch);
        }
    }

    /// Every other run of `depth` bytes, in all `count` bytes, shifted: see
    /// [`Register::every_other`].
    ///
    /// # Safety
    /// *Enabled*. There is room for `count` bytes, and `from` has as many runs.
    #[inline(always)]
    unsafe fn copy_every_other<R: Register>(&mut self, from: &[i8], depth: usize, count: usize) {
        let mut at = 0;
        // SAFETY: *Enabled*.
        unsafe {
            let shift = R::all(INPUT_XOR);
            while at < count {
                let low = from.as_ptr().wrapping_add(2 * at);
                let there = from.len() - 2 * at;
                let size = R::SIZE;
                let a: R = load(low, size, there);
                let b: R = load(low.wrapping_add(size), size, there.saturating_sub(size));
                self.store(at, count, a.every_other(b, depth).xor(shift));
                at += R::SIZE;
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
