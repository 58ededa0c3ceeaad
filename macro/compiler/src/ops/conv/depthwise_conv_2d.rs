//! DEPTHWISE_CONV_2D: input NHWC, filter 1HWC, output channel
//! `input channel * depth_multiplier + m`.

use ndarray::ArrayD;
use niello_numeric::products::Walk;
use quote::quote;

use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::buffer::Buffer;
use crate::ir::channelwise::{Channels, IntRange};
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::graph::ElementType;
use crate::ir::kernel::{
    Accumulators, Channelwise, Emitted, Fusion, Kernel, KernelId, Lowered, Overlap,
};
use crate::ir::operator::{ChannelRole, Operator, RealOperands};
use crate::ir::operator_traits::OperatorTraits;
use crate::ir::products::{Products, SumLayout};
use crate::limits;
use crate::ops::shared::dwconv_i16::DwconvI16;
use crate::ops::shared::dwconv_packed16::DwconvPacked16;
use crate::ops::shared::gemm_inputs::Inputs;
use crate::ops::shared::gemm_packed2;
use crate::ops::shared::gemm_packed16::Packed16;
use crate::ops::shared::operands::operand;
use crate::ops::shared::weighted_sum::channels::DepthwiseChannels;
use crate::ops::shared::weighted_sum::{Accumulation, ScaleProduct, evaluate};
use crate::ops::shared::window::{self, Stepping, Window};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The operator DEPTHWISE_CONV_2D: input NHWC, filter 1HWC, output channel `input channel *
/// depth_multiplier + m`.
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

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            writes_f32: true,
            channels: Some(ChannelRole::Depthwise),
            clips: Some(self.activation),
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let [input, filter, ..] = inputs else {
            return Err(Error::model("it needs an input and a filter"));
        };
        let (window, _) = self.window(input, filter)?;
        Ok(window.output_shape(filter[3]))
    }

    fn work(&self, inputs: &[&[usize]], outputs: &[Vec<usize>]) -> u64 {
        let filter = inputs.get(1).and_then(|filter| filter.get(1..3));
        limits::product([outputs.concat(), filter.unwrap_or(&[]).to_vec()].concat()) as u64
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let (input, filter) = (operand(inputs, 0)?, operand(inputs, 1)?);
        let bias = inputs.get(2).and_then(Option::as_ref);
        let (window, depth_multiplier) = self.window(input.shape(), filter.shape())?;
        let walk = Walk::Depthwise {
            window,
            input_depth: input.shape()[3],
            depth_multiplier,
        };
        evaluate(&walk, [input, filter], bias, self.activation, shape)
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

    fn products(&self) -> Option<&dyn Products> {
        Some(self)
    }

    crate::ir::operator::fused_activation!();
}

impl Products for DepthwiseConv2d {
    fn layout(&self, input: &[usize], weights: &[usize]) -> Result<SumLayout> {
        let (window, _) = self.window(input, weights)?;
        Ok(SumLayout {
            rows: window.output_pixels(),
            groups: input[3],
            depth: window.filter[0] * window.filter[1],
            channels: weights[3],
            channels_last: true,
        })
    }

    fn read(
        &self,
        [input_shape, weights]: [&[usize]; 2],
        input: &[f32],
        number: usize,
        row: &mut [f32],
    ) -> Result<()> {
        let (window, _) = self.window(input_shape, weights)?;
        let depth = input_shape[3];
        let taps = window.filter[0] * window.filter[1];
        window.taps_at(number, |tap, pixel| {
            for (channel, x) in input[pixel * depth..][..depth].iter().enumerate() {
                row[channel * taps + tap] = *x;
            }
        });
        Ok(())
    }
}

#[derive(Clone)]
struct DepthwiseKernel {
    window: Window,
    input_depth: usize,
    depth_multiplier: usize,
    accumulation: Accumulation,
}

