//! CONV_2D: input NHWC, filter OHWI, output NHWC.

use ndarray::ArrayD;
use quote::quote;

use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::buffer::Buffer;
use crate::ir::channelwise::{Channels, IntRange};
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::graph::ElementType;
use crate::ir::graph::array;
use crate::ir::kernel::{
    Accumulators, Channelwise, Emitted, Fusion, Kernel, KernelId, Lowered, Overlap,
};
use crate::ir::operator::{ChannelRole, Operator, RealOperands};
use crate::ir::operator_traits::OperatorTraits;
use crate::ir::products::{Products, SumLayout};
use crate::limits;
use crate::ops::packing::winograd_f4x3::Winograd;
use crate::ops::shared::gemm_inputs::Inputs;
use crate::ops::shared::gemm_packed2;
use crate::ops::shared::gemm_packed16::Packed16;
use crate::ops::shared::operands::{flat, matrix, operand};
use crate::ops::shared::weighted_sum::channels::DenseChannels;
use crate::ops::shared::weighted_sum::products::{Accumulate, Factors, Weighted};
use crate::ops::shared::weighted_sum::{Accumulation, ScaleProduct, add_bias};
use crate::ops::shared::weights::asymmetric;
use crate::ops::shared::window::{Stepping, Window};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// Elements of the matrix of inputs that are there at once.
const MOST_COLUMNS: usize = 1 << 24;

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
        let window = self.window(input.shape(), filter.shape())?;
        let (channels, depth) = (filter.shape()[0], filter.shape()[3]);
        let taps = window.filter[0] * window.filter[1];
        let all = input.shape()[3];
        let input = input.as_standard_layout();
        let input = flat(&input)?;
        if all != depth {
            let filter = filter.as_standard_layout();
            let filter = flat(&filter)?;
            let mut out = vec![0.0; window.output_pixels() * channels];
            let per_group = channels / (all / depth);
            window.taps(|pixel, tap, at| {
                for channel in 0..channels {
                    let x = &input[at * all + channel / per_group * depth..][..depth];
                    let w = &filter[(channel * taps + tap) * depth..][..depth];
                    out[pixel * channels + channel] +=
                        x.iter().zip(w).map(|(x, w)| x * w).sum::<f32>();
                }
            });
            let mut output = array(shape, out)?;
            add_bias(&mut output, bias, self.activation)?;
            return Ok(output);
        }
        // im2col, then matrix products, of as many rows at a time as there is memory for.
        let row = taps * depth;
        let filter = filter.as_standard_layout();
        let filter = matrix(channels, row, flat(&filter)?)?;
        let (pixels, width) = (window.output_pixels(), window.output[1]);
        let rows = (MOST_COLUMNS / (width * row).max(1)).max(1);
        let mut data = Vec::with_capacity(pixels * channels);
        for from in (0..pixels).step_by((rows * width).max(1)) {
            let count = (rows * width).min(pixels - from);
            let mut columns = vec![0.0; count * row];
            for out in 0..count {
                let columns = &mut columns[out * row..][..row];
                window.taps_at(from + out, |tap, pixel| {
                    columns[tap * depth..][..depth]
                        .copy_from_slice(&input[pixel * depth..][..depth]);
                });
            }
            data.extend(matrix(count, row, &columns)?.dot(&filter.t()));
        }
        let mut output = array(shape, data)?;
        add_bias(&mut output, bias, self.activation)?;
        Ok(output)
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
        self.accumulation.simulate(self, inputs[0])
    }

    fn fused(&self, fusion: Fusion<'_>) -> Option<Box<dyn Kernel>> {
        let window = self.window.fused(fusion)?;
        Some(Box::new(Self {
            window,
            ..self.clone()
        }))
    }

    fn channelwise(&self) -> Option<&dyn Channelwise> {
        self.packed().map(|_| self as _)
    }

    fn vectorized(&self) -> Option<Box<dyn Kernel>> {
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
        let window = self.window.emit();
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
        let window = self.window.emit();
        let depth = literals::fields(&[("input_depth", self.input_depth)]);
        Some(Emitted {
            parameters_type: quote!(Packed2Conv2d<'static, #stage>),
            parameters: quote!(rt::Packed2Conv2d { window: #window, #depth packed: #packed }),
            function: KernelId::new("conv_2d_packed2"),
        })
    }
}

impl Weighted for Conv2dKernel {
    fn sums<X: Copy, W: Copy, A: Accumulate<X, W>>(&self, terms: &Factors<'_, X, W, A>) -> Vec<A> {
        let depth = self.filter_depth;
        let channels = terms.bias.len();
        let per_group = (channels / (self.input_depth / depth)).max(1);
        let taps = self.window.filter[0] * self.window.filter[1];
        let mut sums = terms.begin(self.window.output_pixels());
        self.window.taps(|out, tap, pixel| {
            let sums = &mut sums[out * channels..][..channels];
            for (channel, sum) in sums.iter_mut().enumerate() {
                let begin = pixel * self.input_depth + channel / per_group * depth;
                *sum = terms.dot(*sum, begin, (channel * taps + tap) * depth, depth);
            }
        });
        sums
    }
}
