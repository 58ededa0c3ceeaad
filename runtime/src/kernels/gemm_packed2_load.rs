//! The inputs of an output pixel, side by side, for `gemm_packed2.rs`.

use core::sync::atomic::{Ordering, compiler_fence};

use crate::kernels::gemm_packed2::Packed2Conv2d;
use crate::kernels::strided::copy_row;
use crate::mcu;
use crate::params::window::{Position, Window};

impl<S> Packed2Conv2d<'_, S> {
    /// The inputs of one output pixel into its places of `columns`.
    #[inline(never)]
    pub(super) fn load(
        &self,
        position: Position,
        at: usize,
        input: &[i8],
        columns: &mut [i16],
        scratch: &mut [i8],
    ) {
        let w = &self.window;
        #[cfg(niello_dsp)]
        if let Some(pixel) = w.whole(position) {
            let depth = self.input_depth;
            let sizes = [
                w.filter_height,
                w.filter_width * depth,
                w.input_width * depth,
            ];
            let input = input.get(pixel * depth..).unwrap_or(&[]);
            let zero_point = self.packed.zero_point;
            if sizes[1].is_multiple_of(4) {
                if mcu::expand_rows(input, sizes, zero_point, at, columns) {
                    return;
                }
            } else if mcu::copy_rows(input, sizes, scratch) {
                return mcu::expand(scratch, zero_point, at, columns);
            }
        }
        if w.dilation_width != 1 {
            self.gather_dilated(position, input, scratch);
        } else {
            let run = Run::new(self, position);
            if (run.row | run.left | run.count).is_multiple_of(4) {
                return self.expand_rows(&run, input, at, columns);
            }
            self.gather(&run, input, scratch);
        }
        mcu::expand(scratch, self.packed.zero_point, at, columns);
    }

    /// Rows of the window whose parts are whole groups of four go straight into
    /// `columns`.
    #[inline(always)]
    fn expand_rows(&self, run: &Run, input: &[i8], at: usize, columns: &mut [i16]) {
        if !run.is_whole {
            // Both pixels' groups are side by side, and each pixel writes only its own.
            for group in columns.as_chunks_mut::<8>().0 {
                for x in group.iter_mut().skip(at * 4).take(4) {
                    *x = 0;
                }
            }
        }
        let places = columns.get_mut(run.place * 2..).unwrap_or_default();
        let mut places = places.chunks_mut((run.row * 2).max(1));
        for from in run.rows_of(input) {
            let to = places.next().unwrap_or_default();
            mcu::expand(from, self.packed.zero_point, at, to);
        }
    }

    /// The inputs of one output pixel, side by side: runs of neighbours, filled up
    /// where the window leaves the input.
    #[inline(always)]
    fn gather(&self, run: &Run, input: &[i8], pixel: &mut [i8]) {
        if !run.is_whole {
            pixel.fill(self.packed.zero_point);
        }
        let places = pixel.get_mut(run.place..).unwrap_or_default();
        let mut places = places.chunks_mut(run.row.max(1));
        for from in run.rows_of(input) {
            copy_bytes(from, places.next().unwrap_or_default());
        }
    }

    /// Copies the inputs of a window tap by tap.
    #[inline(never)]
    pub(super) fn gather_dilated(&self, position: Position, input: &[i8], pixel: &mut [i8]) {
        let (w, depth) = (&self.window, self.input_depth);
        let inside = w.columns(position);
        pixel.fill(self.packed.zero_point);
        for (tap, to) in pixel.chunks_exact_mut(depth.max(1)).enumerate() {
            let (y, x) = (tap / w.filter_width.max(1), tap % w.filter_width.max(1));
            let begin = w.row(position, y).filter(|_| inside.contains(&x));
            let from = begin.map(|begin| (begin + w.column(position, x)) * depth);
            let from = from.and_then(|from| input.get(from..from + depth));
            copy_row(from.unwrap_or(&[]), to);
        }
    }
}

/// Copies a short run, four bytes at a time. The fences have no instructions: without them, LLVM
/// would call `memcpy`, which takes longer for short runs, and flash.
#[inline(never)]
fn copy_bytes(from: &[i8], to: &mut [i8]) {
    let (fours, last) = from.as_chunks::<4>();
    let (to_fours, to_last) = to.as_chunks_mut::<4>();
    for (to, from) in to_fours.iter_mut().zip(fours) {
        *to = *from;
        compiler_fence(Ordering::SeqCst);
    }
    let rest = match to_fours.get_mut(fours.len()) {
        Some(next) => next.as_mut_slice(),
        None => to_last,
    };
    for (to, from) in rest.iter_mut().zip(last) {
        *to = *from;
        compiler_fence(Ordering::SeqCst);
    }
}

/// Where the rows of a window lie, in elements.
pub(super) struct Run {
    /// Elements to the left of the input.
    pub(super) left: usize,
    /// Number of elements inside of the input.
    pub(super) count: usize,
    /// Elements of one whole row of the window.
    pub(super) row: usize,
    /// The first element inside of the input.
    pub(super) first: usize,
    /// Its place in the window.
    pub(super) place: usize,
    /// From one row of the window to the next, in the input.
    pub(super) step: usize,
    /// Rows inside of the input.
    pub(super) rows: usize,
    /// True if all of the window is inside of the input.
    pub(super) is_whole: bool,
}

impl Run {
    #[inline(always)]
    pub(super) fn new<S>(p: &Packed2Conv2d<'_, S>, position: Position) -> Self {
        let (w, depth) = (&p.window, p.input_depth);
        // Not by the given dilations: small cores divide in many instructions.
        let dense = Window {
            dilation_height: 1,
            dilation_width: 1,
            ..*w
        };
        let inside = dense.columns(position);
        let rows = match w.dilation_height {
            1 => dense.rows(position),
            _ => w.rows(position),
        };
        let (row, left) = (w.filter_width * depth, inside.start * depth);
        let begin = w.row(position, rows.start).unwrap_or(0);
        let first = begin.wrapping_add(w.column(position, inside.start));
        Self {
            left,
            count: inside.len() * depth,
            row,
            first: first.wrapping_mul(depth),
            place: rows.start * row + left,
            step: w.dilation_height * w.input_width * depth,
            rows: if inside.is_empty() { 0 } else { rows.len() },
            is_whole: inside.len() == w.filter_width && rows.len() == w.filter_height,
        }
    }

    /// The parts of rows that are inside of the input.
    #[inline(always)]
    fn rows_of<'i>(&self, input: &'i [i8]) -> impl Iterator<Item = &'i [i8]> {
        let input = input.get(self.first..);
        debug_assert!(self.rows == 0 || input.is_some(), "the input is too short");
        let (step, count) = (self.step.max(1), self.count);
        let rows = input.unwrap_or(&[]).chunks(step).take(self.rows);
        rows.map(move |row| row.get(..count).unwrap_or(&[]))
    }
}
