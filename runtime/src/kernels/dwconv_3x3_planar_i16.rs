//! DEPTHWISE_CONV_2D of int16 inputs and int8 weights (TFLite's 16x8 scheme), for small cores: as
//! `dwconv_3x3_planar.rs`, with sums that fit 32 bits ([`RequantizeI16Fast`]) and zero points of 0.

use crate::mcu;
use crate::params::requantize_fast::Bias;
use crate::params::requantize_i16::RequantizeI16Fast;
use crate::params::window::Window;

/// Parameters of [`depthwise_planar_i16`]: 3x3 windows, one output channel per input channel, no
/// dilation.
#[derive(Clone, Copy, Debug)]
pub struct PlanarI16<'a> {
    /// Sizes, strides (1 or 2, of both dimensions) and padding.
    pub window: Window,
    /// Elements of a row of the plane, an even number.
    pub pitch: usize,
    /// Weights: nine for each channel, row by row.
    pub filter: &'a [[u8; 9]],
    /// Initial accumulators, one for each channel.
    pub bias: Bias<'a>,
    /// Output stage: from sums to outputs; its products are not shifted to the right.
    pub output: RequantizeI16Fast<'a>,
}

impl PlanarI16<'_> {
    /// One channel of one image, copied into the plane, inside of its padding.
    #[inline(never)]
    fn copy(&self, image: &[i16], plane: &mut [i16]) {
        let w = &self.window;
        let begin = w.padding_top * self.pitch + w.padding_left;
        let sizes = [w.input_height, w.input_width];
        debug_assert!(begin <= plane.len(), "the plane is too short");
        if let Some(plane) = plane.get_mut(begin..) {
            mcu::gather_plane(image, self.bias.len(), sizes, plane, self.pitch);
        }
    }

    /// All outputs of one channel of one image; `image` starts at this channel's first output.
    #[inline(never)]
    fn channel(&self, channel: usize, plane: &[i16], image: &mut [i16]) {
        let w = &self.window;
        let (Some(filter), Some(bias), Some(&factor)) = (
            self.filter.get(channel),
            self.bias.get(channel),
            self.output.factor.get(channel),
        ) else {
            debug_assert!(false, "a channel has no weights, bias or factor");
            return;
        };
        let of_channel = mcu::PlaneI16 {
            plane,
            pitch: self.pitch,
            filter,
            bias,
            factor,
            stage: self.output,
            sizes: [w.output_height, w.output_width],
            step: self.bias.len(),
        };
        if w.stride_width == 1 {
            mcu::plane_3x3_i16::<1>(&of_channel, image);
        } else {
            mcu::plane_3x3_i16::<2>(&of_channel, image);
        }
    }
}

/// Computes the convolution from one tensor to another; `plane` is scratch memory.
#[inline(never)]
pub fn depthwise_planar_i16(
    p: &PlanarI16<'_>,
    input: &[i16],
    output: &mut [i16],
    plane: &mut [i16],
) {
    let (w, channels) = (&p.window, p.bias.len());
    plane.fill(0);
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
#[inline(never)]
pub fn depthwise_planar_i16_in_place(p: &PlanarI16<'_>, in_out: &mut [i16], plane: &mut [i16]) {
    let (w, channels) = (&p.window, p.bias.len());
    plane.fill(0);
    for image in in_out.chunks_mut((w.input_height * w.input_width * channels).max(1)) {
        for channel in 0..channels {
            p.copy(image.get(channel..).unwrap_or(&[]), plane);
            p.channel(channel, plane, image.get_mut(channel..).unwrap_or(&mut []));
        }
    }
}