impl Kernel for DepthwiseKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        self.accumulation.simulate(&self.walk(), inputs[0])
    }

    fn fused(&self, fusion: Fusion<'_>) -> Option<Box<dyn Kernel>> {
        let window = window::fused(&self.window, fusion)?;
        Some(Box::new(Self {
            window,
            ..self.clone()
        }))
    }

    fn channelwise(&self) -> Option<&dyn Channelwise> {
        (self.depth_multiplier == 1 && self.accumulation.int8().is_some()).then_some(self)
    }

    fn vectorized(&self) -> Option<Box<dyn Kernel>> {
        if self.depth_multiplier == 1
            && let Some(kernel) = DwconvI16::boxed(self, &self.accumulation, self.window)
        {
            return Some(kernel);
        }
        let Some(depth) = self.as_conv() else {
            let kernel = DwconvPacked16::new(
                self.clone(),
                &self.accumulation,
                &self.window,
                self.input_depth,
            );
            let single = self.depth_multiplier == 1;
            return Some(Box::new(kernel.filter(|_| single)?));
        };
        Packed16 {
            depth,
            accumulation: self.accumulation.by_channel(),
            inputs: Inputs::Window(self.window, 1),
            winograd: None,
            output_stride: None,
            addition: None,
            reference: self.clone(),
        }
        .that_fits()
    }

    fn scratch(&self) -> Vec<(ElementType, usize)> {
        if let Some(depth) = self.as_conv() {
            return vec![gemm_packed2::columns(depth), (ElementType::I8, depth)];
        }
        if self.is_planar() || self.is_planar_i16() {
            let rows = (self.window.output[0] - 1) * self.window.stride[0] + 3;
            let rows = rows.max(self.window.input[0] + self.window.padding[0]);
            return vec![(ElementType::I16, rows * self.pitch())];
        }
        Vec::new()
    }

    fn in_place(&self, input: usize) -> Option<KernelId> {
        let same = self.window.input == self.window.output && self.window.stride == [1, 1];
        let name = if self.is_planar_i16() {
            "depthwise_planar_i16_in_place"
        } else {
            "depthwise_planar_in_place"
        };
        let is_planar = self.is_planar() || self.is_planar_i16();
        (input == 0 && same && is_planar).then_some(KernelId::new(name))
    }

    fn overlap(&self) -> Option<Overlap> {
        self.as_conv().filter(|_| self.accumulation.is_int8_out())?;
        let channels = self.accumulation.channels();
        Some(Overlap {
            distance: self.window.overlap(self.input_depth, channels)?,
            function: KernelId::new("conv_2d_packed2_overlapping"),
        })
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        if let Some(emitted) = self
            .emit_as_conv(constants)
            .or_else(|| self.emit_planar(constants))
            .or_else(|| self.emit_planar_i16(constants))
        {
            return emitted;
        }
        let window = window::emit(&self.window);
        let (accumulation, stage) = self.accumulation.emit(constants);
        let depths = literals::fields(&[
            ("input_depth", self.input_depth),
            ("depth_multiplier", self.depth_multiplier),
        ]);
        Emitted {
            parameters_type: quote!(DepthwiseConv2d<'static, #stage>),
            parameters: quote!(rt::DepthwiseConv2d { window: #window, #depths #accumulation }),
            function: KernelId::new("depthwise_conv_2d"),
        }
    }

    fn macs(&self) -> u64 {
        (self.window.output_pixels() * self.accumulation.weights()) as u64
    }

    #[cfg(feature = "export")]
    fn weights(&self) -> Option<crate::ir::kernel::StoredWeights<'_>> {
        self.accumulation.stored()
    }

    fn accumulators(&mut self) -> Option<Accumulators<'_>> {
        self.accumulation.accumulators()
    }
}

impl Channelwise for DepthwiseKernel {
    fn depth(&self) -> Option<usize> {
        Some(self.input_depth)
    }

    fn ranges(&self, operands: &[&[IntRange]]) -> Option<Vec<IntRange>> {
        self.depthwise_channels().ranges(operands.first()?)
    }

    fn with(&self, _: &Channels, output: &Channels) -> Box<dyn Kernel> {
        Box::new(Self {
            window: self.window,
            input_depth: output.of(self.input_depth),
            depth_multiplier: 1,
            accumulation: self.depthwise_channels().with(output),
        })
    }
}

impl DepthwiseKernel {
    fn walk(&self) -> Walk {
        Walk::Depthwise {
            window: self.window,
            input_depth: self.input_depth,
            depth_multiplier: self.depth_multiplier,
        }
    }

