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
use crate::graph::{Constant, ElementType, QuantParams, Value};
use crate::tflite::{self, BuiltinOperator};

mod activation;
mod binary;
pub(crate) mod broadcast;
mod comparison;
mod float;
pub(crate) mod function;
mod index_map;
pub(crate) mod input_affine;
mod pool;
mod reduce;
pub(crate) mod strided;
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
    /// The output that is being parsed.
    pub output: &'a Value,
    /// Its number, and how many there are.
    pub number: usize,
    pub outputs: usize,
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
    /// Observed, and every input that nothing else reads takes it over: values
    /// outside of it are never chosen (MAXIMUM, MINIMUM, SELECT).
    Choice,
    /// Set by the 8-bit quantization specification.
    Fixed(QuantParams),
}

/// How a variable is quantized.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum StateRule {
    /// It holds values of the output.
    SameAsOutput,
    /// In 16 bits.
    Int16(QuantParams),
}

/// What a kernel writes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Target {
    /// An int8 tensor.
    I8(QuantParams),
    /// An int16 tensor; its zero point is mostly 0.
    I16(QuantParams),
    /// Indices or counts.
    I32,
    /// 0 and 1 in int8.
    Bool,
    /// Real values: an output that the caller reads as f32, or an operator that
    /// is to stay in float.
    F32,
}

impl Target {
    /// The element type of the tensor that is written.
    pub(crate) fn element(self) -> ElementType {
        match self {
            Target::I8(_) | Target::Bool => ElementType::I8,
            Target::I16(_) => ElementType::I16,
            Target::I32 => ElementType::I32,
            Target::F32 => ElementType::F32,
        }
    }

    pub(crate) fn params(self) -> Option<QuantParams> {
        match self {
            Target::I8(params) | Target::I16(params) => Some(params),
            _ => None,
        }
    }
}

/// An operand at lowering: its tensor and, unless constant, its quantization.
pub(crate) struct Operand<'a> {
    pub value: &'a Value,
    pub params: Option<QuantParams>,
    /// What kernels read it as.
    pub element: ElementType,
}

/// All that an operator needs to become a kernel.
pub(crate) struct LowerContext<'a> {
    pub inputs: Vec<Option<Operand<'a>>>,
    pub output: &'a Value,
    pub target: Target,
    /// Of the outputs behind the first.
    pub other_targets: Vec<Target>,
    /// The file computes it in float32, be it between conversions.
    pub in_float: bool,
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
            other => Err(Error::model(format!(
                "cannot write {}; supported is int8",
                other.element().name()
            ))),
        }
    }

    /// True where LiteRT rounds fully connected layers once.
    pub(crate) fn rounds_once(&self) -> bool {
        self.reference == Reference::LiteRt
    }

    /// The output's quantization, int8 or int16.
    pub(crate) fn params_of_output(&self) -> Result<QuantParams> {
        self.target
            .params()
            .ok_or_else(|| Error::model(format!("cannot write {}", self.target.element().name())))
    }

    /// What operand `i` is read as: its element type where it is computed.
    pub(crate) fn element(&self, i: usize) -> Result<ElementType> {
        Ok(self.input(i)?.element)
    }
}

/// Where a kernel's operand comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// The graph operand with this number.
    Operand(usize),
    /// A constant tensor.
    Constant(Buffer),
}

/// An operator made ready to run.
pub(crate) struct Lowered {
    pub kernel: Box<dyn Kernel>,
    pub sources: Vec<Source>,
}

impl Lowered {
    /// A kernel of one computed tensor.
    pub(crate) fn unary(kernel: impl Kernel + 'static) -> Self {
        Self::new(kernel, vec![Source::Operand(0)])
    }

    pub(crate) fn new(kernel: impl Kernel + 'static, sources: Vec<Source>) -> Self {
        Self {
            kernel: Box::new(kernel),
            sources,
        }
    }
}

