//! The list of operators, and what looks them up.

use crate::error::{Error, Result};
use crate::ir::context::ParseContext;
use crate::ir::operator::Operator;
use crate::ops::{
    constant, conv, detection, elementwise, matmul, movement, normalization, pool, quantization,
    recurrent, reduce, resize, signal,
};
use crate::tflite::{self, BuiltinOperator};

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
    ABS => elementwise::abs::Abs,
    ADD => elementwise::add::Add,
    ADD_N => elementwise::add_n::AddN,
    ARG_MAX => reduce::arg_max::ArgMax,
    ARG_MIN => reduce::arg_min::ArgMin,
    ATAN2 => elementwise::atan2::Atan2,
    AVERAGE_POOL_2D => pool::average_pool_2d::AveragePool2d,
    BATCH_MATMUL => matmul::batch_matmul::BatchMatmul,
    BATCH_TO_SPACE_ND => movement::batch_to_space_nd::BatchToSpaceNd,
    BITWISE_XOR => elementwise::bitwise_xor::BitwiseXor,
    BROADCAST_ARGS => constant::broadcast_args::BroadcastArgs,
    BROADCAST_TO => movement::broadcast_to::BroadcastTo,
    BUCKETIZE => elementwise::bucketize::Bucketize,
    CAST => quantization::cast::Cast,
    CEIL => elementwise::ceil::Ceil,
    COMPLEX_ABS => signal::spectrum::ComplexAbs,
    CONCATENATION => movement::concatenation::Concatenation,
    CONV_2D => conv::conv_2d::Conv2d,
    COS => elementwise::cos::Cos,
    CUMSUM => reduce::cumsum::Cumsum,
    DENSIFY => constant::densify::Densify,
    DEPTHWISE_CONV_2D => conv::depthwise_conv_2d::DepthwiseConv2d,
    DEPTH_TO_SPACE => movement::depth_to_space::DepthToSpace,
    DEQUANTIZE => quantization::dequantize::Dequantize,
    DIV => elementwise::div::Div,
    DYNAMIC_UPDATE_SLICE => movement::dynamic_update_slice::DynamicUpdateSlice,
    ELU => elementwise::elu::Elu,
    EMBEDDING_LOOKUP => movement::embedding_lookup::EmbeddingLookup,
    EQUAL => elementwise::equal::Equal,
    EXP => elementwise::exp::Exp,
    EXPAND_DIMS => movement::expand_dims::ExpandDims,
    FAKE_QUANT => quantization::fake_quant::FakeQuant,
    FILL => constant::fill::Fill,
    FLOOR => elementwise::floor::Floor,
    FLOOR_DIV => elementwise::floor_div::FloorDiv,
    FLOOR_MOD => elementwise::floor_mod::FloorMod,
    FULLY_CONNECTED => matmul::fully_connected::FullyConnected,
    GATHER => movement::gather::Gather,
    GATHER_ND => movement::gather_nd::GatherNd,
    GELU => elementwise::gelu::Gelu,
    GREATER => elementwise::greater::Greater,
    GREATER_EQUAL => elementwise::greater_equal::GreaterEqual,
    HARD_SWISH => elementwise::hard_swish::HardSwish,
    IMAG => signal::spectrum::Imag,
    L2_NORMALIZATION => normalization::l2_normalization::L2Normalization,
    L2_POOL_2D => pool::l2_pool_2d::L2Pool2d,
    LEAKY_RELU => elementwise::leaky_relu::LeakyRelu,
    LESS => elementwise::less::Less,
    LESS_EQUAL => elementwise::less_equal::LessEqual,
    LOG => elementwise::log::Log,
    LOGICAL_AND => elementwise::logical_and::LogicalAnd,
    LOGICAL_NOT => elementwise::logical_not::LogicalNot,
    LOGICAL_OR => elementwise::logical_or::LogicalOr,
    LOGISTIC => elementwise::logistic::Logistic,
    LOG_SOFTMAX => normalization::log_softmax::LogSoftmax,
    MAXIMUM => elementwise::maximum::Maximum,
    MAX_POOL_2D => pool::max_pool_2d::MaxPool2d,
    MEAN => reduce::mean::Mean,
    MINIMUM => elementwise::minimum::Minimum,
    MIRROR_PAD => movement::mirror_pad::MirrorPad,
    MUL => elementwise::mul::Mul,
    NEG => elementwise::neg::Neg,
    NON_MAX_SUPPRESSION_V4 => detection::non_max_suppression::NonMaxSuppressionV4,
    NON_MAX_SUPPRESSION_V5 => detection::non_max_suppression::NonMaxSuppressionV5,
    NOT_EQUAL => elementwise::not_equal::NotEqual,
    ONE_HOT => movement::one_hot::OneHot,
    PACK => movement::pack::Pack,
    PAD => movement::pad::Pad,
    PADV2 => movement::pad_v2::PadV2,
    POW => elementwise::pow::Pow,
    PRELU => elementwise::prelu::Prelu,
    QUANTIZE => quantization::quantize::Quantize,
    RANGE => constant::range::Range,
    RANK => constant::rank::Rank,
    REAL => signal::spectrum::Real,
    REDUCE_ALL => reduce::reduce_all::ReduceAll,
    REDUCE_ANY => reduce::reduce_any::ReduceAny,
    REDUCE_MAX => reduce::reduce_max::ReduceMax,
    REDUCE_MIN => reduce::reduce_min::ReduceMin,
    REDUCE_PROD => reduce::reduce_prod::ReduceProd,
    RELU => elementwise::relu::Relu,
    RELU6 => elementwise::relu6::Relu6,
    RELU_0_TO_1 => elementwise::relu_0_to_1::Relu0To1,
    RELU_N1_TO_1 => elementwise::relu_n1_to_1::ReluN1To1,
    RESHAPE => movement::reshape::Reshape,
    RESIZE_BILINEAR => resize::resize_bilinear::ResizeBilinear,
    RESIZE_NEAREST_NEIGHBOR => resize::resize_nearest_neighbor::ResizeNearestNeighbor,
    REVERSE_SEQUENCE => movement::reverse_sequence::ReverseSequence,
    REVERSE_V2 => movement::reverse_v2::ReverseV2,
    RFFT2D => signal::spectrum::Rfft2d,
    RIGHT_SHIFT => elementwise::right_shift::RightShift,
    ROUND => elementwise::round::Round,
    RSQRT => elementwise::rsqrt::Rsqrt,
    SCATTER_ND => movement::scatter_nd::ScatterNd,
    SEGMENT_SUM => reduce::segment::SegmentSum,
    SELECT => elementwise::select::Select,
    SELECT_V2 => elementwise::select_v2::SelectV2,
    SHAPE => constant::shape::Shape,
    SIGN => elementwise::sign::Sign,
    SIN => elementwise::sin::Sin,
    SLICE => movement::slice::Slice,
    SOFTMAX => normalization::softmax::Softmax,
    SPACE_TO_BATCH_ND => movement::space_to_batch_nd::SpaceToBatchNd,
    SPACE_TO_DEPTH => movement::space_to_depth::SpaceToDepth,
    SPLIT => movement::split::Split,
    SPLIT_V => movement::split_v::SplitV,
    SQRT => elementwise::sqrt::Sqrt,
    SQUARE => elementwise::square::Square,
    SQUARED_DIFFERENCE => elementwise::squared_difference::SquaredDifference,
    SQUEEZE => movement::squeeze::Squeeze,
    STRIDED_SLICE => movement::strided_slice::StridedSlice,
    SUB => elementwise::sub::Sub,
    SUM => reduce::sum::Sum,
    SVDF => recurrent::svdf::Svdf,
    TANH => elementwise::tanh::Tanh,
    TILE => movement::tile::Tile,
    TOPK_V2 => reduce::topk_v2::TopkV2,
    TRANSPOSE => movement::transpose::Transpose,
    TRANSPOSE_CONV => conv::transpose_conv::TransposeConv,
    UNIDIRECTIONAL_SEQUENCE_LSTM => recurrent::unidirectional_sequence_lstm::UnidirectionalSequenceLstm,
    UNPACK => movement::unpack::Unpack,
    UNSORTED_SEGMENT_MAX => reduce::segment::UnsortedSegmentMax,
    UNSORTED_SEGMENT_MIN => reduce::segment::UnsortedSegmentMin,
    UNSORTED_SEGMENT_PROD => reduce::segment::UnsortedSegmentProd,
    UNSORTED_SEGMENT_SUM => reduce::segment::UnsortedSegmentSum,
    WHERE => constant::where_::Where,
    ZEROS_LIKE => constant::zeros_like::ZerosLike;
    structural: ASSIGN_VARIABLE, CALL_ONCE, CONV_3D, CONV_3D_TRANSPOSE, IF, READ_VARIABLE, STABLEHLO_COMPOSITE, VAR_HANDLE, WHILE;
    custom: "Convolution2DTransposeBias" => conv::transpose_conv::Convolution2dTransposeBias,
        "MaxPoolingWithArgmax2D" => pool::argmax_pool::MaxPoolingWithArgmax,
        "MaxUnpooling2D" => pool::argmax_pool::MaxUnpooling,
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
        "TFLite_Detection_PostProcess" => detection::detection_post_process::DetectionPostProcess;
}

/// True if tensors of uint64 belong to the custom operator `name`: they are held as pairs.
pub(crate) fn takes_long(name: &str) -> bool {
    matches!(name, "SignalFilterBank" | "SignalFilterBankSquareRoot")
}