    fn depthwise_channels(&self) -> DepthwiseChannels<'_> {
        DepthwiseChannels {
            accumulation: &self.accumulation,
            is_padded: self.window.reaches_outside(),
        }
    }

    /// The number of products per sum, if there is one input channel: then it is a convolution.
    fn as_conv(&self) -> Option<usize> {
        let one = self.input_depth == 1 && self.accumulation.int8().is_some();
        one.then_some(self.window.filter[0] * self.window.filter[1])
    }

    fn emit_as_conv(&self, constants: &mut Constants) -> Option<Emitted> {
        let taps = self.as_conv()?;
        let pixels = self.window.output_pixels();
        let by_channel = self.accumulation.by_channel();
        let (packed, stage) = gemm_packed2::emit(&by_channel, taps, pixels, constants)?;
        let window = window::emit(&self.window);
        let depth = literals::fields(&[("input_depth", 1)]);
        Some(Emitted {
            parameters_type: quote!(Packed2Conv2d<'static, #stage>),
            parameters: quote!(rt::Packed2Conv2d { window: #window, #depth packed: #packed }),
            function: KernelId::new("conv_2d_packed2"),
        })
    }

    /// True for 3x3 windows that the planar kernel takes.
    fn is_planar(&self) -> bool {
        self.has_planar_window() && self.accumulation.simplified().is_fast()
    }

    /// True for 3x3 windows that the planar kernel of int16 takes.
    fn is_planar_i16(&self) -> bool {
        self.has_planar_window()
            && self
                .accumulation
                .int16()
                .is_some_and(|sums| sums.right == 0)
    }

    fn has_planar_window(&self) -> bool {
        let w = &self.window;
        let steps = w.stride == [1, 1] || w.stride == [2, 2];
        w.filter == [3, 3]
            && steps
            && w.dilation == [1, 1]
            && self.depth_multiplier == 1
            && self.input_depth > 1
    }

    /// Elements of a row of the plane: what all outputs reach, one pair more.
    fn pitch(&self) -> usize {
        let w = &self.window;
        let reach = if w.stride[1] == 1 {
            w.output[1].next_multiple_of(2) + 2
        } else {
            2 * (w.output[1] + 1)
        };
        reach.max(w.input[1] + w.padding[1]).next_multiple_of(2)
    }

    fn emit_planar(&self, constants: &mut Constants) -> Option<Emitted> {
        if !self.is_planar() {
            return None;
        }
        let by_channel = self.accumulation.simplified().by_channel();
        let (filter, biases, zero_point) = by_channel.int8()?;
        let filter = constants.bytes("FILTER", filter);
        let bias = gemm_packed2::bias(biases, constants);
        let (output, _) = by_channel.emit_output(true, constants);
        let (window, zero_point) = (window::emit(&self.window), literals::int(zero_point));
        let pitch = literals::fields(&[("pitch", self.pitch())]);
        Some(Emitted {
            parameters_type: quote!(Planar<'static>),
            parameters: quote!(rt::Planar {
                window: #window,
                zero_point: #zero_point,
                #pitch
                filter: (#filter).as_chunks().0,
                bias: #bias,
                output: #output,
            }),
            function: KernelId::new("depthwise_planar"),
        })
    }
}

impl DepthwiseKernel {
    fn emit_planar_i16(&self, constants: &mut Constants) -> Option<Emitted> {
        if !self.is_planar_i16() {
            return None;
        }
        let sums = self.accumulation.int16()?;
        let channels = sums.bias.len();
        let by_channel = (0..channels).flat_map(|c| sums.filter.iter().skip(c).step_by(channels));
        let filter = constants.bytes("FILTER", &by_channel.copied().collect::<Vec<i8>>());
        let bias = gemm_packed2::bias(&sums.bias, constants);
        let output = gemm_packed2::emit_factors(&sums, constants);
        let window = window::emit(&self.window);
        let pitch = literals::fields(&[("pitch", self.pitch())]);
        Some(Emitted {
            parameters_type: quote!(PlanarI16<'static>),
            parameters: quote!(rt::PlanarI16 {
                window: #window,
                #pitch
                filter: (#filter).as_chunks().0,
                bias: #bias,
                output: #output,
            }),
            function: KernelId::new("depthwise_planar_i16"),
        })
    }
}
