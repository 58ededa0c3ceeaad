//! The operators, one file each.
//!
//! # Adding an operator
//! 1. `ops/<op>.rs` here: a type that implements [`Operator`] (what it is) and,
//!    where no existing kernel fits, one that implements [`Kernel`] (how int8
//!    does it). A function of one value needs only [`unary::Unary`].
//! 2. Its row in `operators!` below, and the element types it takes in `support.rs`,
//!    from which `docs/operators.md` is written.
//! 3. If there is a new kernel: `runtime/src/ops/<op>.rs` and its row in
//!    `runtime/src/ops/mod.rs`.
//! 4. A fixture: a model of it in `tests/models`, made by `tests/models/make.py`.

use ndarray::{ArrayD, ArrayView2, ArrayViewD, CowArray, IxDyn};

use crate::error::{Error, Result};
use crate::tflite::{self, BuiltinOperator};

pub(crate) mod constant;
pub(crate) mod control_flow;
pub(crate) mod conv;
pub(crate) mod detection;
pub(crate) mod elementwise;
pub(crate) mod matmul;
pub(crate) mod movement;
pub(crate) mod normalization;
pub(crate) mod packing;
pub(crate) mod pool;
pub(crate) mod quantization;
pub(crate) mod recurrent;
pub(crate) mod reduce;
pub(crate) mod refused;
pub(crate) mod resize;
pub(crate) mod shared;
pub(crate) mod signal;
pub(crate) mod support;
#[cfg(test)]
pub(crate) mod table_thresholds;
pub(crate) mod types;

pub(crate) use crate::ir::context::ParseContext;
pub(crate) use crate::ir::operator::Operator;
pub(crate) use shared::concat_in_place::ConcatSliceKernel;

/// What the tests of `shortened` compare.
#[cfg(test)]
pub(crate) mod tested {
    pub(crate) use crate::ops::elementwise::hard_swish::HardSwish;
    pub(crate) use crate::ops::elementwise::leaky_relu::LeakyRelu;
    pub(crate) use crate::ops::elementwise::logistic::Logistic;
    pub(crate) use crate::ops::elementwise::tanh::Tanh;
    pub(crate) use crate::ops::elementwise::unary::Unary;
}

macro_rules! operators {
    (
        computing: $($code:ident => $operator:ty),*;
        structural: $($structural:ident),*;
        custom: $($custom:literal => $custom_operator:ty),*;
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
                $((BuiltinOperator::$code, _) => Ok(Box::new(<$operator>::parse(node)?)),)*
                $((BuiltinOperator::CUSTOM, $custom) => Ok(Box::new(<$custom_operator>::parse(node)?)),)*
                (other, _) => Err(Error::model(format!("{} is not supported", tflite::operator_name(other)))),
            }
        }
    };
}

