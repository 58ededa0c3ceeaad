//! The sliding window that convolutions and pools share.

use crate::error::{Error, Result};
use crate::ir::kernel::Fusion;
use crate::limits::{self, WINDOW_SPAN};
use crate::tflite;
use crate::tokens::literals;

/// Pixels at most of an output that may overlap its input: each of them is looked at.
const MOST_PIXELS: usize = 1 << 20;

/// SAME or VALID, as in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Padding {
    Same,
    Valid,
}

/// A window's step and padding, before the input's size is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stepping {
    pub padding: Padding,
    pub stride: [usize; 2],
    pub dilation: [usize; 2],
}

/// A window over one NHWC input: all sizes are height, width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Window {
    pub batches: usize,
    pub input: [usize; 2],
    pub output: [usize; 2],
    pub filter: [usize; 2],
    pub stride: [usize; 2],
    pub dilation: [usize; 2],
    /// Rows above and columns left of the input.
    pub padding: [usize; 2],
}

impl Stepping {
    pub(crate) fn parse(
        padding: tflite::Padding,
        stride: [i32; 2],
        dilation: [i32; 2],
    ) -> Result<Self> {
        let size = |n: i32, what: &str| {
            usize::try_from(n)
                .ok()
                .filter(|&n| n > 0)
                .ok_or_else(|| Error::model(format!("its {what} is {n}, expected at least 1")))
        };
        Ok(Self {
            padding: match padding {
                tflite::Padding::SAME => Padding::Same,
                tflite::Padding::VALID => Padding::Valid,
                other => return Err(Error::model(format!("unknown padding {}", other.0))),
            },
            stride: [size(stride[0], "stride")?, size(stride[1], "stride")?],
            dilation: [
                size(dilation[0], "dilation")?,
                size(dilation[1], "dilation")?,
            ],
        })
    }

    /// The window over an NHWC shape.
    pub(crate) fn over(&self, input: &[usize], filter: [usize; 2]) -> Result<Window> {
        let &[batches, height, width, _] = input else {
            return Err(Error::model(format!(
                "its input has shape {input:?}, expected 4 dimensions (NHWC)"
            )));
        };
        let input = [height, width];
        let (mut output, mut padding) = ([0; 2], [0; 2]);
        for d in 0..2 {
            let extent = (filter[d].max(1) - 1).saturating_mul(self.dilation[d]);
            let extent = extent.saturating_add(1);
            if extent > WINDOW_SPAN {
                return Err(Error::model(format!(
                    "its window of {} taps, {} apart, is {extent} long; supported are up to \
                     {WINDOW_SPAN}",
                    filter[d], self.dilation[d]
                )));
            }
            output[d] = match self.padding {
                Padding::Same => input[d].div_ceil(self.stride[d]),
                Padding::Valid if input[d] < extent => {
                    return Err(Error::model(format!(
                        "its window of {extent} does not fit into the input of {}",
                        input[d]
                    )));
                }
                Padding::Valid => (input[d] - extent) / self.stride[d] + 1,
            };
            let needed = (output[d].max(1) - 1) * self.stride[d] + extent;
            padding[d] = match self.padding {
                Padding::Same => needed.saturating_sub(input[d]) / 2,
                Padding::Valid => 0,
            };
        }
        Ok(Window {
            batches,
            input,
            output,
            filter,
            stride: self.stride,
            dilation: self.dilation,
            padding,
        })
    }
}

impl Window {
    /// A window of single pixels over a column of so many: rows of a matrix.
    pub(crate) fn pixels_of_a_column(count: usize) -> Self {
        Self {
            batches: 1,
            input: [count, 1],
            output: [count, 1],
            filter: [1, 1],
            stride: [1, 1],
            dilation: [1, 1],
            padding: [0, 0],
        }
    }

    /// The NHWC shape of an output with so many channels.
    pub(crate) fn output_shape(&self, channels: usize) -> Vec<usize> {
        let [height, width] = self.output;
        vec![self.batches, height, width, channels]
    }

