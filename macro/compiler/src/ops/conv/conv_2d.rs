//! CONV_2D: input NHWC, filter OHWI, output NHWC.

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
use crate::ops::packing::winograd_f4x3::Winograd;
use crate::ops::shared::gemm_i16::GemmI16;
use crate::ops::shared::gemm_inputs::Inputs;
use crate::ops::shared::gemm_packed2;
use crate::ops::shared::gemm_packed16::Packed16;
use crate::ops::shared::operands::operand;
use crate::ops::shared::weighted_sum::channels::DenseChannels;
use crate::ops::shared::weighted_sum::{Accumulation, ScaleProduct, evaluate};
use crate::ops::shared::weights::asymmetric;
use crate::ops::shared::window::{self, Stepping, Window};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The operator CONV_2D: input NHWC, filter OHWI, output NHWC.
pub(crate) struct Conv2d {
    stepping: Stepping,
    activation: Activation,
    /// Outputs see a part of the input's channels only.
    grouped: bool,
}

impl Conv2d {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let options = node
            .operator
            .builtin_options_as_conv_2_doptions()
            .ok_or_else(|| Error::model("it has no Conv2DOptions"))?;
        Ok(Self {
            stepping: Stepping::parse(
                options.padding(),
                [options.stride_h(), options.stride_w()],
                [options.dilation_h_factor(), options.dilation_w_factor()],
            )?,
            activation: Activation::parse(options.fused_activation_function())?,
            grouped: node.input(0)?.shape.last() != node.input(1)?.shape.last(),
        })
    }

    /// An operator whose channels are not grouped.
    pub(crate) fn new(stepping: Stepping, activation: Activation) -> Self {
        Self {
            stepping,
            activation,
            grouped: false,
        }
    }

    fn window(&self, input: &[usize], filter: &[usize]) -> Result<Window> {
        let &[_, height, width, depth] = filter else {
            return Err(Error::model(format!(
                "its filter has shape {filter:?}, expected OHWI"
            )));
        };
        let window = self.stepping.over(input, [height, width])?;
        let groups = input[3] / depth.max(1);
        if depth == 0 || !input[3].is_multiple_of(depth) || !filter[0].is_multiple_of(groups.max(1))
        {
            return Err(Error::model(format!(
                "its input has {} channels, its filter {depth} for {} outputs: they do not form groups",
                input[3], filter[0]
            )));
        }
        Ok(window)
    }
}

