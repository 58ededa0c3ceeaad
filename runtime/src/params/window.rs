//! The sliding window of convolutions and pools.

use core::ops::Range;

/// A window over an NHWC input, in elements of height and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Number of images in a batch.
    pub batches: usize,
    /// Number of rows of the input.
    pub input_height: usize,
    /// Number of columns of the input.
    pub input_width: usize,
    /// Number of rows of the output.
    pub output_height: usize,
    /// Number of columns of the output.
    pub output_width: usize,
    /// Number of rows of the filter.
    pub filter_height: usize,
    /// Number of columns of the filter.
    pub filter_width: usize,
    /// Rows from one output to the next.
    pub stride_height: usize,
    /// Columns from one output to the next.
    pub stride_width: usize,
    /// Rows from one tap to the next.
    pub dilation_height: usize,
    /// Columns from one tap to the next.
    pub dilation_width: usize,
    /// Rows of padding above the input.
    pub padding_top: usize,
    /// Columns of padding to the left of the input.
    pub padding_left: usize,
}

/// One output pixel: where its taps begin.
#[derive(Clone, Copy, Default)]
pub(crate) struct Position {
    batch: usize,
    /// Row and column of the first tap, plus the padding.
    row: usize,
    column: usize,
}

impl Position {
    /// Goes on to the next output pixel.
    #[inline(always)]
    pub(crate) fn advance(&mut self, window: &Window) {
        self.column += window.stride_width;
        if self.column >= window.output_width * window.stride_width {
            self.column = 0;
            self.row += window.stride_height;
            if self.row >= window.output_height * window.stride_height {
                self.row = 0;
                self.batch += 1;
            }
        }
    }
}

#[cfg(niello_helium)]
impl Position {
    /// True if the pixel before is in the same row, and the input has all columns of both windows,
    /// which have no dilation.
    #[inline(always)]
    pub(crate) fn follows(&self, w: &Window) -> bool {
        self.column >= w.stride_width + w.padding_left
            && self.column + w.filter_width <= w.input_width + w.padding_left
    }
}

/// Taps of a filter that are inside the input, along one dimension.
fn inside(
    first: usize,
    padding: usize,
    dilation: usize,
    filter: usize,
    input: usize,
) -> Range<usize> {
    let dilation = dilation.max(1);
    let start = padding.saturating_sub(first).div_ceil(dilation);
    let end = (input + padding).saturating_sub(first).div_ceil(dilation);
    start..end.min(filter)
}

impl Window {
    /// All output pixels in order.
    #[inline(always)]
    pub(crate) fn positions(&self) -> impl Iterator<Item = Position> + '_ {
        (0..self.batches).flat_map(move |batch| {
            (0..self.output_height).flat_map(move |y| {
                (0..self.output_width).map(move |x| Position {
                    batch,
                    row: y * self.stride_height,
                    column: x * self.stride_width,
                })
            })
        })
    }

    /// The number of output pixels.
    #[inline(always)]
    pub(crate) fn pixels(&self) -> usize {
        self.batches * self.output_height * self.output_width
    }

    /// One output pixel by its number.
    #[inline(always)]
    pub(crate) fn position(&self, pixel: usize) -> Position {
        let width = self.output_width.max(1);
        let (row, height) = (pixel / width, self.output_height.max(1));
        Position {
            batch: row / height,
            row: row % height * self.stride_height,
            column: pixel % width * self.stride_width,
        }
    }

    /// The filter rows that are inside the input.
    #[inline(always)]
    pub(crate) fn rows(&self, at: Position) -> Range<usize> {
        inside(
            at.row,
            self.padding_top,
            self.dilation_height,
            self.filter_height,
            self.input_height,
        )
    }

    /// The filter columns that are inside the input.
    #[inline(always)]
    pub(crate) fn columns(&self, at: Position) -> Range<usize> {
        inside(
            at.column,
            self.padding_left,
            self.dilation_width,
            self.filter_width,
            self.input_width,
        )
    }

    /// The first pixel of the input row under a filter row, if there is one.
    #[inline(always)]
    pub(crate) fn row(&self, at: Position, filter_y: usize) -> Option<usize> {
        let y = (at.row + filter_y * self.dilation_height).wrapping_sub(self.padding_top);
        (y < self.input_height).then(|| {
            (at.batch * self.input_height)
                .wrapping_add(y)
                .wrapping_mul(self.input_width)
        })
    }

    /// The input pixel under the first tap, if nothing is dilated and all taps are inside of the input.
    #[cfg(niello_dsp)]
    #[inline(always)]
    pub(crate) fn whole(&self, at: Position) -> Option<usize> {
        let y = at.row.wrapping_sub(self.padding_top);
        let x = at.column.wrapping_sub(self.padding_left);
        let is_inside = |first: usize, filter: usize, input: usize| {
            let last = input.checked_sub(filter);
            last.is_some_and(|last| first <= last)
        };
        let is_whole = self.dilation_height == 1
            && self.dilation_width == 1
            && is_inside(y, self.filter_height, self.input_height)
            && is_inside(x, self.filter_width, self.input_width);
        is_whole.then(|| (at.batch * self.input_height + y) * self.input_width + x)
    }

    /// The input column under a filter column inside of it.
    #[inline(always)]
    pub(crate) fn column(&self, at: Position, filter_x: usize) -> usize {
        (at.column + filter_x * self.dilation_width).wrapping_sub(self.padding_left)
    }

    /// Calls `f(tap, pixel)` for each tap inside the input: its number in the
    /// filter and the input pixel's number.
    #[inline(always)]
    pub(crate) fn taps(&self, at: Position, mut f: impl FnMut(usize, usize)) {
        for filter_y in self.rows(at) {
            let Some(row) = self.row(at, filter_y) else {
                continue;
            };
            for filter_x in self.columns(at) {
                let x = self.column(at, filter_x);
                f(filter_y * self.filter_width + filter_x, row.wrapping_add(x));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_position_follows_the_other() {
        let window = Window {
            batches: 2,
            input_height: 7,
            input_width: 9,
            output_height: 3,
            output_width: 4,
            filter_height: 3,
            filter_width: 3,
            stride_height: 2,
            stride_width: 2,
            dilation_height: 1,
            dilation_width: 1,
            padding_top: 0,
            padding_left: 0,
        };
        let mut position = Position::default();
        for pixel in 0..window.pixels() {
            let wanted = window.position(pixel);
            assert_eq!(
                (position.batch, position.row, position.column),
                (wanted.batch, wanted.row, wanted.column)
            );
            position.advance(&window);
        }
    }
}