    /// True if each output is computed from 3 by 3 neighbouring inputs, and neighbouring outputs
    /// from windows that are one input apart.
    pub(crate) fn is_3x3_stride_1(&self) -> bool {
        self.filter == [3, 3] && self.stride == [1, 1] && self.dilation == [1, 1]
    }

    /// How many bytes an int8 input must begin behind an int8 output so that a
    /// kernel that goes through the pixels in order never overwrites what it
    /// still reads; `None` for several images.
    pub(crate) fn overlap(&self, input_depth: usize, output_depth: usize) -> Option<usize> {
        if self.batches != 1 || self.output_pixels() > MOST_PIXELS {
            return None;
        }
        let row = |y: usize| (y * self.stride[0]).saturating_sub(self.padding[0]);
        let pitch = self.input[1] * input_depth;
        let mut distance = 0;
        for i in 1..self.output_pixels() {
            let (y, x) = (i / self.output[1], i % self.output[1]);
            let column = (x * self.stride[1]).saturating_sub(self.padding[1]);
            // The lowest address that this pixel or one of the next row reads, when
            // all pixels before it are written.
            let read = (row(y) * pitch + column * input_depth).min(row(y + 1) * pitch);
            distance = distance.max((i * output_depth).saturating_sub(read));
        }
        Some(distance)
    }

    /// Rows and columns of the input with its padding, as far as outputs reach.
    pub(crate) fn padded(&self) -> [usize; 2] {
        [0, 1].map(|d| {
            let reach = (self.filter[d] - 1) * self.dilation[d] + 1;
            (self.output[d] - 1) * self.stride[d] + reach
        })
    }

    /// True if some taps lie outside of the input.
    pub(crate) fn reaches_outside(&self) -> bool {
        let reach = self.padded();
        (0..2).any(|d| self.padding[d] > 0 || reach[d] > self.input[d])
    }

    /// The window over what is inside of a frame, which becomes padding.
    pub(crate) fn fused(&self, fusion: Fusion<'_>) -> Option<Self> {
        let Fusion::Padding(frame) = fusion else {
            return None;
        };
        Some(Self {
            input: frame.input,
            padding: [0, 1].map(|d| self.padding[d] + frame.before[d]),
            ..*self
        })
    }

    /// The window without rows and columns of taps that lie outside of the input for
    /// every output.
    pub(crate) fn trimmed(mut self) -> Self {
        for d in 0..2 {
            let last = (self.output[d].max(1) - 1) * self.stride[d];
            // Taps before the input even for the last output, taps behind it for the first.
            let before = self.padding[d].saturating_sub(last);
            let before = before.div_ceil(self.dilation[d]);
            let before = before
                .min(self.padding[d] / self.dilation[d])
                .min(self.filter[d] - 1);
            let end = (self.input[d] + self.padding[d]).div_ceil(self.dilation[d]);
            self.filter[d] = self.filter[d].min(end).max(before + 1) - before;
            self.padding[d] = self.padding[d].saturating_sub(before * self.dilation[d]);
        }
        self
    }

    /// How many taps all outputs of a channel have together, at most.
    pub(crate) fn all_taps(&self) -> u64 {
        limits::product([self.output_pixels(), self.filter[0], self.filter[1]]) as u64
    }

    /// Calls `f(output pixel, filter position, input pixel)` for every tap that
    /// lies inside the input; pixels count over batches, rows and columns.
    pub(crate) fn taps(&self, mut f: impl FnMut(usize, usize, usize)) {
        for batch in 0..self.batches {
            for out_y in 0..self.output[0] {
                for out_x in 0..self.output[1] {
                    let out = (batch * self.output[0] + out_y) * self.output[1] + out_x;
                    self.taps_of(batch, out_y, out_x, |tap, pixel| f(out, tap, pixel));
                }
            }
        }
    }

    /// The taps of output pixel `out`, counted over batches, rows and columns.
    pub(crate) fn taps_at(&self, out: usize, f: impl FnMut(usize, usize)) {
        let (row, x) = (out / self.output[1], out % self.output[1]);
        self.taps_of(row / self.output[0], row % self.output[0], x, f);
    }

