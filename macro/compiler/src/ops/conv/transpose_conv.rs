//! TRANSPOSE_CONV, and MediaPipe's custom Convolution2DTransposeBias: input NHWC,
//! filter OHWI.

use ndarray::ArrayD;
use niello_numeric::products::Walk;
use quote::quote;

use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::kernel::{Accumulators, Emitted, Kernel, KernelId, Lowered, Source};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::OperatorTraits;
use crate::limits;
use crate::ops::shared::operands::operand;
use crate::ops::shared::weighted_sum::{Accumulation, ScaleProduct, evaluate};
use crate::ops::shared::window::{self, Padding, Stepping, Window};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The operator TRANSPOSE_CONV, and MediaPipe's custom Convolution2DTransposeBias: input NHWC,
/// filter OHWI.
pub(crate) struct TransposeConv {
    name: &'static str,
    stepping: Stepping,
    activation: Activation,
    /// Height and width, where the file says them.
    output: Option<[usize; 2]>,
    /// The positions of input, filter and bias.
    operands: [usize; 3],
}

impl TransposeConv {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let options = node
            .operator
            .builtin_options_as_transpose_conv_options()
            .ok_or_else(|| Error::model("it has no TransposeConvOptions"))?;
        // A shape that is not a constant can only be the one that the file states.
        let dim = |d: &Option<usize>| d.and_then(|d| i32::try_from(d).ok());
        let stated: Option<Vec<i32>> = node.file_shape.iter().map(dim).collect();
        let shape = match (&node.input(0)?.constant, stated) {
            (None, Some(stated)) if !stated.is_empty() => stated,
            _ => node.integers(0, "output shape")?,
        };
        let &[_, height, width, _] = shape.as_slice() else {
            return Err(Error::model(format!(
                "its output shape {shape:?} is not NHWC"
            )));
        };
        Ok(Self {
            name: "TRANSPOSE_CONV",
            stepping: Stepping::parse(
                options.padding(),
                [options.stride_h(), options.stride_w()],
                [1, 1],
            )?,
            activation: Activation::parse(options.fused_activation_function())?,
            output: Some([height.max(0) as usize, width.max(0) as usize]),
            operands: [2, 1, 3],
        })
    }

    /// An operator of input, filter and bias, with an output of this height and width.
    pub(crate) fn new(stepping: Stepping, activation: Activation, output: [usize; 2]) -> Self {
        Self {
            name: "TRANSPOSE_CONV",
            stepping,
            activation,
            output: Some(output),
            operands: [0, 1, 2],
        }
    }

    /// The height and width of the output.
    fn size(&self, input: &[usize], filter: [usize; 2]) -> [usize; 2] {
        self.output.unwrap_or_else(|| {
            [0, 1].map(|d| match self.stepping.padding {
                Padding::Same => input[d + 1] * self.stepping.stride[d],
                Padding::Valid => (input[d + 1].max(1) - 1) * self.stepping.stride[d] + filter[d],
            })
        })
    }

    /// The window that walks the output as the input's convolution would, and the
    /// depths of input and output.
    fn window(&self, input: &[usize], filter: &[usize]) -> Result<(Window, usize, usize)> {
        let (&[channels, height, width, depth], &[batches, _, _, input_depth]) = (filter, input)
        else {
            return Err(Error::model(format!(
                "its input {input:?} and filter {filter:?} are not NHWC and OHWI"
            )));
        };
        let [h, w] = self.size(input, [height, width]);
        let window = self
            .stepping
            .over(&[batches, h, w, channels], [height, width])?;
        if window.output != [input[1], input[2]] || depth != input_depth {
            return Err(Error::model(format!(
                "an output of {h} x {w} does not fit an input of shape {input:?}"
            )));
        }
        Ok((window, depth, channels))
    }
}

/// Convolution2DTransposeBias: its options are three int32 in little endian,
/// padding (1 SAME, 2 VALID), stride width and stride height.
pub(crate) struct Convolution2dTransposeBias;

impl Convolution2dTransposeBias {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<TransposeConv> {
        let bytes = node.operator.custom_options();
        let bytes = bytes.map(|b| b.bytes()).unwrap_or_default();
        let words: Vec<i32> = bytes
            .chunks_exact(4)
            .map(|b| i32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect();
        let (padding, stride) = match *words.as_slice() {
            [1, w, h, ..] => (crate::tflite::Padding::SAME, [h, w]),
            [2, w, h, ..] => (crate::tflite::Padding::VALID, [h, w]),
            _ => {
                return Err(Error::model(
                    "its custom options are not padding and strides",
                ));
            }
        };
        Ok(TransposeConv {
            name: "Convolution2DTransposeBias",
            stepping: Stepping::parse(padding, stride, [1, 1])?,
            activation: Activation::None,
            output: None,
            operands: [0, 1, 2],
        })
    }
}

impl Operator for TransposeConv {
    fn name(&self) -> &'static str {
        self.name
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            writes_f32: true,
            clips: Some(self.activation),
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let shape = |i: usize| inputs.get(self.operands[i]).copied().unwrap_or(&[]);
        let (window, _, channels) = self.window(shape(0), shape(1))?;
        Ok(vec![
            window.batches,
            window.input[0],
            window.input[1],
            channels,
        ])
    }

    fn work(&self, inputs: &[&[usize]], _: &[Vec<usize>]) -> u64 {
        let shape = |i: usize| inputs.get(self.operands[i]).copied().unwrap_or(&[]);
        let filter = shape(1).get(..3).unwrap_or(&[]);
        limits::product([shape(0), filter].concat()) as u64
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let bias = inputs.get(self.operands[2]).and_then(Option::as_ref);
        let input = operand(inputs, self.operands[0])?;
        let filter = operand(inputs, self.operands[1])?;
        let (window, input_depth, _) = self.window(input.shape(), filter.shape())?;
        let walk = Walk::Transposed {
            window,
            input_depth,
        };
        evaluate(&walk, [input, filter], bias, self.activation, shape)
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let [input, filter, _] = self.operands;
        let shape = |i: usize| Ok::<_, Error>(&context.input(i)?.value.shape);
        let (window, input_depth, _) = self.window(shape(input)?, shape(filter)?)?;
        let product = ScaleProduct::Double;
        let accumulation = Accumulation::of(self.operands, context, 0, self.activation, product)?;
        let kernel = TransposeConvKernel {
            window,
            input_depth,
            accumulation,
        };
        Ok(Lowered::new(kernel, vec![Source::Operand(input)]))
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower(context)
    }

    crate::ir::operator::fused_activation!();
}

struct TransposeConvKernel {
    /// The window over the output, as the input's convolution would walk it.
    window: Window,
    input_depth: usize,
    accumulation: Accumulation,
}

impl TransposeConvKernel {
    fn walk(&self) -> Walk {
        Walk::Transposed {
            window: self.window,
            input_depth: self.input_depth,
        }
    }
}

impl Kernel for TransposeConvKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        self.accumulation.simulate(&self.walk(), inputs[0])
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let window = window::emit(&self.window);
        let (accumulation, stage) = self.accumulation.emit(constants);
        let depth = literals::fields(&[("input_depth", self.input_depth)]);
        Emitted {
            parameters_type: quote!(Conv2d<'static, #stage>),
            parameters: quote!(rt::Conv2d { window: #window, #depth #accumulation }),
            function: KernelId::new("transpose_conv"),
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
