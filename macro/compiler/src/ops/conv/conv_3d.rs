//! CONV_3D as operators on images: the slices that an output depth sees lie side by
//! side as the channels of one image, which CONV_2D reads.

use ndarray::{ArrayD, IxDyn};

use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::graph::Value;
use crate::ir::operator::Operator;
use crate::ops::conv::conv_2d::Conv2d;
use crate::ops::movement::pad::Pad;
use crate::ops::movement::reshape::Reshape;
use crate::ops::shared::strided::{Movement, Moving, Strided};
use crate::ops::shared::window::Stepping;
use crate::tflite;

/// The operators, in order; each reads what the one before writes.
pub(crate) struct Expansion {
    /// Adds slices before and behind, and puts those of one output side by side.
    pub front: Vec<Box<dyn Operator>>,
    /// It also reads `weights` and the bias.
    pub convolution: Box<dyn Operator>,
    /// The weights in CONV_2D's order, OHWI.
    pub weights: ArrayD<f32>,
    /// Parts images into slices again.
    pub back: Box<dyn Operator>,
}

/// What CONV_3D is, for an input of this shape.
pub(crate) fn expand(
    operator: &tflite::Operator<'_>,
    input: &[usize],
    filter: &Value,
) -> Result<Expansion> {
    let options = operator
        .builtin_options_as_conv_3_doptions()
        .ok_or_else(|| Error::model("it has no Conv3DOptions"))?;
    let planes = Stepping::parse(
        options.padding(),
        [options.stride_h(), options.stride_w()],
        [options.dilation_h_factor(), options.dilation_w_factor()],
    )?;
    // Depth is the height of an image of width 1.
    let slices = Stepping::parse(
        options.padding(),
        [options.stride_d(), 1],
        [options.dilation_d_factor(), 1],
    )?;
    let (&[batches, depth, height, width, channels], &[taps, rows, columns, from, to]) =
        (input, filter.shape.as_slice())
    else {
        return Err(Error::model(format!(
            "its input has shape {input:?} and its filter {:?}, expected 5 dimensions",
            filter.shape
        )));
    };
    let weights = filter.real().ok_or_else(|| {
        Error::model("its filter is computed at run time; only constant weights are supported")
    })?;
    if from != channels {
        return Err(Error::model(format!(
            "its input has {channels} channels, its filter {from}: groups are not supported"
        )));
    }
    let window = slices.over(&[batches, depth, 1, channels], [taps, 1])?;
    let outputs = window.output[0];
    let reach =
        (outputs.max(1) - 1) * window.stride[0] + (taps.max(1) - 1) * window.dilation[0] + 1;
    let before = window.padding[0];
    let after = reach.saturating_sub(depth + before);
    let mut front: Vec<Box<dyn Operator>> = Vec::new();
    if before + after > 0 {
        let none = [0; 2];
        let paddings = vec![none, [before, after], none, none, none];
        front.push(Box::new(Pad::with_zeros(paddings)));
    }
    front.push(Box::new(Moving::new(SideBySide {
        outputs,
        taps,
        stride: window.stride[0],
        dilation: window.dilation[0],
        first: 0,
    })));
    // DHWIO to OHW(DI).
    let weights = weights.permuted_axes(IxDyn(&[4, 1, 2, 0, 3]));
    let weights = weights
        .as_standard_layout()
        .into_owned()
        .into_shape_with_order(IxDyn(&[to, rows, columns, taps * from]))
        .map_err(|e| Error::model(format!("its filter cannot be reordered: {e}")))?;
    let plane = planes.over(&[1, height, width, channels], [rows, columns])?;
    let shape = [batches, outputs, plane.output[0], plane.output[1], to];
    Ok(Expansion {
        front,
        convolution: Box::new(Conv2d::new(
            planes,
            Activation::parse(options.fused_activation_function())?,
        )),
        weights,
        back: Box::new(Reshape::to(&shape)),
    })
}

/// The slices of every output, each pixel's channels one behind the other.
pub(crate) struct SideBySide {
    pub outputs: usize,
    pub taps: usize,
    pub stride: usize,
    pub dilation: usize,
    /// The first slice that is read.
    pub first: usize,
}

impl Movement for SideBySide {
    fn name(&self) -> &'static str {
        "CONV_3D"
    }

    fn shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let &[batches, _, height, width, channels] = input else {
            return Err(Error::model(format!("{input:?} has not 5 dimensions")));
        };
        let images = batches * self.outputs;
        Ok(vec![images, height, width, self.taps * channels])
    }

    fn walk(&self, input: &[usize]) -> Result<Strided> {
        let &[batches, depth, height, width, channels] = input else {
            return Err(Error::model(format!("{input:?} has not 5 dimensions")));
        };
        let slice = (height * width * channels) as isize;
        Ok(Strided {
            shape: vec![batches, self.outputs, height * width, self.taps, channels],
            strides: vec![
                depth as isize * slice,
                self.stride as isize * slice,
                channels as isize,
                self.dilation as isize * slice,
                1,
            ],
            offset: self.first * slice as usize,
        })
    }
}