impl Operator for Conv2d {
    fn name(&self) -> &'static str {
        "CONV_2D"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            writes_f32: true,
            channels: (!self.grouped).then_some(ChannelRole::Mixes),
            clips: Some(self.activation),
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let [input, filter, ..] = inputs else {
            return Err(Error::model("it needs an input and a filter"));
        };
        let window = self.window(input, filter)?;
        Ok(window.output_shape(filter[0]))
    }

    fn work(&self, inputs: &[&[usize]], outputs: &[Vec<usize>]) -> u64 {
        let filter = inputs.get(1).and_then(|filter| filter.get(1..));
        limits::product([outputs.concat(), filter.unwrap_or(&[]).to_vec()].concat()) as u64
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let (input, filter) = (operand(inputs, 0)?, operand(inputs, 1)?);
        let bias = inputs.get(2).and_then(Option::as_ref);
        let walk = Walk::Convolution {
            window: self.window(input.shape(), filter.shape())?,
            input_depth: input.shape()[3],
            filter_depth: filter.shape()[3],
        };
        evaluate(&walk, [input, filter], bias, self.activation, shape)
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let weights = context.input(1)?.value;
        let is_int8 = !context.in_uint8 && !context.in_float;
        let is_asymmetric = weights.params().is_some_and(|p| p.zero_point != 0)
            || !weights.channel_zero_points.is_empty();
        if is_int8 && is_asymmetric {
            return Err(asymmetric(weights));
        }
        let filter = &weights.shape;
        let input = &context.input(0)?.value.shape;
        Ok(Lowered::unary(Conv2dKernel {
            window: self.window(input, filter)?,
            input_depth: input[3],
            filter_depth: filter[3],
            accumulation: Accumulation::new(context, 0, self.activation, ScaleProduct::Double)?,
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

impl Products for Conv2d {
    fn layout(&self, input: &[usize], weights: &[usize]) -> Result<SumLayout> {
        let window = self.window(input, weights)?;
        Ok(SumLayout {
            rows: window.output_pixels(),
            groups: input[3] / weights[3],
            depth: weights[1..].iter().product(),
            channels: weights[0],
            channels_last: false,
        })
    }

    fn read(
        &self,
        [input_shape, weights]: [&[usize]; 2],
        input: &[f32],
        number: usize,
        row: &mut [f32],
    ) -> Result<()> {
        let window = self.window(input_shape, weights)?;
        let (all, depth) = (input_shape[3], weights[3]);
        let sum = window.filter[0] * window.filter[1] * depth;
        window.taps_at(number, |tap, pixel| {
            let pixel = &input[pixel * all..][..all];
            for (group, x) in pixel.chunks(depth).enumerate() {
                row[group * sum + tap * depth..][..depth].copy_from_slice(x);
            }
        });
        Ok(())
    }
}

#[derive(Clone)]
struct Conv2dKernel {
    window: Window,
    input_depth: usize,
    /// Less than the input's if channels are grouped.
    filter_depth: usize,
    accumulation: Accumulation,
}

impl Kernel for Conv2dKernel {
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
        self.packed().map(|_| self as _)
    }

    fn vectorized(&self) -> Option<Box<dyn Kernel>> {
        if self.filter_depth == self.input_depth
            && let Some(kernel) =
                GemmI16::boxed(self, &self.accumulation, self.window, self.input_depth)
        {
            return Some(kernel);
        }
        let inputs = if self.is_pointwise() {
            Inputs::Rows(self.window.output_pixels())
        } else {
            Inputs::Window(self.window, self.input_depth)
        };
        let depth = self.packed()?;
        let winograd = self.accumulation.fast_bound().and_then(|bound| {
            let channels = self.accumulation.channels();
            Winograd::new(self.window.output, self.input_depth, channels, bound)
                .filter(|_| self.window.is_3x3_stride_1())
        });
        Packed16 {
            depth,
            winograd,
            output_stride: None,
            addition: None,
            accumulation: self.accumulation.clone(),
            inputs,
            reference: self.clone(),
        }
        .that_fits()
    }

    fn scratch(&self) -> Vec<(ElementType, usize)> {
        if self.is_int16() {
            return vec![gemm_packed2::columns(self.products())];
        }
        match self.packed() {
            None => Vec::new(),
            Some(depth) if self.is_pointwise() => vec![gemm_packed2::columns(depth)],
            Some(depth) => vec![gemm_packed2::columns(depth), (ElementType::I8, depth)],
        }
    }

    fn overlap(&self) -> Option<Overlap> {
        self.packed().filter(|_| self.accumulation.is_int8_out())?;
        Some(Overlap {
            distance: self
                .window
                .overlap(self.input_depth, self.accumulation.channels())?,
            function: KernelId::new(if self.is_pointwise() {
                "fully_connected_packed2_rows_overlapping"
            } else {
                "conv_2d_packed2_overlapping"
            }),
        })
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        if let Some(emitted) = self.emit_packed(constants) {
            return emitted;
        }
        let int16 = || {
            gemm_packed2::emit_i16(
                &self.accumulation,
                &self.window,
                self.input_depth,
                constants,
            )
        };
        if let Some(emitted) = self.is_int16().then(int16).flatten() {
            return emitted;
        }
        let window = window::emit(&self.window);
        let (accumulation, stage) = self.accumulation.emit(constants);
        let depth = literals::fields(&[("input_depth", self.input_depth)]);
        Emitted {
            parameters_type: quote!(Conv2d<'static, #stage>),
            parameters: quote!(rt::Conv2d { window: #window, #depth #accumulation }),
            function: KernelId::new(if self.filter_depth == self.input_depth {
                "conv_2d"
            } else {
                "grouped_conv_2d"
            }),
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

impl Channelwise for Conv2dKernel {
    fn depth(&self) -> Option<usize> {
        Some(self.input_depth)
    }

    fn ranges(&self, operands: &[&[IntRange]]) -> Option<Vec<IntRange>> {
        let input = operands.first().filter(|i| i.len() == self.input_depth)?;
        self.dense_channels().ranges(input)
    }

    fn needs(&self, input: &[IntRange], output: &[bool]) -> Option<Vec<bool>> {
        Some(self.dense_channels().needs(input, output))
    }

    fn with(&self, input: &Channels, output: &Channels) -> Box<dyn Kernel> {
        let depth = input.of(self.input_depth);
        Box::new(Self {
            window: self.window,
            input_depth: depth,
            filter_depth: depth,
            accumulation: self.dense_channels().with(input, output),
        })
    }
}

impl Conv2dKernel {
    fn walk(&self) -> Walk {
        Walk::Convolution {
            window: self.window,
            input_depth: self.input_depth,
            filter_depth: self.filter_depth,
        }
    }

    fn dense_channels(&self) -> DenseChannels<'_> {
        DenseChannels {
            accumulation: &self.accumulation,
            depth: self.products(),
            is_padded: self.window.reaches_outside(),
        }
    }

    /// The number of products in one sum.
    fn products(&self) -> usize {
        self.window.filter[0] * self.window.filter[1] * self.filter_depth
    }

    /// The number of products per sum, if the kernels with packed weights apply.
    fn packed(&self) -> Option<usize> {
        let whole = self.filter_depth == self.input_depth && self.accumulation.int8().is_some();
        whole.then(|| self.products())
    }

    /// True for int16 inputs, if the kernels with packed weights apply.
    fn is_int16(&self) -> bool {
        self.filter_depth == self.input_depth && self.accumulation.int16().is_some()
    }

    /// Every input pixel makes one output pixel.
    fn is_pointwise(&self) -> bool {
        let w = &self.window;
        w.filter == [1, 1] && w.stride == [1, 1] && w.input == w.output
    }

    fn emit_packed(&self, constants: &mut Constants) -> Option<Emitted> {
        let pixels = self.window.output_pixels();
        let (packed, stage) =
            gemm_packed2::emit(&self.accumulation, self.packed()?, pixels, constants)?;
        if self.is_pointwise() {
            return Some(Emitted {
                parameters_type: quote!(Packed2<'static, #stage>),
                parameters: packed,
                function: KernelId::new("fully_connected_packed2_rows"),
            });
        }
        let window = window::emit(&self.window);
        let depth = literals::fields(&[("input_depth", self.input_depth)]);
        Some(Emitted {
            parameters_type: quote!(Packed2Conv2d<'static, #stage>),
            parameters: quote!(rt::Packed2Conv2d { window: #window, #depth packed: #packed }),
            function: KernelId::new("conv_2d_packed2"),
        })
    }
}