/// Operators for which TensorFlow Lite Micro has no kernel, or none in int8.
const LACKING: &[&str] = &[
    "DENSIFY",
    "EXP",
    "GELU",
    "LOG",
    "ONE_HOT",
    "POW",
    "REDUCE_PROD",
    "RELU_N1_TO_1",
    "SELECT",
    "SIGN",
    "SQRT",
    "TILE",
    "TOPK_V2",
];

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

    /// The same for all outputs of the file.
    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        Ok(vec![self.output_shape(inputs)?])
    }

    /// The operator in float32: the reference for calibration. Integers and
    /// booleans are real numbers here, too.
    fn evaluate(&self, inputs: &[Option<ArrayViewD<'_, f32>>], shape: &[usize]) -> ArrayD<f32>;

    /// The same for all outputs, what is kept for the next run included.
    fn evaluate_all(
        &self,
        inputs: &[Option<ArrayViewD<'_, f32>>],
        shapes: &[&[usize]],
    ) -> Vec<ArrayD<f32>> {
        let first = shapes.first().copied().unwrap_or(&[]);
        vec![self.evaluate(inputs, first)]
    }

    /// True if one kernel writes all outputs; else each output of the file is
    /// an operator of its own, parsed with its number.
    fn is_joint(&self) -> bool {
        false
    }

    /// The positions of operands that it also writes, for the next run. Each is
    /// an output behind those of the file.
    fn variables(&self) -> Vec<usize> {
        Vec::new()
    }

    /// How variables are quantized where the file does not say.
    fn state_rules(&self) -> Vec<(usize, StateRule)> {
        Vec::new()
    }

    /// True if the output depends on shapes only.
    fn is_static(&self) -> bool {
        false
    }

    /// The function of one value that it is, given the operands that are one
    /// constant number each; the variable operand is `None`.
    fn function(&self, _constants: &[Option<f32>]) -> Option<function::Function> {
        None
    }

    /// How the output is quantized.
    fn rule(&self) -> QuantRule {
        QuantRule::Observed
    }

    /// Chooses the int8 (or, for [`Target::F32`], real-valued) kernel.
    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered>;

    /// Chooses the kernel of an operator that is kept in float: it reads and
    /// writes f32.
    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        float::lower(self.name(), context)
    }

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
        !LACKING.contains(&self.name())
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
    I16(Vec<i16>),
    I32(Vec<i32>),
    F32(Vec<f32>),
}

impl Buffer {
    pub(crate) fn i8(&self) -> &[i8] {
        match self {
            Buffer::I8(data) => data,
            _ => &[],
        }
    }

    pub(crate) fn i16(&self) -> &[i16] {
        match self {
            Buffer::I16(data) => data,
            _ => &[],
        }
    }

    pub(crate) fn i32(&self) -> &[i32] {
        match self {
            Buffer::I32(data) => data,
            _ => &[],
        }
    }

    pub(crate) fn f32(&self) -> &[f32] {
        match self {
            Buffer::F32(data) => data,
            _ => &[],
        }
    }

    /// The elements of both, one behind the other; the same type is assumed.
    pub(crate) fn joined(self, next: &Buffer) -> Buffer {
        match self {
            Buffer::I8(data) => Buffer::I8([&data, next.i8()].concat()),
            Buffer::I16(data) => Buffer::I16([&data, next.i16()].concat()),
            Buffer::I32(data) => Buffer::I32([&data, next.i32()].concat()),
            Buffer::F32(data) => Buffer::F32([&data, next.f32()].concat()),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Buffer::I8(data) => data.len(),
            Buffer::I16(data) => data.len(),
            Buffer::I32(data) => data.len(),
            Buffer::F32(data) => data.len(),
        }
    }

    /// The elements at `positions`, whatever their type; `fill` (as a quantized
    /// value) where there is none.
    pub(crate) fn pick(&self, positions: impl Iterator<Item = Option<usize>>, fill: i32) -> Buffer {
        fn of<T: Copy>(data: &[T], at: impl Iterator<Item = Option<usize>>, fill: T) -> Vec<T> {
            at.map(|i| i.and_then(|i| data.get(i)).copied().unwrap_or(fill))
                .collect()
        }
        match self {
            Buffer::I8(data) => Buffer::I8(of(data, positions, fill as i8)),
            Buffer::I16(data) => Buffer::I16(of(data, positions, fill as i16)),
            Buffer::I32(data) => Buffer::I32(of(data, positions, fill)),
            Buffer::F32(data) => Buffer::F32(of(data, positions, fill as f32)),
        }
    }

    /// As it lies in memory.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Buffer::I8(data) => data.iter().map(|&x| x as u8).collect(),
            Buffer::I16(data) => data.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Buffer::I32(data) => data.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Buffer::F32(data) => data.iter().flat_map(|x| x.to_le_bytes()).collect(),
        }
    }

    /// From memory.
    pub(crate) fn from_bytes(element: ElementType, bytes: &[u8]) -> Buffer {
        let words = || bytes.chunks_exact(4).map(|b| [b[0], b[1], b[2], b[3]]);
        match element.held() {
            ElementType::I16 => Buffer::I16(
                bytes
                    .chunks_exact(2)
                    .map(|b| i16::from_le_bytes([b[0], b[1]]))
                    .collect(),
            ),
            ElementType::I32 => Buffer::I32(words().map(i32::from_le_bytes).collect()),
            ElementType::F32 => Buffer::F32(words().map(f32::from_le_bytes).collect()),
            _ => Buffer::I8(bytes.iter().map(|&b| b as i8).collect()),
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

    /// The same for all outputs, scratch memory left out.
    fn simulate_all(&self, inputs: &[&Buffer]) -> Vec<Buffer> {
        vec![self.simulate(inputs)]
    }

    /// Memory that it needs while it runs: further outputs that nothing reads.
    fn scratch(&self) -> Vec<(ElementType, usize)> {
        Vec::new()
    }

    /// True if the runtime function takes all inputs as one array of slices.
    fn gathers_inputs(&self) -> bool {
        false
    }

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
    (
        computing: $($code:ident => $module:ident::$operator:ident),*;
        structural: $($structural:ident),*;
        custom: $($custom:literal => $custom_module:ident::$custom_operator:ident),*;
    ) => {
        /// The names of all supported operators.
        pub const SUPPORTED: &[&str] = &[
            $(stringify!($code),)* $(stringify!($structural),)* $($custom),*
        ];

        /// True if there is a row for `code`.
        pub(crate) fn is_supported(code: BuiltinOperator) -> bool {
            matches!(code, $(BuiltinOperator::$code)|*)
        }

        /// True for variables and calls, which the graph stage resolves.
        pub(crate) fn is_structural(code: BuiltinOperator) -> bool {
            matches!(code, $(BuiltinOperator::$structural)|*)
        }

        /// True if there is a row for the custom operator `name`.
        pub(crate) fn is_supported_custom(code: BuiltinOperator, name: &str) -> bool {
            code == BuiltinOperator::CUSTOM && matches!(name, $($custom)|*)
        }

        /// Reads an operator's attributes; `custom` is the name of a custom one.
        pub(crate) fn parse(
            code: BuiltinOperator,
            custom: &str,
            node: &ParseContext<'_>,
        ) -> Result<Box<dyn Operator>> {
            match (code, custom) {
                $((BuiltinOperator::$code, _) => Ok(Box::new($module::$operator::parse(node)?)),)*
                $((BuiltinOperator::CUSTOM, $custom) => Ok(Box::new($custom_module::$custom_operator::parse(node)?)),)*
                (other, _) => Err(Error::model(format!("{} is not supported", tflite::operator_name(other)))),
            }
        }
    };
}

mod abs;
mod add;
mod add_n;
mod arg_max;
mod arg_min;
mod average_pool_2d;
mod batch_matmul;
mod batch_to_space_nd;
mod broadcast_to;
mod cast;
mod ceil;
mod concatenation;
mod conv_2d;
mod cos;
mod cumsum;
mod densify;
mod depth_to_space;
mod depthwise_conv_2d;
mod dequantize;
mod div;
mod elu;
mod embedding_lookup;
mod equal;
mod exp;
mod expand_dims;
mod fake_quant;
mod fill;
mod floor;
mod floor_div;
mod fully_connected;
mod gather;
mod gather_nd;
mod gelu;
mod greater;
mod greater_equal;
mod hard_swish;
mod l2_normalization;
mod leaky_relu;
mod less;
mod less_equal;
mod log;
mod log_softmax;
mod logical_and;
mod logical_not;
mod logical_or;
mod logistic;
mod max_pool_2d;
mod maximum;
mod mean;
mod minimum;
mod mirror_pad;
mod mul;
mod neg;
mod not_equal;
mod one_hot;
mod pack;
mod pad;
mod pad_v2;
mod pow;
mod prelu;
pub(crate) mod quantize;
mod reduce_max;
mod reduce_min;
mod reduce_prod;
mod relu;
mod relu6;
mod relu_0_to_1;
mod relu_n1_to_1;
mod reshape;
mod resize_bilinear;
mod resize_nearest_neighbor;
mod reverse_v2;
mod round;
mod rsqrt;
mod select;
mod select_v2;
mod shape;
mod sign;
mod sin;
mod slice;
mod softmax;
mod space_to_batch_nd;
mod space_to_depth;
mod split;
mod split_v;
mod sqrt;
mod square;
mod squared_difference;
mod squeeze;
mod strided_slice;
mod sub;
mod sum;
mod svdf;
mod tanh;
mod tile;
mod topk_v2;
mod transpose;
mod transpose_conv;
mod unidirectional_sequence_lstm;
mod unpack;
mod where_;

operators! {
    computing:
    ABS => abs::Abs,
    ADD => add::Add,
    ADD_N => add_n::AddN,
    ARG_MAX => arg_max::ArgMax,
    ARG_MIN => arg_min::ArgMin,
    AVERAGE_POOL_2D => average_pool_2d::AveragePool2d,
    BATCH_MATMUL => batch_matmul::BatchMatmul,
    BATCH_TO_SPACE_ND => batch_to_space_nd::BatchToSpaceNd,
    BROADCAST_TO => broadcast_to::BroadcastTo,
    CAST => cast::Cast,
    CEIL => ceil::Ceil,
    CONCATENATION => concatenation::Concatenation,
    CONV_2D => conv_2d::Conv2d,
    COS => cos::Cos,
    CUMSUM => cumsum::Cumsum,
    DENSIFY => densify::Densify,
    DEPTHWISE_CONV_2D => depthwise_conv_2d::DepthwiseConv2d,
    DEPTH_TO_SPACE => depth_to_space::DepthToSpace,
    DEQUANTIZE => dequantize::Dequantize,
    DIV => div::Div,
    ELU => elu::Elu,
    EMBEDDING_LOOKUP => embedding_lookup::EmbeddingLookup,
    EQUAL => equal::Equal,
    EXP => exp::Exp,
    EXPAND_DIMS => expand_dims::ExpandDims,
    FAKE_QUANT => fake_quant::FakeQuant,
    FILL => fill::Fill,
    FLOOR => floor::Floor,
    FLOOR_DIV => floor_div::FloorDiv,
    FULLY_CONNECTED => fully_connected::FullyConnected,
    GATHER => gather::Gather,
    GATHER_ND => gather_nd::GatherNd,
    GELU => gelu::Gelu,
    GREATER => greater::Greater,
    GREATER_EQUAL => greater_equal::GreaterEqual,
    HARD_SWISH => hard_swish::HardSwish,
    L2_NORMALIZATION => l2_normalization::L2Normalization,
    LEAKY_RELU => leaky_relu::LeakyRelu,
    LESS => less::Less,
    LESS_EQUAL => less_equal::LessEqual,
    LOG => log::Log,
    LOGICAL_AND => logical_and::LogicalAnd,
    LOGICAL_NOT => logical_not::LogicalNot,
    LOGICAL_OR => logical_or::LogicalOr,
    LOGISTIC => logistic::Logistic,
    LOG_SOFTMAX => log_softmax::LogSoftmax,
    MAXIMUM => maximum::Maximum,
    MAX_POOL_2D => max_pool_2d::MaxPool2d,
    MEAN => mean::Mean,
    MINIMUM => minimum::Minimum,
    MIRROR_PAD => mirror_pad::MirrorPad,
    MUL => mul::Mul,
    NEG => neg::Neg,
    NOT_EQUAL => not_equal::NotEqual,
    ONE_HOT => one_hot::OneHot,
    PACK => pack::Pack,
    PAD => pad::Pad,
    PADV2 => pad_v2::PadV2,
    POW => pow::Pow,
    PRELU => prelu::Prelu,
    QUANTIZE => quantize::Quantize,
    REDUCE_MAX => reduce_max::ReduceMax,
    REDUCE_MIN => reduce_min::ReduceMin,
    REDUCE_PROD => reduce_prod::ReduceProd,
    RELU => relu::Relu,
    RELU6 => relu6::Relu6,
    RELU_0_TO_1 => relu_0_to_1::Relu0To1,
    RELU_N1_TO_1 => relu_n1_to_1::ReluN1To1,
    RESHAPE => reshape::Reshape,
    RESIZE_BILINEAR => resize_bilinear::ResizeBilinear,
    RESIZE_NEAREST_NEIGHBOR => resize_nearest_neighbor::ResizeNearestNeighbor,
    REVERSE_V2 => reverse_v2::ReverseV2,
    ROUND => round::Round,
    RSQRT => rsqrt::Rsqrt,
    SELECT => select::Select,
    SELECT_V2 => select_v2::SelectV2,
    SHAPE => shape::Shape,
    SIGN => sign::Sign,
    SIN => sin::Sin,
    SLICE => slice::Slice,
    SOFTMAX => softmax::Softmax,
    SPACE_TO_BATCH_ND => space_to_batch_nd::SpaceToBatchNd,
    SPACE_TO_DEPTH => space_to_depth::SpaceToDepth,
    SPLIT => split::Split,
    SPLIT_V => split_v::SplitV,
    SQRT => sqrt::Sqrt,
    SQUARE => square::Square,
    SQUARED_DIFFERENCE => squared_difference::SquaredDifference,
    SQUEEZE => squeeze::Squeeze,
    STRIDED_SLICE => strided_slice::StridedSlice,
    SUB => sub::Sub,
    SUM => sum::Sum,
    SVDF => svdf::Svdf,
    TANH => tanh::Tanh,
    TILE => tile::Tile,
    TOPK_V2 => topk_v2::TopkV2,
    TRANSPOSE => transpose::Transpose,
    TRANSPOSE_CONV => transpose_conv::TransposeConv,
    UNIDIRECTIONAL_SEQUENCE_LSTM => unidirectional_sequence_lstm::UnidirectionalSequenceLstm,
    UNPACK => unpack::Unpack,
    WHERE => where_::Where;
    structural: ASSIGN_VARIABLE, CALL_ONCE, IF, READ_VARIABLE, VAR_HANDLE, WHILE;
    custom: "Convolution2DTransposeBias" => transpose_conv::Convolution2dTransposeBias;
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

/// Operand `i`, which has the output's quantization: as it is computed, or a
/// constant in the output's element type.
fn constant_source(context: &LowerContext<'_>, i: usize) -> Result<Source> {
    let value = context.input(i)?.value;
    let Some(constant) = &value.constant else {
        return Ok(Source::Operand(i));
    };
    let real = || value.real().unwrap_or_default();
    Ok(Source::Constant(match (constant, context.target) {
        (Constant::I8(data), Target::I8(_) | Target::Bool) => {
            Buffer::I8(data.iter().copied().collect())
        }
        (Constant::I16(data), Target::I16(_)) => Buffer::I16(data.iter().copied().collect()),
        (Constant::I32(data), Target::I32) => Buffer::I32(data.iter().copied().collect()),
        (_, Target::I8(params)) => Buffer::I8(real().iter().map(|&x| params.quantize(x)).collect()),
        (_, Target::I16(params)) => {
            Buffer::I16(real().iter().map(|&x| params.quantize_i16(x)).collect())
        }
        (_, Target::I32) => Buffer::I32(real().iter().map(|&x| x as i32).collect()),
        (_, Target::Bool) => Buffer::I8(real().iter().map(|&x| i8::from(x != 0.0)).collect()),
        (_, Target::F32) => Buffer::F32(real().iter().copied().collect()),
    }))
}
