//! DEPTHWISE_CONV_2D of int8, channel by channel: each channel is copied to a plane
//! of its own, padded, before its outputs are written. So the output may overwrite
//! an input of the same size.

use crate::mcu;
use crate::params::requantize_fast::{Bias, RequantizeFast};
use crate::params::window::Window;

/// Parameters of [`depthwise_planar`]: 3x3 windows, one output channel per input
/// channel, no dilation.
#[derive(Clone, Copy, Debug)]
pub struct Planar<'a> {
    /// Sizes, strides (1 or 2, of both dimensions) and padding.
    pub window: Window,
    /// Zero point of the input tensor.
    pub zero_point: i8,
    /// Elements of a row of the plane, an even number.
    pub pitch: usize,
    /// Weights: nine for each channel, row by row.
    pub filter: &'a [[u8; 9]],
    /// Initial accumulators, one for each channel.
    pub bias: Bias<'a>,
    /// Output stage: from sums to outputs.
    pub output: RequantizeFast<'a>,
}

impl Planar<'_> {
    /// One channel of one image, copied into the plane, inside of its padding.
    #[inline(never)]
    fn copy(&self, image: &[i8], plane: &mut [i16]) {
        let w = &self.window;
        let begin = w.padding_top * self.pitch + w.padding_left;
        let sizes = [w.input_height, w.input_width];
        debug_assert!(begin <= plane.len(), "the plane is too short");
        if let Some(plane) = plane.get_mut(begin..) {
            mcu::gather_bytes(image, self.bias.len(), sizes, plane, self.pitch);
        }
    }

    /// All outputs of one channel of one image; `image` starts at this channel's first
    /// output.
    #[inline(never)]
    fn channel(&self, channel: usize, plane: &[i16], image: &mut [i8]) {
        let w = &self.window;
        let (Some(filter), Some(bias), Some(stage)) = (
            self.filter.get(channel),
            self.bias.get(channel),
            self.output.channel(channel),
        ) else {
            debug_assert!(false, "a channel has no weights, bias or multiplier");
            return;
        };
        let weights = mcu::weights_3x3(filter);
        // The plane holds inputs as they are.
        let total: i32 = filter.iter().map(|&w| i32::from(w as i8)).sum();
        let bias = bias.wrapping_sub(total * i32::from(self.zero_point));
        let sizes = [w.output_height, w.output_width];
        let step = self.bias.len();
        if w.stride_width == 1 {
            mcu::plane_3x3::<1>(plane, self.pitch, &weights, bias, sizes, image, step, stage);
        } else {
            mcu::plane_3x3::<2>(plane, self.pitch, &weights, bias, sizes, image, step, stage);
        }
    }
}

/// Computes the convolution from one tensor to another; `plane` is scratch memory.
#[inline(always)]
pub fn depthwise_planar(p: &Planar<'_>, input: &[i8], output: &mut [i8], plane: &mut [i16]) {
    out_of_place(p, input, output, plane);
}

#[inline(never)]
fn out_of_place(p: &Planar<'_>, input: &[i8], output: &mut [i8], plane: &mut [i16]) {
    let (w, channels) = (&p.window, p.bias.len());
    plane.fill(p.zero_point.into());
    let inputs = input.chunks((w.input_height * w.input_width * channels).max(1));
    let outputs = output.chunks_mut((w.output_height * w.output_width * channels).max(1));
    for (image, out) in inputs.zip(outputs) {
        for channel in 0..channels {
            p.copy(image.get(channel..).unwrap_or(&[]), plane);
            p.channel(channel, plane, out.get_mut(channel..).unwrap_or(&mut []));
        }
    }
}

/// Computes the convolution in place: the output overwrites an input of the same size.
#[inline(always)]
pub fn depthwise_planar_in_place(p: &Planar<'_>, in_out: &mut [i8], plane: &mut [i16]) {
    in_place(p, in_out, plane);
}

#[inline(never)]
fn in_place(p: &Planar<'_>, in_out: &mut [i8], plane: &mut [i16]) {
    let (w, channels) = (&p.window, p.bias.len());
    plane.fill(p.zero_point.into());
    for image in in_out.chunks_mut((w.input_height * w.input_width * channels).max(1)) {
        for channel in 0..channels {
            p.copy(image.get(channel..).unwrap_or(&[]), plane);
            p.channel(channel, plane, image.get_mut(channel..).unwrap_or(&mut []));
        }
    }
}
