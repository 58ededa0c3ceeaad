//! Images with their padding, as kernels for wide SIMD registers read them.

use crate::macros::multiversion::multiversion;
use crate::params::layout::XOR128;
pub(crate) use crate::params::layout::xor128;
use crate::params::window::Window;

/// How an image is padded.
pub(super) struct Padding<'a> {
    /// Sizes, strides and padding of the window.
    pub(super) window: &'a Window,
    /// Rows and columns of the padded image.
    pub(super) padded: [usize; 2],
    /// Number of channels of a pixel.
    pub(super) depth: usize,
    /// Zero point of the input, which padding consists of.
    pub(super) zero_point: i8,
    /// True if even columns are stored in front of the odd ones.
    pub(super) even_columns_first: bool,
}

multiversion! {
/// Copies an image between its padding, XORed with [`XOR128`], and fills the rest of `scratch`.
pub(super) fn pad(padding: &Padding<'_>, input: &[i8], scratch: &mut [i8]) {
    padding.pad(input, scratch);
}

/// XORs bytes in place with [`XOR128`].
pub(super) fn xor128_in_place(bytes: &mut [i8]) {
    for byte in bytes {
        *byte ^= XOR128;
    }
}

/// Copies rows, XORed with [`XOR128`], and makes room up to a multiple of four in each.
pub(super) fn xor128_rows(input: &[i8], depth: usize, scratch: &mut [i8]) {
    if depth.is_multiple_of(4) {
        xor128(input, scratch);
        return;
    }
    let rows = scratch.chunks_exact_mut(depth.next_multiple_of(4));
    for (from, to) in input.chunks_exact(depth).zip(rows) {
        xor128(from, to);
    }
}
}

impl Padding<'_> {
    #[inline(always)]
    fn pad(&self, input: &[i8], scratch: &mut [i8]) {
        let (w, depth) = (self.window, self.depth);
        let [rows, columns] = self.padded;
        let pitch = (columns * depth).max(1);
        let fill = self.zero_point ^ XOR128;
        let size = rows * pitch;
        if size > scratch.len() {
            debug_assert!(false, "the padded image does not fit the scratch memory");
            return;
        }
        let top = (w.padding_top * pitch).min(size);
        scratch[..top].fill(fill);
        let below = top + self.lines(input, &mut scratch[top..], fill);
        scratch[below.min(size)..].fill(fill);
    }

    /// Lines with the padding on their left and right; bytes behind them may be overwritten.
    /// Gives the end of the lines.
    #[inline(always)]
    fn lines(&self, input: &[i8], to: &mut [i8], fill: i8) -> usize {
        let (w, depth) = (self.window, self.depth);
        let pitch = (self.padded[1] * depth).max(1);
        let length = (w.input_width * depth).max(1);
        let left = (w.padding_left * depth).min(pitch);
        let count = w.input_height.min(to.len() / pitch);
        // If rows have no padding between them, the image is copied as one line.
        let joined = if length == pitch && !self.even_columns_first {
            count.max(1)
        } else {
            1
        };
        let (length, pitch, count) = (joined * length, joined * pitch, count / joined);
        #[cfg(target_arch = "x86_64")]
        if !self.even_columns_first {
            let lines = crate::simd::x86_64::common::pad_xor128::Lines {
                left,
                length,
                pitch,
                fill,
            };
            if crate::simd::dispatch::try_pad_lines(input, to, lines) {
                return count * pitch;
            }
        }
        for (y, from) in input.chunks_exact(length).take(count).enumerate() {
            let to = &mut to[y * pitch..];
            if self.even_columns_first {
                // All lines: kernels may load bytes behind this one.
                self.pad_even_columns_first(input.get(y * length..).unwrap_or(from), to, fill);
                continue;
            }
            let (left, to) = to[..pitch].split_at_mut(left);
            let (to, right) = to.split_at_mut(from.len().min(to.len()));
            left.fill(fill);
            right.fill(fill);
            xor128(from, to);
        }
        count * pitch
    }

    /// Even columns, then odd ones.
    #[inline(always)]
    fn pad_even_columns_first(&self, from: &[i8], mut to: &mut [i8], fill: i8) {
        let (depth, left) = (self.depth, self.window.padding_left);
        let columns = self.padded[1];
        for parity in 0..2 {
            // Columns of the plane in front of the image, and their end in it.
            let before = (left + 1 - parity) / 2;
            let end = (left + self.window.input_width + 1 - parity) / 2;
            let begin = 2 * before + parity - left;
            let from = from.get(begin * depth..).unwrap_or(&[]);
            let size = (columns + 1 - parity) / 2 * depth;
            let count = end.saturating_sub(before);
            #[cfg(target_arch = "x86_64")]
            {
                let line = crate::simd::x86_64::common::pad_xor128::Lines {
                    left: before * depth,
                    length: count * depth,
                    pitch: size,
                    fill,
                };
                if crate::simd::dispatch::try_pad_every_other(from, to, [count, depth], line) {
                    to = &mut to[size..];
                    continue;
                }
            }
            let (plane, rest) = to.split_at_mut(size.min(to.len()));
            to = rest;
            let (above, rest) = plane.split_at_mut((before * depth).min(plane.len()));
            let inside = (count * depth).min(rest.len());
            let (inside, below) = rest.split_at_mut(inside);
            above.fill(fill);
            below.fill(fill);
            let pixels = inside.chunks_exact_mut(depth.max(1));
            for (to, from) in pixels.zip(from.chunks(2 * depth.max(1))) {
                xor128(from, to);
            }
        }
    }
}
