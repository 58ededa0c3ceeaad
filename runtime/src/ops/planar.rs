//! DEPTHWISE_CONV_2D of int8, channel by channel: each channel is copied to a plane
//! of its own, padded, before its outputs are written. So the output may overwrite
//! the input where it has its size.

use core::hint::black_box;

use super::accumulate::OutputStage;
use super::window::Window;
use crate::arch;

/// Parameters of [`depthwise_planar`]: 3x3 windows, one output channel per input
/// channel, no dilation.
#[derive(Clone, Copy, Debug)]
pub struct Planar<'a, S> {
    /// Sizes, strides (1 or 2, of both dimensions) and padding.
    pub window: Window,
    /// The input's zero point.
    pub fill: i8,
    /// Elements of a row of the plane, an even number.
    pub pitch: usize,
    /// Weights, nine per channel.
    pub filter: &'a [[u8; 9]],
    /// One per channel, the input's zero point included.
    pub bias: &'a [i32],
    /// What becomes of the sums.
    pub output: S,
}

impl<S: OutputStage<Element = i8>> Planar<'_, S> {
    /// Copies one channel of one image into the plane, inside of its padding.
    #[inline(never)]
    fn copy(&self, image: &[i8], plane: &mut [i16]) {
        let (w, channels) = (&self.window, self.bias.len().max(1));
        let rows = plane.chunks_mut(self.pitch.max(1)).skip(w.padding_top);
        for (row, to) in image.chunks(w.input_width.max(1) * channels).zip(rows) {
            let begin = w.padding_left;
            if let Some(to) = to.get_mut(begin..begin + w.input_width) {
                arch::gather_row(row, channels, to);
            }
        }
    }

    /// All outputs of one channel of one image.
    #[inline(never)]
    fn channel(&self, channel: usize, plane: &[i16], image: &mut [i8]) {
        let (w, channels) = (&self.window, self.bias.len().max(1));
        let (Some(filter), Some(&bias)) = (self.filter.get(channel), self.bias.get(channel)) else {
            return;
        };
        let weights = arch::weights_3x3(filter);
        let finish = |sum| self.output.finish(sum, channel);
        let rows = image.chunks_mut(w.output_width.max(1) * channels);
        for (y, out) in rows.enumerate() {
            let begin = y * w.stride_height * self.pitch;
            let Some(above) = plane.get(begin..begin + 3 * self.pitch) else {
                continue;
            };
            let (first, rest) = above.split_at_checked(self.pitch).unwrap_or_default();
            let (second, third) = rest.split_at_checked(self.pitch).unwrap_or_default();
            let Some(out) = out.get_mut(channel..) else {
                continue;
            };
            let rows = [first, second, third];
            if w.stride_width == 1 {
                arch::row_3x3::<1>(rows, &weights, bias, w.output_width, out, channels, finish);
            } else {
                arch::row_3x3::<2>(rows, &weights, bias, w.output_width, out, channels, finish);
            }
        }
    }
}

/// From one tensor to another; `plane` is scratch memory.
#[inline(always)]
pub fn depthwise_planar<S: OutputStage<Element = i8>>(
    p: &Planar<'_, S>,
    input: &[i8],
    output: &mut [i8],
    plane: &mut [i16],
) {
    apart(black_box(p), input, output, plane);
}

#[inline(never)]
fn apart<S: OutputStage<Element = i8>>(
    p: &Planar<'_, S>,
    input: &[i8],
    output: &mut [i8],
    plane: &mut [i16],
) {
    let (w, channels) = (&p.window, p.bias.len());
    plane.fill(p.fill.into());
    let inputs = input.chunks((w.input_height * w.input_width * channels).max(1));
    let outputs = output.chunks_mut((w.output_height * w.output_width * channels).max(1));
    for (image, out) in inputs.zip(outputs) {
        for channel in 0..channels {
            p.copy(image.get(channel..).unwrap_or(&[]), plane);
            p.channel(channel, plane, out);
        }
    }
}

/// The output over the input, which has its size.
#[inline(always)]
pub fn depthwise_planar_in_place<S: OutputStage<Element = i8>>(
    p: &Planar<'_, S>,
    in_out: &mut [i8],
    plane: &mut [i16],
) {
    in_place(black_box(p), in_out, plane);
}

#[inline(never)]
fn in_place<S: OutputStage<Element = i8>>(p: &Planar<'_, S>, in_out: &mut [i8], plane: &mut [i16]) {
    let (w, channels) = (&p.window, p.bias.len());
    plane.fill(p.fill.into());
    for image in in_out.chunks_mut((w.input_height * w.input_width * channels).max(1)) {
        for channel in 0..channels {
            p.copy(image.get(channel..).unwrap_or(&[]), plane);
            p.channel(channel, plane, image);
        }
    }
}