    /// The taps of one output pixel.
    pub(crate) fn taps_of(
        &self,
        batch: usize,
        out_y: usize,
        out_x: usize,
        mut f: impl FnMut(usize, usize),
    ) {
        for filter_y in 0..self.filter[0] {
            let y =
                (out_y * self.stride[0] + filter_y * self.dilation[0]).checked_sub(self.padding[0]);
            let Some(y) = y.filter(|&y| y < self.input[0]) else {
                continue;
            };
            for filter_x in 0..self.filter[1] {
                let x = (out_x * self.stride[1] + filter_x * self.dilation[1])
                    .checked_sub(self.padding[1]);
                let Some(x) = x.filter(|&x| x < self.input[1]) else {
                    continue;
                };
                f(
                    filter_y * self.filter[1] + filter_x,
                    (batch * self.input[0] + y) * self.input[1] + x,
                );
            }
        }
    }

    pub(crate) fn output_pixels(&self) -> usize {
        self.batches * self.output[0] * self.output[1]
    }

    /// The fields of the runtime's `Window`.
    pub(crate) fn emit(&self) -> proc_macro2::TokenStream {
        let Window {
            batches,
            input: [input_height, input_width],
            output: [output_height, output_width],
            filter: [filter_height, filter_width],
            stride: [stride_height, stride_width],
            dilation: [dilation_height, dilation_width],
            padding: [padding_top, padding_left],
        } = *self;
        let fields = literals::fields(&[
            ("batches", batches),
            ("input_height", input_height),
            ("input_width", input_width),
            ("output_height", output_height),
            ("output_width", output_width),
            ("filter_height", filter_height),
            ("filter_width", filter_width),
            ("stride_height", stride_height),
            ("stride_width", stride_width),
            ("dilation_height", dilation_height),
            ("dilation_width", dilation_width),
            ("padding_top", padding_top),
            ("padding_left", padding_left),
        ]);
        quote::quote!(rt::Window { #fields })
    }
}

impl Window {
    /// One value for each output pixel and channel, from the inputs that the window covers there.
    pub(crate) fn reduced<T: Copy, U>(
        &self,
        channels: usize,
        input: &[T],
        f: impl Fn(&[T]) -> U,
    ) -> Vec<U> {
        let mut output = Vec::with_capacity(self.output_pixels() * channels);
        let mut pixels = Vec::new();
        let mut taps = Vec::new();
        for i in 0..self.output_pixels() {
            let (row, x) = (i / self.output[1], i % self.output[1]);
            let (batch, y) = (row / self.output[0], row % self.output[0]);
            pixels.clear();
            self.taps_of(batch, y, x, |_, pixel| pixels.push(pixel));
            for channel in 0..channels {
                taps.clear();
                taps.extend(pixels.iter().map(|p| input[p * channels + channel]));
                output.push(f(&taps));
            }
        }
        output
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_padding_puts_the_odd_row_below() {
        let same = Stepping {
            padding: Padding::Same,
            stride: [2, 2],
            dilation: [1, 1],
        };
        let window = same.over(&[1, 8, 7, 3], [3, 3]).expect("fits");
        assert_eq!(window.output, [4, 4]);
        assert_eq!(window.padding, [0, 1]);
        let mut taps = vec![0; window.output_pixels()];
        window.taps(|out, _, _| taps[out] += 1);
        assert_eq!(taps[0], 6);
        assert_eq!(taps[5], 9);
        assert_eq!(taps[15], 4);
    }

    #[test]
    fn a_window_larger_than_the_input_is_an_error() {
        let valid = Stepping {
            padding: Padding::Valid,
            stride: [1, 1],
            dilation: [2, 1],
        };
        assert!(valid.over(&[1, 4, 4, 1], [3, 3]).is_err());
        assert!(valid.over(&[4, 4], [1, 1]).is_err());
    }
}
