//! The operators, one file each.
//!
//! # Adding an operator
//! 1. `ops/<op>.rs` here: a type that implements [`Operator`] (what it is) and,
//!    where no existing kernel fits, one that implements [`Kernel`] (how int8
//!    does it). A function of one value needs only [`unary::Unary`].
//! 2. Its row in `operators!` below.
//! 3. If there is a new kernel: `runtime/src/ops/<op>.rs` and its row in
//!    `runtime/src/ops/mod.rs`.
//! 4. A fixture: a model of it in `tests/models`, made by `tests/models/make.py`.

use ndarray::{ArrayD, ArrayViewD};
use proc_macro2::TokenStream;

use crate::emit::Constants;
use crate::error::{Error, Result};
use crate::graph::{Constant, QuantParams, Value};
use crate::tflite::{self, BuiltinOperator};

mod activation;
pub(crate) mod broadcast;
pub(crate) mod input_affine;
mod pool;
pub(crate) mod table;
pub(crate) mod tail;
mod unary;
mod view;
mod weights;
mod window;

pub(crate) use activation::Activation;

/// What an operator's parser sees: the file's record and the tensors around it.
pub(crate) struct ParseContext<'a> {
    pub operator: tflite::Operator<'a>,
    pub inputs: Vec<Option<&'a Value>>,
    pub output: &'a Value,
}

impl ParseContext<'_> {
    /// Input `i`, which must be there.
    pub(crate) fn input(&self, i: usize) -> Result<&Value> {
        self.inputs
            .get(i)
            .copied()
            .flatten()
            .ok_or_else(|| Error::model(format!("input {i} is missing")))
    }

    /// Input `i` as integers known at compile time.
    pub(crate) fn integers(&self, i: usize, what: &str) -> Result<Vec<i32>> {
        match &self.input(i)?.constant {
            Some(Constant::I32(data)) => Ok(data.iter().copied().collect()),
            _ => Err(Error::model(format!(
                "its {what} (input {i}) is computed at run time; only constants are supported"
            ))),
        }
    }
}

/// How an output's quantization is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum QuantRule {
    /// From the range seen during calibration.
    Observed,
    /// The same as input 0's: the operator only moves or selects values.
    SameAsInput,
    /// The same as every input's: concatenation.
    SameAsAllInputs,
    /// Set by the 8-bit quantization specification.
    Fixed(QuantParams),
}

/// What a kernel writes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Target {
    /// An int8 tensor.
    I8(QuantParams),
    /// Real values, for an output that the caller reads as f32.
    F32,
}

/// An operand at lowering: its tensor and, unless constant, its quantization.
pub(crate) struct Operand<'a> {
    pub value: &'a Value,
    pub params: Option<QuantParams>,
}

/// All that an operator needs to become a kernel.
pub(crate) struct LowerContext<'a> {
    pub inputs: Vec<Option<Operand<'a>>>,
    pub output: &'a Value,
    pub target: Target,
    /// One weight scale per output channel (else one per tensor).
    pub per_channel: bool,
    pub reference: Reference,
}

/// Whose kernels define the bytes of an int8 model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    /// TensorFlow Lite Micro's.
    TfliteMicro,
    /// LiteRT's, for models with an operator that TensorFlow Lite Micro lacks.
    /// They differ in the rounding of FULLY_CONNECTED.
    LiteRt,
}

impl<'a> LowerContext<'a> {
    /// Operand `i`, which must be there.
    pub(crate) fn input(&self, i: usize) -> Result<&Operand<'a>> {
        self.inputs
            .get(i)
            .and_then(Option::as_ref)
            .ok_or_else(|| Error::model(format!("input {i} is missing")))
    }

    /// The quantization of operand `i`, an activation.
    pub(crate) fn params(&self, i: usize) -> Result<QuantParams> {
        let operand = self.input(i)?;
        operand.params.ok_or_else(|| {
            Error::model(format!(
                "input {i} ({:?}) is a constant where a computed tensor is needed",
                operand.value.name
            ))
        })
    }

    /// The output's quantization, for operators that only write int8.
    pub(crate) fn output_params(&self) -> Result<QuantParams> {
        match self.target {
            Target::I8(params) => Ok(params),
            Target::F32 => Err(Error::model("cannot write f32 directly")),
        }
    }
}

/// Where a kernel's operand comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// The graph operand with this number.
    Operand(usize),
    /// A constant tensor.
    Constant(Vec<i8>),
}

