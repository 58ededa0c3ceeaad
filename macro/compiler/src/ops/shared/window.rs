//! The sliding window that convolutions and pools share, from the file to the program.

pub(crate) use niello_numeric::window::Window;

use crate::error::{Error, Result};
use crate::ir::kernel::Fusion;
use crate::limits::WINDOW_SPAN;
use crate::tflite;
use crate::tokens::literals;

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

/// The window over what is inside of a frame, which becomes padding.
pub(crate) fn fused(window: &Window, fusion: Fusion<'_>) -> Option<Window> {
    let Fusion::Padding(frame) = fusion else {
        return None;
    };
    Some(Window {
        input: frame.input,
        padding: [0, 1].map(|d| window.padding[d] + frame.before[d]),
        ..*window
    })
}

/// The fields of the runtime's `Window`.
pub(crate) fn emit(window: &Window) -> proc_macro2::TokenStream {
    let Window {
        batches,
        input: [input_height, input_width],
        output: [output_height, output_width],
        filter: [filter_height, filter_width],
        stride: [stride_height, stride_width],
        dilation: [dilation_height, dilation_width],
        padding: [padding_top, padding_left],
    } = *window;
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