operators! {
    computing:
    ABS => crate::ops::elementwise::abs::Abs,
    ADD => crate::ops::elementwise::add::Add,
    ADD_N => crate::ops::elementwise::add_n::AddN,
    ARG_MAX => crate::ops::reduce::arg_max::ArgMax,
    ARG_MIN => crate::ops::reduce::arg_min::ArgMin,
    ATAN2 => crate::ops::elementwise::atan2::Atan2,
    AVERAGE_POOL_2D => crate::ops::pool::average_pool_2d::AveragePool2d,
    BATCH_MATMUL => crate::ops::matmul::batch_matmul::BatchMatmul,
    BATCH_TO_SPACE_ND => crate::ops::movement::batch_to_space_nd::BatchToSpaceNd,
    BITWISE_XOR => crate::ops::elementwise::bitwise_xor::BitwiseXor,
    BROADCAST_ARGS => crate::ops::constant::broadcast_args::BroadcastArgs,
    BROADCAST_TO => crate::ops::movement::broadcast_to::BroadcastTo,
    BUCKETIZE => crate::ops::elementwise::bucketize::Bucketize,
    CAST => crate::ops::quantization::cast::Cast,
    CEIL => crate::ops::elementwise::ceil::Ceil,
    COMPLEX_ABS => crate::ops::signal::spectrum::ComplexAbs,
    CONCATENATION => crate::ops::movement::concatenation::Concatenation,
    CONV_2D => crate::ops::conv::conv_2d::Conv2d,
    COS => crate::ops::elementwise::cos::Cos,
    CUMSUM => crate::ops::reduce::cumsum::Cumsum,
    DENSIFY => crate::ops::constant::densify::Densify,
    DEPTHWISE_CONV_2D => crate::ops::conv::depthwise_conv_2d::DepthwiseConv2d,
    DEPTH_TO_SPACE => crate::ops::movement::depth_to_space::DepthToSpace,
    DEQUANTIZE => crate::ops::quantization::dequantize::Dequantize,
    DIV => crate::ops::elementwise::div::Div,
    DYNAMIC_UPDATE_SLICE => crate::ops::movement::dynamic_update_slice::DynamicUpdateSlice,
    ELU => crate::ops::elementwise::elu::Elu,
    EMBEDDING_LOOKUP => crate::ops::movement::embedding_lookup::EmbeddingLookup,
    EQUAL => crate::ops::elementwise::equal::Equal,
    EXP => crate::ops::elementwise::exp::Exp,
    EXPAND_DIMS => crate::ops::movement::expand_dims::ExpandDims,
    FAKE_QUANT => crate::ops::quantization::fake_quant::FakeQuant,
    FILL => crate::ops::constant::fill::Fill,
    FLOOR => crate::ops::elementwise::floor::Floor,
    FLOOR_DIV => crate::ops::elementwise::floor_div::FloorDiv,
    FLOOR_MOD => crate::ops::elementwise::floor_mod::FloorMod,
    FULLY_CONNECTED => crate::ops::matmul::fully_connected::FullyConnected,
    GATHER => crate::ops::movement::gather::Gather,
    GATHER_ND => crate::ops::movement::gather_nd::GatherNd,
    GELU => crate::ops::elementwise::gelu::Gelu,
    GREATER => crate::ops::elementwise::greater::Greater,
    GREATER_EQUAL => crate::ops::elementwise::greater_equal::GreaterEqual,
    HARD_SWISH => crate::ops::elementwise::hard_swish::HardSwish,
    IMAG => crate::ops::signal::spectrum::Imag,
    L2_NORMALIZATION => crate::ops::normalization::l2_normalization::L2Normalization,
    L2_POOL_2D => crate::ops::pool::l2_pool_2d::L2Pool2d,
    LEAKY_RELU => crate::ops::elementwise::leaky_relu::LeakyRelu,
    LESS => crate::ops::elementwise::less::Less,
    LESS_EQUAL => crate::ops::elementwise::less_equal::LessEqual,
    LOG => crate::ops::elementwise::log::Log,
    LOGICAL_AND => crate::ops::elementwise::logical_and::LogicalAnd,
    LOGICAL_NOT => crate::ops::elementwise::logical_not::LogicalNot,
    LOGICAL_OR => crate::ops::elementwise::logical_or::LogicalOr,
    LOGISTIC => crate::ops::elementwise::logistic::Logistic,
    LOG_SOFTMAX => crate::ops::normalization::log_softmax::LogSoftmax,
    MAXIMUM => crate::ops::elementwise::maximum::Maximum,
    MAX_POOL_2D => crate::ops::pool::max_pool_2d::MaxPool2d,
    MEAN => crate::ops::reduce::mean::Mean,
    MINIMUM => crate::ops::elementwise::minimum::Minimum,
    MIRROR_PAD => crate::ops::movement::mirror_pad::MirrorPad,
    MUL => crate::ops::elementwise::mul::Mul,
    NEG => crate::ops::elementwise::neg::Neg,
    NON_MAX_SUPPRESSION_V4 => crate::ops::detection::non_max_suppression::NonMaxSuppressionV4,
    NON_MAX_SUPPRESSION_V5 => crate::ops::detection::non_max_suppression::NonMaxSuppressionV5,
    NOT_EQUAL => crate::ops::elementwise::not_equal::NotEqual,
    ONE_HOT => crate::ops::movement::one_hot::OneHot,
    PACK => crate::ops::movement::pack::Pack,
    PAD => crate::ops::movement::pad::Pad,
    PADV2 => crate::ops::movement::pad_v2::PadV2,
    POW => crate::ops::elementwise::pow::Pow,
    PRELU => crate::ops::elementwise::prelu::Prelu,
    QUANTIZE => crate::ops::quantization::quantize::Quantize,
    RANGE => crate::ops::constant::range::Range,
    RANK => crate::ops::constant::rank::Rank,
    REAL => crate::ops::signal::spectrum::Real,
    REDUCE_ALL => crate::ops::reduce::reduce_all::ReduceAll,
    REDUCE_ANY => crate::ops::reduce::reduce_any::ReduceAny,
    REDUCE_MAX => crate::ops::reduce::reduce_max::ReduceMax,
    REDUCE_MIN => crate::ops::reduce::reduce_min::ReduceMin,
    REDUCE_PROD => crate::ops::reduce::reduce_prod::ReduceProd,
    RELU => crate::ops::elementwise::relu::Relu,
    RELU6 => crate::ops::elementwise::relu6::Relu6,
    RELU_0_TO_1 => crate::ops::elementwise::relu_0_to_1::Relu0To1,
    RELU_N1_TO_1 => crate::ops::elementwise::relu_n1_to_1::ReluN1To1,
    RESHAPE => crate::ops::movement::reshape::Reshape,
    RESIZE_BILINEAR => crate::ops::resize::resize_bilinear::ResizeBilinear,
    RESIZE_NEAREST_NEIGHBOR => crate::ops::resize::resize_nearest_neighbor::ResizeNearestNeighbor,
    REVERSE_SEQUENCE => crate::ops::movement::reverse_sequence::ReverseSequence,
    REVERSE_V2 => crate::ops::movement::reverse_v2::ReverseV2,
    RFFT2D => crate::ops::signal::spectrum::Rfft2d,
    RIGHT_SHIFT => crate::ops::elementwise::right_shift::RightShift,
    ROUND => crate::ops::elementwise::round::Round,
    RSQRT => crate::ops::elementwise::rsqrt::Rsqrt,
    SCATTER_ND => crate::ops::movement::scatter_nd::ScatterNd,
    SEGMENT_SUM => crate::ops::reduce::segment::SegmentSum,
    SELECT => crate::ops::elementwise::select::Select,
    SELECT_V2 => crate::ops::elementwise::select_v2::SelectV2,
    SHAPE => crate::ops::constant::shape::Shape,
    SIGN => crate::ops::elementwise::sign::Sign,
    SIN => crate::ops::elementwise::sin::Sin,
    SLICE => crate::ops::movement::slice::Slice,
    SOFTMAX => crate::ops::normalization::softmax::Softmax,
    SPACE_TO_BATCH_ND => crate::ops::movement::space_to_batch_nd::SpaceToBatchNd,
    SPACE_TO_DEPTH => crate::ops::movement::space_to_depth::SpaceToDepth,
    SPLIT => crate::ops::movement::split::Split,
    SPLIT_V => crate::ops::movement::split_v::SplitV,
    SQRT => crate::ops::elementwise::sqrt::Sqrt,
    SQUARE => crate::ops::elementwise::square::Square,
    SQUARED_DIFFERENCE => crate::ops::elementwise::squared_difference::SquaredDifference,
    SQUEEZE => crate::ops::movement::squeeze::Squeeze,
    STRIDED_SLICE => crate::ops::movement::strided_slice::StridedSlice,
    SUB => crate::ops::elementwise::sub::Sub,
    SUM => crate::ops::reduce::sum::Sum,
    SVDF => crate::ops::recurrent::svdf::Svdf,
    TANH => crate::ops::elementwise::tanh::Tanh,
    TILE => crate::ops::movement::tile::Tile,
    TOPK_V2 => crate::ops::reduce::topk_v2::TopkV2,
    TRANSPOSE => crate::ops::movement::transpose::Transpose,
    TRANSPOSE_CONV => crate::ops::conv::transpose_conv::TransposeConv,
    UNIDIRECTIONAL_SEQUENCE_LSTM => crate::ops::recurrent::unidirectional_sequence_lstm::UnidirectionalSequenceLstm,
    UNPACK => crate::ops::movement::unpack::Unpack,
    UNSORTED_SEGMENT_MAX => crate::ops::reduce::segment::UnsortedSegmentMax,
    UNSORTED_SEGMENT_MIN => crate::ops::reduce::segment::UnsortedSegmentMin,
    UNSORTED_SEGMENT_PROD => crate::ops::reduce::segment::UnsortedSegmentProd,
    UNSORTED_SEGMENT_SUM => crate::ops::reduce::segment::UnsortedSegmentSum,
    WHERE => crate::ops::constant::where_::Where,
    ZEROS_LIKE => crate::ops::constant::zeros_like::ZerosLike;
    structural: ASSIGN_VARIABLE, CALL_ONCE, CONV_3D, CONV_3D_TRANSPOSE, IF, READ_VARIABLE, STABLEHLO_COMPOSITE, VAR_HANDLE, WHILE;
    custom: "Convolution2DTransposeBias" => crate::ops::conv::transpose_conv::Convolution2dTransposeBias,
        "MaxPoolingWithArgmax2D" => crate::ops::pool::argmax_pool::MaxPoolingWithArgmax,
        "MaxUnpooling2D" => crate::ops::pool::argmax_pool::MaxUnpooling,
        "SignalDelay" => signal::Delay,
        "SignalEnergy" => signal::Energy,
        "SignalFftAutoScale" => signal::FftAutoScale,
        "SignalFilterBank" => signal::FilterBank,
        "SignalFilterBankLog" => signal::FilterBankLog,
        "SignalFilterBankSpectralSubtraction" => signal::SpectralSubtraction,
        "SignalFilterBankSquareRoot" => signal::FilterBankSquareRoot,
        "SignalFramer" => signal::Framer,
        "SignalIrfft" => signal::Irfft,
        "SignalOverlapAdd" => signal::OverlapAdd,
        "SignalPCAN" => signal::Pcan,
        "SignalRfft" => signal::Rfft,
        "SignalStacker" => signal::Stacker,
        "SignalWindow" => signal::Window,
        "TFLite_Detection_PostProcess" => crate::ops::detection::detection_post_process::DetectionPostProcess;
}