/// An operator made ready to run.
pub(crate) struct Lowered {
    pub kernel: Box<dyn Kernel>,
    pub sources: Vec<Source>,
}

impl Lowered {
    /// A kernel of one computed tensor.
    pub(crate) fn unary(kernel: impl Kernel + 'static) -> Self {
        Self {
            kernel: Box::new(kernel),
            sources: vec![Source::Operand(0)],
        }
    }
}

/// A TFLite operator with its attributes.
pub(crate) trait Operator: Send + Sync {
    /// The builtin operator's name.
    fn name(&self) -> &'static str;

    /// How many leading inputs are tensors; the others were read by the parser.
    fn operands(&self) -> usize {
        usize::MAX
    }

    /// The output's shape, which the file's own is checked against.
    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>>;

    /// The operator in float32: the reference for calibration.
    fn evaluate(&self, inputs: &[Option<ArrayViewD<'_, f32>>], shape: &[usize]) -> ArrayD<f32>;

    /// How the output is quantized.
    fn rule(&self) -> QuantRule {
        QuantRule::Observed
    }

    /// Chooses the int8 (or, for [`Target::F32`], real-valued) kernel.
    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered>;

    /// True if the output has the input's elements in the same order.
    fn is_view(&self) -> bool {
        false
    }

    /// True for operators that only change a tensor's representation
    /// (DEQUANTIZE, QUANTIZE, FAKE_QUANT).
    fn cast(&self) -> Option<Cast> {
        None
    }

    /// The activation that this operator is, if it is one.
    fn as_activation(&self) -> Option<Activation> {
        None
    }

    /// Takes over an activation that follows; false if it cannot.
    fn fuse(&mut self, _activation: Activation) -> bool {
        false
    }

    /// True if the kernel reads an f32 input as it comes, before any int8 step.
    fn reads_f32(&self) -> bool {
        false
    }

    /// True if lowering to [`Target::F32`] works: the operator accumulates in
    /// int32, so an f32 output needs no int8 step in between.
    fn writes_f32(&self) -> bool {
        false
    }

    /// The same operator on f32 values, for the last step before an f32 output.
    fn tail(&self) -> Option<tail::Function> {
        None
    }

    /// True if TensorFlow Lite Micro has an int8 kernel for it.
    fn in_tflite_micro(&self) -> bool {
        true
    }

    /// How the operator treats channels (the last dimension), if it keeps them
    /// apart or mixes them by constant weights.
    fn channels(&self) -> Option<ChannelRole> {
        None
    }

    /// True if a positive factor per channel may be pulled through:
    /// `op(f * x) = f * op(x)`.
    fn is_homogeneous(&self) -> bool {
        true
    }

    /// The clamp that the operator applies to its output.
    fn clips(&self) -> Option<Activation> {
        self.as_activation()
    }

    /// For `x op constant` (or `constant op x` if `reversed`): the elementwise
    /// `x * factor + offset` that it is.
    fn affine(&self, _constant: &ArrayD<f32>, _reversed: bool) -> Option<[ArrayD<f32>; 2]> {
        None
    }
}

/// What an operator does with the channels of operand 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ChannelRole {
    /// Weights mix all channels; the last axis of operand 1 counts them.
    Mixes,
    /// Weights per channel.
    Depthwise,
    /// No weights: every channel stays what it is.
    Through,
    /// Adds or subtracts operands channel by channel.
    Joins,
}

/// How an operator changes a tensor's representation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cast {
    Quantize,
    Dequantize,
    FakeQuant { min: f32, max: f32 },
}

/// The elements of a tensor while kernels are simulated.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Buffer {
    I8(Vec<i8>),
    F32(Vec<f32>),
}

impl Buffer {
    pub(crate) fn i8(&self) -> &[i8] {
        match self {
            Buffer::I8(data) => data,
            Buffer::F32(_) => &[],
        }
    }

    pub(crate) fn f32(&self) -> &[f32] {
        match self {
            Buffer::F32(data) => data,
            Buffer::I8(_) => &[],
        }
    }
}

/// The emitted form of a kernel.
pub(crate) struct Emitted {
    /// The parameter struct, without the runtime's path.
    pub parameters_type: TokenStream,
    /// Its literal.
    pub parameters: TokenStream,
    /// The runtime function: `(&parameters, inputs.., output)`.
    pub function: &'static str,
}

