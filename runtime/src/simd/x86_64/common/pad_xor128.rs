//! Pads rows of bytes and XORs them with 0x80, for any register size: see
//! `kernels/pad_image_xor128.rs`. Masks are slow: wherever there is room, whole registers are
//! stored, and the next store overwrites the excess. Tests: `tests/tests/simd_levels/`.
//!
//! ```text
//! | left: fill | length: image ^ 0x80 | fill up to pitch |     one line
//! ```

use crate::params::layout::XOR128;

/// The sizes of a padded line, in bytes.
#[derive(Clone, Copy)]
pub(crate) struct Lines {
    /// Bytes of padding in front of the image.
    pub(crate) left: usize,
    /// Bytes of the image in a line.
    pub(crate) length: usize,
    /// Bytes of a line with all its padding.
    pub(crate) pitch: usize,
    /// The byte that padding consists of, already XORed.
    pub(crate) fill: i8,
}

impl Lines {
    /// True if the padding in front and the image fit a line.
    #[inline(always)]
    pub(crate) fn fit(&self) -> bool {
        self.left + self.length <= self.pitch
    }

    /// Number of lines that are there and that there is room for.
    #[inline(always)]
    pub(crate) fn count(&self, from: &[i8], to: &[i8]) -> usize {
        (from.len() / self.length.max(1)).min(to.len() / self.pitch.max(1))
    }

    /// Pads all lines, by whole registers.
    ///
    /// # Safety
    /// *Enabled*. The padding in front and the image fit a line.
    #[inline(always)]
    pub(crate) unsafe fn pad<R: Register>(self, from: &[i8], to: &mut [i8]) {
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

impl Lines {
    /// Pads one line of every other run of `depth` bytes, by whole registers.
    ///
    /// # Safety
    /// *Enabled*. As many runs are there, and fit the line, for which there is room.
    #[inline(always)]
    pub(crate) unsafe fn pad_every_other<R: Register>(
        self,
        from: &[i8],
        to: &mut [i8],
        [count, depth]: [usize; 2],
    ) {
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

/// A type of registers of bytes.
pub(crate) trait Register: Copy {
    /// Number of bytes of a register.
    const SIZE: usize;
    /// A register with this value in all bytes.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn all(byte: i8) -> Self;
    /// Loads a whole register of bytes.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: `SIZE` bytes.
    unsafe fn load(from: *const i8) -> Self;
    /// Loads the first `count` bytes, at most a register; the others are any.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: `count` bytes.
    unsafe fn load_first(from: *const i8, count: usize) -> Self;
    /// Stores a whole register of bytes.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: `SIZE` bytes.
    unsafe fn store(self, to: *mut i8);
    /// Stores the first `count` bytes, at most a register.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: `count` bytes.
    unsafe fn store_first(self, to: *mut i8, count: usize);
    /// Exclusive or, bit by bit.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn xor(self, other: Self) -> Self;
    /// Takes every other run of `depth` bytes out of both registers: 4, 8, 16 or 32 bytes, but less
    /// than a register has.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn every_other(self, next: Self, depth: usize) -> Self;
}

/// A pointer to write to, and the number of bytes of room behind it. A function may overwrite
/// bytes behind those that it is asked to write.
pub(crate) struct OutCursor {
    at: *mut i8,
    room: usize,
}

/// A mask of the lowest `count` bits, at most 64.
#[inline(always)]
pub(crate) fn lowest(count: usize) -> u64 {
    if count < 64 { (1 << count) - 1 } else { !0 }
}

/// Loads the first `count` bytes, and the bytes behind them if there is a whole register.
///
/// # Safety
/// *Enabled*. *Covered*: `available` bytes.
#[inline(always)]
unsafe fn load<R: Register>(from: *const i8, count: usize, available: usize) -> R {
    // SAFETY: *Enabled*, *Covered*.
    unsafe {
        if available >= R::SIZE {
            R::load(from)
        } else {
            R::load_first(from, count.min(available))
        }
    }
}

impl OutCursor {
    #[inline(always)]
    pub(crate) fn new(to: &mut [i8]) -> Self {
        Self {
            at: to.as_mut_ptr(),
            room: to.len(),
        }
    }

    /// Stores a register at offset `at`; no bytes from `count` on if there is no room for it.
    ///
    /// # Safety
    /// *Enabled*. There is room for `count` bytes, and `at` is below.
    #[inline(always)]
    pub(crate) unsafe fn store<R: Register>(&self, at: usize, count: usize, x: R) {
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

    /// Moves on by `count` bytes.
    #[inline(always)]
    pub(crate) fn skip(&mut self, count: usize) {
        self.at = self.at.wrapping_add(count);
        self.room -= count;
    }

    /// Writes `count` bytes of padding.
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

    /// Writes the first `count` bytes of `from`, XORed with 0x80.
    ///
    /// # Safety
    /// *Enabled*. There is room for `count` bytes, and as many in `from`.
    #[inline(always)]
    unsafe fn copy<R: Register>(&mut self, from: &[i8], count: usize) {
        // SAFETY: *Enabled*.
        unsafe {
            let xor128 = R::all(XOR128);
            let mut at = 0;
            while at < count {
                let x: R = load(from.as_ptr().wrapping_add(at), count - at, from.len() - at);
                self.store(at, count, x.xor(xor128));
                at += R::SIZE;
            }
        }
        self.skip(count);
    }

    /// Writes every other run of `depth` bytes of `from`, in all `count` bytes, XORed with 0x80.
    ///
    /// # Safety
    /// *Enabled*. There is room for `count` bytes, and `from` has as many runs.
    #[inline(always)]
    unsafe fn copy_every_other<R: Register>(&mut self, from: &[i8], depth: usize, count: usize) {
        let mut at = 0;
        // SAFETY: *Enabled*.
        unsafe {
            let xor128 = R::all(XOR128);
            while at < count {
                let low = from.as_ptr().wrapping_add(2 * at);
                let available = from.len() - 2 * at;
                let size = R::SIZE;
                let a: R = load(low, size, available);
                let b: R = load(low.wrapping_add(size), size, available.saturating_sub(size));
                self.store(at, count, a.every_other(b, depth).xor(xor128));
                at += R::SIZE;
            }
        }
        self.skip(count);
    }
}
