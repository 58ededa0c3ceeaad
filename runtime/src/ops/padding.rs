//! Images with their padding, as kernels for wide SIMD registers read them.

use super::window::Window;
use crate::arch::vector::SHIFT;
use crate::arch::widely;

/// How an image is padded.
pub(super) struct Padding<'a> {
    /// Sizes, strides and padding.
    pub(super) window: &'a Window,
    /// Rows and columns of the padded image.
    pub(super) padded: [usize; 2],
    /// Channels.
    pub(super) depth: usize,
    /// What the image is padded with.
    pub(super) zero_point: i8,
    /// Even columns lie in front of the odd ones.
    pub(super) apart: bool,
}

widely! {
/// Copies an image between its padding, shifted, and fills what lies behind.
pub(super) fn pad(padding: &Padding<'_>, input: &[i8], scratch: &mut [i8]) {
    padding.pad(input, scratch);
}

/// Copies rows, shifted, and fills each up to a multiple of four.
pub(super) fn shift_rows(input: &[i8], depth: usize, scratch: &mut [i8]) {
    if depth.is_multiple_of(4) {
        shift(input, scratch);
        return;
    }
    let rows = scratch.chunks_exact_mut(depth.next_multiple_of(4));
    for (from, to) in input.chunks_exact(depth).zip(rows) {
        shift(from, to);
    }
}
}

#[inline(always)]
fn shift(from: &[i8], to: &mut [i8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = from ^ SHIFT;
    }
}

impl Padding<'_> {
    #[inline(always)]
    fn pad(&self, input: &[i8], scratch: &mut [i8]) {
        let (w, depth) = (self.window, self.depth);
        let [rows, columns] = self.padded;
        let pitch = (columns * depth).max(1);
        let fill = self.zero_point ^ SHIFT;
        let Some((padded, slack)) = scratch.split_at_mut_checked(rows * pitch) else {
            return;
        };
        slack.fill(fill);
        let lines = input.chunks_exact((w.input_width * depth).max(1));
        let (above, rest) = padded
            .split_at_mut_checked(w.padding_top * pitch)
            .unwrap_or_default();
        above.fill(fill);
        let mut last = rest.chunks_exact_mut(pitch);
        for (from, to) in lines.zip(last.by_ref()) {
            if !self.apart {
                let begin = (w.padding_left * depth).min(to.len());
                let (left, to) = to.split_at_mut(begin);
                let (to, right) = to.split_at_mut(from.len().min(to.len()));
                left.fill(fill);
                right.fill(fill);
                shift(from, to);
            } else {
                self.pad_apart(from, to, fill);
            }
        }
        last.for_each(|row| row.fill(fill));
    }

    /// Even columns, then odd ones.
    #[inline(always)]
    fn pad_apart(&self, from: &[i8], to: &mut [i8], fill: i8) {
        let (depth, left) = (self.depth, self.window.padding_left);
        let columns = self.padded[1];
        let (even, odd) = to.split_at_mut((columns.div_ceil(2) * depth).min(to.len()));
        for (parity, plane) in [even, odd].into_iter().enumerate() {
            // Columns of the plane in front of the image, and their end in it.
            let before = (left + 1 - parity) / 2;
            let end = (left + self.window.input_width + 1 - parity) / 2;
            let begin = 2 * before + parity - left;
            let (above, rest) = plane.split_at_mut((before * depth).min(plane.len()));
            let inside = (end.saturating_sub(before) * depth).min(rest.len());
            let (inside, below) = rest.split_at_mut(inside);
            above.fill(fill);
            below.fill(fill);
            let from = from.get(begin * depth..).unwrap_or(&[]);
            #[cfg(target_arch = "x86_64")]
            if crate::arch::vector::shift_apart(from, inside, depth) {
                continue;
            }
            let pixels = inside.chunks_exact_mut(depth.max(1));
            for (to, from) in pixels.zip(from.chunks(2 * depth.max(1))) {
                shift(from, to);
            }
        }
    }
}