/// The int32 accumulators of a kernel with weights.
pub(crate) struct Accumulators<'a> {
    pub bias: &'a mut Vec<i32>,
    /// Real value of one accumulator step, per channel.
    pub scales: Vec<f64>,
}

/// A lowered operator: its parameters, its meaning and its emission.
///
/// `simulate` is written for clarity, by the specification; the runtime's
/// kernels are compared with it byte for byte.
pub(crate) trait Kernel: Send + Sync {
    /// Runs the kernel by plain loops.
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer;

    /// The runtime call.
    fn emit(&self, constants: &mut Constants) -> Emitted;

    /// Multiply-accumulates of one run.
    fn macs(&self) -> u64 {
        0
    }

    /// The runtime function that overwrites input `i`, for inputs that the
    /// output may replace: `(&parameters, in_out, other inputs..)`.
    fn in_place(&self, _input: usize) -> Option<&'static str> {
        None
    }

    /// For bias correction.
    fn accumulators(&mut self) -> Option<Accumulators<'_>> {
        None
    }
}

macro_rules! operators {
    ($($code:ident => $module:ident::$operator:ident),* $(,)?) => {
        /// The names of all supported operators, sorted.
        pub const SUPPORTED: &[&str] = &[$(stringify!($code)),*];

        /// True if there is a row for `code`.
        pub(crate) fn is_supported(code: BuiltinOperator) -> bool {
            matches!(code, $(BuiltinOperator::$code)|*)
        }

        /// Reads an operator's attributes.
        pub(crate) fn parse(code: BuiltinOperator, node: &ParseContext<'_>) -> Result<Box<dyn Operator>> {
            match code {
                $(BuiltinOperator::$code => Ok(Box::new($module::$operator::parse(node)?)),)*
                other => Err(Error::model(format!("{} is not supported", tflite::operator_name(other)))),
            }
        }
    };
}

mod add;
mod average_pool_2d;
mod concatenation;
mod conv_2d;
mod depthwise_conv_2d;
mod dequantize;
mod elu;
mod expand_dims;
mod fake_quant;
mod fully_connected;
mod gelu;
mod hard_swish;
mod leaky_relu;
mod logistic;
mod max_pool_2d;
mod mean;
mod mul;
mod pad;
mod prelu;
pub(crate) mod quantize;
mod relu;
mod relu6;
mod reshape;
mod softmax;
mod squeeze;
mod sub;
mod tanh;

operators! {
    ADD => add::Add,
    AVERAGE_POOL_2D => average_pool_2d::AveragePool2d,
    CONCATENATION => concatenation::Concatenation,
    CONV_2D => conv_2d::Conv2d,
    DEPTHWISE_CONV_2D => depthwise_conv_2d::DepthwiseConv2d,
    DEQUANTIZE => dequantize::Dequantize,
    ELU => elu::Elu,
    EXPAND_DIMS => expand_dims::ExpandDims,
    FAKE_QUANT => fake_quant::FakeQuant,
    FULLY_CONNECTED => fully_connected::FullyConnected,
    GELU => gelu::Gelu,
    HARD_SWISH => hard_swish::HardSwish,
    LEAKY_RELU => leaky_relu::LeakyRelu,
    LOGISTIC => logistic::Logistic,
    MAX_POOL_2D => max_pool_2d::MaxPool2d,
    MEAN => mean::Mean,
    MUL => mul::Mul,
    PAD => pad::Pad,
    PRELU => prelu::Prelu,
    QUANTIZE => quantize::Quantize,
    RELU => relu::Relu,
    RELU6 => relu6::Relu6,
    RESHAPE => reshape::Reshape,
    SOFTMAX => softmax::Softmax,
    SQUEEZE => squeeze::Squeeze,
    SUB => sub::Sub,
    TANH => tanh::Tanh,
}

/// The sum of `(x + offset) * w`.
fn weights_dot(x: &[i8], w: &[i8], offset: i32) -> i32 {
    x.iter().zip(w).fold(0, |sum: i32, (&x, &w)| {
        sum.wrapping_add((i32::from(x) + offset) * i32::from(w))
    })
}

/// A clone of an operand, or zeros where it is missing.
fn owned(input: Option<&Option<ArrayViewD<'_, f32>>>, shape: &[usize]) -> ArrayD<f32> {
    match input {
        Some(Some(view)) => view.to_owned(),
        _ => ArrayD::zeros(shape),
    }
}
