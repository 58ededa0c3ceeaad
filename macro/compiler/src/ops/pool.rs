//! What AVERAGE_POOL_2D and MAX_POOL_2D share: a window over each channel.

use ndarray::{ArrayD, ArrayViewD};
use quote::quote;

use super::window::{Stepping, Window};
use super::{Activation, Buffer, Emitted, Kernel, LowerContext, ParseContext};
use crate::emit::{self, Constants};
use crate::error::{Error, Result};

/// A pool's attributes.
pub(crate) struct Pool {
    stepping: Stepping,
    filter: [usize; 2],
    activation: Activation,
}

impl Pool {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let options = node
            .operator
            .builtin_options_as_pool_2_doptions()
            .ok_or_else(|| Error::model("it has no Pool2DOptions"))?;
        let size = |n: i32| {
            usize::try_from(n)
                .ok()
                .filter(|&n| n > 0)
                .ok_or_else(|| Error::model(format!("its filter size is {n}, expected at least 1")))
        };
        Ok(Self {
            stepping: Stepping::parse(
                options.padding(),
                [options.stride_h(), options.stride_w()],
                [1, 1],
            )?,
            filter: [
                size(options.filter_height())?,
                size(options.filter_width())?,
            ],
            activation: super::parse_activation(options.fused_activation_function())?,
        })
    }

    fn window(&self, input: &[usize]) -> Result<Window> {
        self.stepping.over(input, self.filter)
    }

    pub(crate) fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let input = inputs.first().copied().unwrap_or(&[]);
        let window = self.window(input)?;
        Ok(vec![
            window.batches,
            window.output[0],
            window.output[1],
            input[3],
        ])
    }

    pub(crate) fn fuse(&mut self, activation: Activation) -> bool {
        self.activation
            .then(activation)
            .map(|a| self.activation = a)
            .is_some()
    }

    pub(crate) fn is_homogeneous(&self) -> bool {
        self.activation != Activation::ReluN1To1
    }

    pub(crate) fn activation(&self) -> Activation {
        self.activation
    }

    pub(crate) fn evaluate(
        &self,
        inputs: &[Option<ArrayViewD<'_, f32>>],
        shape: &[usize],
        reduce: impl Fn(&[f32]) -> f32,
    ) -> ArrayD<f32> {
        let Some(Some(input)) = inputs.first() else {
            return ArrayD::zeros(shape);
        };
        let Ok(window) = self.window(input.shape()) else {
            return ArrayD::zeros(shape);
        };
        let input = input.as_standard_layout();
        let data = reduced(&window, shape[3], input.as_slice().unwrap_or(&[]), |taps| {
            self.activation.apply(reduce(taps))
        });
        crate::graph::array(shape, data)
    }
}

/// Reduces the taps of every output element.
fn reduced<T: Copy, U>(
    window: &Window,
    channels: usize,
    input: &[T],
    f: impl Fn(&[T]) -> U,
) -> Vec<U> {
    let mut output = Vec::with_capacity(window.output_pixels() * channels);
    let mut pixels = Vec::new();
    let mut taps = Vec::new();
    for i in 0..window.output_pixels() {
        let (row, x) = (i / window.output[1], i % window.output[1]);
        pixels.clear();
        window.taps_of(
            row / window.output[0],
            row % window.output[0],
            x,
            |_, pixel| pixels.push(pixel),
        );
        for channel in 0..channels {
            taps.clear();
            taps.extend(pixels.iter().map(|p| input[p * channels + channel]));
            output.push(f(&taps));
        }
    }
    output
}

pub(crate) struct PoolKernel {
    window: Window,
    channels: usize,
    activation: (i32, i32),
    function: &'static str,
    reduce: fn(&[i8]) -> i32,
}

impl PoolKernel {
    pub(crate) fn new(
        pool: &Pool,
        context: &LowerContext<'_>,
        function: &'static str,
        reduce: fn(&[i8]) -> i32,
    ) -> Result<Self> {
        let input = &context.input(0)?.value.shape;
        if context.params(0)? != context.output_params()? {
            return Err(Error::model(
                "its input and output have different scales or zero points",
            ));
        }
        Ok(Self {
            window: pool.window(input)?,
            channels: input[3],
            activation: pool.activation.quantized_bounds(context.output_params()?),
            function,
            reduce,
        })
    }
}

impl Kernel for PoolKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let (min, max) = self.activation;
        Buffer::I8(reduced(
            &self.window,
            self.channels,
            inputs[0].i8(),
            |taps| (self.reduce)(taps).clamp(min, max) as i8,
        ))
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let window = self.window.emit();
        let channels = emit::fields(&[("channels", self.channels)]);
        let (min, max) = (emit::int(self.activation.0), emit::int(self.activation.1));
        Emitted {
            parameters_type: quote!(Pool2d),
            parameters: quote!(rt::Pool2d {
                window: #window,
                #channels
                activation_min: #min,
                activation_max: #max,
            }),
            function: self.function,
        }
    }
}