/// True if tensors of uint64 belong to the custom operator `name`: they are held as pairs.
pub(crate) fn takes_long(name: &str) -> bool {
    matches!(name, "SignalFilterBank" | "SignalFilterBankSquareRoot")
}

/// The sum of `(x + offset) * w`.
pub(crate) fn weights_dot(x: &[i8], w: &[i8], offset: i32) -> i32 {
    x.iter().zip(w).fold(0, |sum: i32, (&x, &w)| {
        sum.wrapping_add((i32::from(x) + offset) * i32::from(w))
    })
}

/// An operand that is not optional.
fn operand<'a, 'b>(
    inputs: &'a [Option<ArrayViewD<'b, f32>>],
    i: usize,
) -> Result<&'a ArrayViewD<'b, f32>> {
    let missing = || Error::internal(format!("operand {i} has no value"));
    inputs.get(i).and_then(Option::as_ref).ok_or_else(missing)
}

/// All operands, none of which is optional.
fn operands<'b>(inputs: &[Option<ArrayViewD<'b, f32>>]) -> Result<Vec<ArrayViewD<'b, f32>>> {
    (0..inputs.len())
        .map(|i| operand(inputs, i).cloned())
        .collect()
}

/// A clone of an operand.
pub(crate) fn owned(inputs: &[Option<ArrayViewD<'_, f32>>], i: usize) -> Result<ArrayD<f32>> {
    operand(inputs, i).map(ArrayViewD::to_owned)
}

/// The elements of an array in standard layout.
fn flat<'a>(array: &'a CowArray<'_, f32, IxDyn>) -> Result<&'a [f32]> {
    let strided = || Error::internal("an array is not in standard layout");
    array.as_slice().ok_or_else(strided)
}

/// Elements as a matrix.
fn matrix(rows: usize, columns: usize, data: &[f32]) -> Result<ArrayView2<'_, f32>> {
    ArrayView2::from_shape((rows, columns), data).map_err(Error::internal)
}
