//! DEPTHWISE_CONV_2D: input NHWC, filter 1HWC, output channel
//! `input channel * depth_multiplier + m`.

use ndarray::{ArrayD, ArrayViewD};
use quote::quote;

use super::accumulation::{Accumulate, Accumulation, ScaleProduct, Sum, Weighted, add_bias};
use super::window::{Stepping, Window};
use super::{
    Accumulators, Activation, Buffer, ChannelRole, Emitted, Kernel, LowerContext, Lowered,
    Operator, ParseContext,
};
use crate::emit::{self, Constants};
use crate::error::{Error, Result};

pub(crate) struct DepthwiseConv2d {
    stepping: Stepping,
    activation: Activation,
}

impl DepthwiseConv2d {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let options = node
            .operator
            .builtin_options_as_depthwise_conv_2_doptions()
            .ok_or_else(|| Error::model("it has no DepthwiseConv2DOptions"))?;
        // The file's depth_multiplier is unused: the shapes imply it.
        Ok(Self {
            stepping: Stepping::parse(
                options.padding(),
                [options.stride_h(), options.stride_w()],
                [options.dilation_h_factor(), options.dilation_w_factor()],
            )?,
            activation: Activation::parse(options.fused_activation_function())?,
        })
    }

    /// The window and the depth multiplier.
    fn window(&self, input: &[usize], filter: &[usize]) -> Result<(Window, usize)> {
        let &[1, height, width, channels] = filter else {
            return Err(Error::model(format!(
                "its filter has shape {filter:?}, expected 1HWC"
            )));
        };
        let window = self.stepping.over(input, [height, width])?;
        let depth = input[3];
        if depth == 0 || channels % depth != 0 {
            return Err(Error::model(format!(
                "its filter has {channels} channels, not a multiple of the input's {depth}"
            )));
        }
        Ok((window, channels / depth))
    }
}

impl Operator for DepthwiseConv2d {
    fn name(&self) -> &'static str {
        "DEPTHWISE_CONV_2D"
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let [input, filter, ..] = inputs else {
            return Err(Error::model("it needs an input and a filter"));
        };
        let (window, _) = self.window(input, filter)?;
        Ok(vec![
            window.batches,
            window.output[0],
            window.output[1],
            filter[3],
        ])
    }

    fn evaluate(&self, inputs: &[Option<ArrayViewD<'_, f32>>], shape: &[usize]) -> ArrayD<f32> {
        let mut output = ArrayD::zeros(shape);
        let [Some(input), Some(filter), rest @ ..] = inputs else {
            return output;
        };
        let Ok((window, multiplier)) = self.window(input.shape(), filter.shape()) else {
            return output;
        };
        let (depth, channels) = (input.shape()[3], filter.shape()[3]);
        let (input, filter) = (input.as_standard_layout(), filter.as_standard_layout());
        if let (Some(x), Some(w), Some(y)) =
            (input.as_slice(), filter.as_slice(), output.as_slice_mut())
        {
            window.taps(|out, tap, pixel| {
                let x = &x[pixel * depth..][..depth];
                let w = &w[tap * channels..][..channels];
                let y = &mut y[out * channels..][..channels];
                if multiplier == 1 {
                    for ((y, x), w) in y.iter_mut().zip(x).zip(w) {
                        *y += x * w;
                    }
                } else {
                    for (channel, (y, w)) in y.iter_mut().zip(w).enumerate() {
                        *y += x[channel / multiplier] * w;
                    }
                }
            });
        }
        add_bias(
            &mut output,
            rest.first().and_then(Option::as_ref),
            self.activation,
        );
        output
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let input = &context.input(0)?.value.shape;
        let (window, depth_multiplier) = self.window(input, &context.input(1)?.value.shape)?;
        Ok(Lowered::unary(DepthwiseKernel {
            window,
            input_depth: input[3],
            depth_multiplier,
            accumulation: Accumulation::new(context, 3, self.activation, ScaleProduct::Double)?,
        }))
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower(context)
    }

    super::activation::fused_activation!();

    fn writes_f32(&self) -> bool {
        true
    }

    fn channels(&self) -> Option<ChannelRole> {
        Some(ChannelRole::Depthwise)
    }
}

struct DepthwiseKernel {
    window: Window,
    input_depth: usize,
    depth_multiplier: usize,
    accumulation: Accumulation,
}

impl Kernel for DepthwiseKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        self.accumulation.simulate(self, inputs[0])
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let window = self.window.emit();
        let (accumulation, stage) = self.accumulation.emit(constants);
        let depths = emit::fields(&[
            ("input_depth", self.input_depth),
            ("depth_multiplier", self.depth_multiplier),
        ]);
        Emitted {
            parameters_type: quote!(DepthwiseConv2d<'static, #stage>),
            parameters: quote!(rt::DepthwiseConv2d { window: #window, #depths #accumulation }),
            function: "depthwise_conv_2d",
        }
    }

    fn macs(&self) -> u64 {
        (self.window.output_pixels() * self.accumulation.weights()) as u64
    }

    fn accumulators(&mut self) -> Option<Accumulators<'_>> {
        self.accumulation.accumulators()
    }
}

impl Weighted for DepthwiseKernel {
    fn sums<X: Copy, W: Copy, A: Accumulate<X, W>>(&self, terms: &Sum<'_, X, W, A>) -> Vec<A> {
        let channels = terms.bias.len();
        let mut sums = terms.begin(self.window.output_pixels());
        self.window.taps(|out, tap, pixel| {
            let x = &terms.input[pixel * self.input_depth..][..self.input_depth];
            let w = &terms.filter[tap * channels..][..channels];
            let sums = &mut sums[out * channels..][..channels];
            for (channel, (sum, &w)) in sums.iter_mut().zip(w).enumerate() {
                let x = x[channel / self.depth_multiplier];
                *sum = sum.add_product(x, w, terms.offset);
            }
        });
        sums
    }
}
