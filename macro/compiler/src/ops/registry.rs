//! The list of operators, one row each, and what looks them up.

use crate::error::{Error, Result};
use crate::ir::context::ParseContext;
use crate::ir::operator::Operator;
use crate::ops::{
    constant, conv, detection, elementwise, matmul, movement, normalization, pool, quantization,
    recurrent, reduce, resize, signal,
};
use crate::tflite::{self, BuiltinOperator};

/// What the list says of an operator.
#[derive(Debug)]
pub(crate) struct Row {
    /// The builtin operator's name, or the custom operator's.
    pub name: &'static str,
    /// The element types of operands and outputs: see [`crate::ops::types`].
    pub types: &'static str,
    /// A letter for each of [`crate::ops::support::SUPPORT_COLUMNS`]: what becomes of an
    /// operator that reads this type.
    pub support: &'static str,
    /// What TensorFlow Lite Micro has of it.
    pub micro: Micro,
    /// What users should know of it, for `docs/operators.md`.
    pub note: &'static str,
}

/// What TensorFlow Lite Micro has of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Micro {
    /// Its resolver has the operator, with an int8 kernel where int8 makes sense.
    Int8,
    /// Its resolver has the operator, but without an int8 kernel: an int8 model with it can only
    /// have run on LiteRT.
    NoInt8,
    /// It lacks the operator: an int8 model with it can only have run on LiteRT.
    Missing,
    /// It lacks the operator, which does not tell where an int8 model has run.
    Neutral,
}

macro_rules! operators {
    (
        computing { $($code:ident: $operator:ty, $types:literal, $support:literal, $micro:ident, $note:literal;)* }
        structural { $($structural:ident: $s_types:literal, $s_support:literal, $s_micro:ident, $s_note:literal;)* }
        custom { $($custom:literal: $custom_operator:ty, $c_types:literal, $c_support:literal, $c_micro:ident, $c_note:literal;)* }
    ) => {
        /// The names of all supported operators.
        pub const SUPPORTED: &[&str] = &[
            $(stringify!($code),)* $(stringify!($structural),)* $($custom),*
        ];

        /// The rows of builtin operators, then those of custom operators.
        pub(crate) const ROWS: [&[Row]; 2] = [
            &[
                $(Row {
                    name: stringify!($code),
                    types: $types,
                    support: $support,
                    micro: Micro::$micro,
                    note: $note,
                },)*
                $(Row {
                    name: stringify!($structural),
                    types: $s_types,
                    support: $s_support,
                    micro: Micro::$s_micro,
                    note: $s_note,
                },)*
            ],
            &[$(Row {
                name: $custom,
                types: $c_types,
                support: $c_support,
                micro: Micro::$c_micro,
                note: $c_note,
            },)*],
        ];

        /// True if there is a row for `code`.
        pub(crate) fn is_supported(code: BuiltinOperator) -> bool {
            matches!(code, $(BuiltinOperator::$code)|*)
        }

        /// True for operators that the reader replaces by others: variables, calls, control flow, 3D
        /// convolutions.
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
                (other, _) => Err(Error::internal(format!("{} has no row", tflite::operator_name(other)))),
            }
        }
    };
}

// Name and type; element types of operands and outputs (`types.rs`); what becomes of it where it
// reads float32, int8, int16, uint8, int32 and bool (`support.rs`); what TensorFlow Lite Micro has
// of it; a note for users. Structural operators are resolved while a model is read.
operators! {
    computing {
        ABS: elementwise::abs::Abs, "T>T", "yyyry-", Int8, "";
        ADD: elementwise::add::Add, "T>T", "yyyyy-", Int8, "";
        ADD_N: elementwise::add_n::AddN, "T>T", "yr-r--", Int8, "int32 is refused";
        ARG_MAX: reduce::arg_max::ArgMax, "*>i", "yyrrrr", Int8, "";
        ARG_MIN: reduce::arg_min::ArgMin, "*>i", "yyrrrr", Int8, "";
        ATAN2: elementwise::atan2::Atan2, "T>T", "yr-r--", Missing, "int8 is computed in f32, which needs the feature `float`";
        AVERAGE_POOL_2D: pool::average_pool_2d::AveragePool2d, "T>T", "yyyy--", Int8, "";
        BATCH_MATMUL: matmul::batch_matmul::BatchMatmul, "TW>T", "yyyr--", Int8, "";
        BATCH_TO_SPACE_ND: movement::batch_to_space_nd::BatchToSpaceNd, "Ti>T", "yyrrrr", Int8, "";
        BITWISE_XOR: elementwise::bitwise_xor::BitwiseXor, "T>T", "----y-", Missing, "";
        BROADCAST_ARGS: constant::broadcast_args::BroadcastArgs, "i>i", "----f-", Int8, "";
        BROADCAST_TO: movement::broadcast_to::BroadcastTo, "Ti>T", "yyrrrr", Int8, "";
        BUCKETIZE: elementwise::bucketize::Bucketize, "*>i", "yr-ry-", Missing, "int16 is refused";
        CAST: quantization::cast::Cast, "*>*", "yyyyyy", Int8, "from these types; to all that they can hold";
        CEIL: elementwise::ceil::Ceil, "T>T", "yr-r--", Int8, "";
        COMPLEX_ABS: signal::spectrum::ComplexAbs, "f>f", "y-----", Missing, "always computes in f32";
        CONCATENATION: movement::concatenation::Concatenation, "T>T", "yyyyyr", Int8, "a fused activation is refused";
        CONV_2D: conv::conv_2d::Conv2d, "TWB>T", "yyyy--", Int8, "INT4 and INT2 weights, too; groups";
        COS: elementwise::cos::Cos, "T>T", "yr-r--", Int8, "";
        CUMSUM: reduce::cumsum::Cumsum, "Ti>T", "yr-r--", Int8, "int32 is refused";
        DENSIFY: constant::densify::Densify, "T>T", "ff----", Missing, "of sparse constants";
        DEPTHWISE_CONV_2D: conv::depthwise_conv_2d::DepthwiseConv2d, "TWB>T", "yyyy--", Int8, "INT4 weights, too";
        DEPTH_TO_SPACE: movement::depth_to_space::DepthToSpace, "T>T", "yyrrrr", Int8, "";
        DEQUANTIZE: quantization::dequantize::Dequantize, "*>f", "fyrr--", Int8, "float32 means weights in float16";
        DIV: elementwise::div::Div, "T>T", "yy-ry-", Int8, "int16 is refused";
        DYNAMIC_UPDATE_SLICE: movement::dynamic_update_slice::DynamicUpdateSlice, "TTi>T", "yrrrrr", Int8, "";
        ELU: elementwise::elu::Elu, "T>T", "yrrr--", Int8, "";
        EMBEDDING_LOOKUP: movement::embedding_lookup::EmbeddingLookup, "iW>T", "yyrrrr", Int8, "the type is the table's; ids are int32";
        EQUAL: elementwise::equal::Equal, "T>b", "yyrryr", Int8, "";
        EXP: elementwise::exp::Exp, "T>T", "yyyr--", NoInt8, "";
        EXPAND_DIMS: movement::expand_dims::ExpandDims, "Ti>T", "yyrrrr", Int8, "";
        FAKE_QUANT: quantization::fake_quant::FakeQuant, "T>T", "y-----", Neutral, "becomes a range of the tensor";
        FILL: constant::fill::Fill, "iT>T", "yyrrrr", Int8, "of a shape that is known at compile time";
        FLOOR: elementwise::floor::Floor, "T>T", "yr-r--", Int8, "";
        FLOOR_DIV: elementwise::floor_div::FloorDiv, "T>T", "yr-ry-", Int8, "";
        FLOOR_MOD: elementwise::floor_mod::FloorMod, "T>T", "yr-ry-", Int8, "int8 is computed in f32";
        FULLY_CONNECTED: matmul::fully_connected::FullyConnected, "TWB>T", "yyyy--", Int8, "INT4, INT2 and int8 weights with one zero point, too; weights of float models may be computed at run time";
        GATHER: movement::gather::Gather, "Ti>T", "yyrrrr", Int8, "indices may be computed at run time";
        GATHER_ND: movement::gather_nd::GatherNd, "Ti>T", "yyrrrr", Int8, "indices may be computed at run time";
        GELU: elementwise::gelu::Gelu, "T>T", "yyrr--", Missing, "";
        GREATER: elementwise::greater::Greater, "T>b", "yyrrrr", Int8, "";
        GREATER_EQUAL: elementwise::greater_equal::GreaterEqual, "T>b", "yyrrrr", Int8, "";
        HARD_SWISH: elementwise::hard_swish::HardSwish, "T>T", "yyrr--", Int8, "";
        IMAG: signal::spectrum::Imag, "f>f", "y-----", Missing, "always computes in f32";
        L2_NORMALIZATION: normalization::l2_normalization::L2Normalization, "T>T", "yy-y--", Int8, "int16 and a fused activation are refused";
        L2_POOL_2D: pool::l2_pool_2d::L2Pool2d, "T>T", "y-----", Int8, "always computes in f32";
        LEAKY_RELU: elementwise::leaky_relu::LeakyRelu, "T>T", "yyyr--", Int8, "";
        LESS: elementwise::less::Less, "T>b", "yyrryr", Int8, "";
        LESS_EQUAL: elementwise::less_equal::LessEqual, "T>b", "yyrrrr", Int8, "";
        LOG: elementwise::log::Log, "T>T", "yy-r--", NoInt8, "int16 is refused";
        LOGICAL_AND: elementwise::logical_and::LogicalAnd, "b>b", "-----y", Int8, "";
        LOGICAL_NOT: elementwise::logical_not::LogicalNot, "b>b", "-----y", Int8, "";
        LOGICAL_OR: elementwise::logical_or::LogicalOr, "b>b", "-----y", Int8, "";
        LOGISTIC: elementwise::logistic::Logistic, "T>T", "yyyy--", Int8, "";
        LOG_SOFTMAX: normalization::log_softmax::LogSoftmax, "T>T", "yy-r--", Int8, "int16 is refused";
        MAXIMUM: elementwise::maximum::Maximum, "T>T", "yyrryr", Int8, "";
        MAX_POOL_2D: pool::max_pool_2d::MaxPool2d, "T>T", "yyyy--", Int8, "";
        MEAN: reduce::mean::Mean, "Ti>T", "yyyyy-", Int8, "";
        MINIMUM: elementwise::minimum::Minimum, "T>T", "yyrryr", Int8, "";
        MIRROR_PAD: movement::mirror_pad::MirrorPad, "Ti>T", "yyrrrr", Int8, "";
        MUL: elementwise::mul::Mul, "T>T", "yyyyy-", Int8, "";
        NEG: elementwise::neg::Neg, "T>T", "yr-ry-", Int8, "";
        NON_MAX_SUPPRESSION_V4: detection::non_max_suppression::NonMaxSuppressionV4, "rrirr>i", "y-----", Missing, "always computes in f32";
        NON_MAX_SUPPRESSION_V5: detection::non_max_suppression::NonMaxSuppressionV5, "rrirrr>iri", "y-----", Missing, "always computes in f32";
        NOT_EQUAL: elementwise::not_equal::NotEqual, "T>b", "yyrryr", Int8, "";
        ONE_HOT: movement::one_hot::OneHot, "iiTT>T", "----y-", Missing, "the type is that of the indices; values may be of any";
        PACK: movement::pack::Pack, "T>T", "yyrrrr", Int8, "";
        PAD: movement::pad::Pad, "Ti>T", "yyyrrr", Int8, "";
        PADV2: movement::pad_v2::PadV2, "TiT>T", "yyrrrr", Int8, "";
        POW: elementwise::pow::Pow, "T>T", "yr-ry-", Missing, "int8 is computed in f32, which needs the feature `float`";
        PRELU: elementwise::prelu::Prelu, "TA>T", "yyyr--", Int8, "alpha is int8";
        QUANTIZE: quantization::quantize::Quantize, "*>*", "yyyry-", Int8, "int32 has a scale";
        RANGE: constant::range::Range, "T>T", "f---f-", Missing, "of constants";
        RANK: constant::rank::Rank, "*>i", "ffFFFF", Missing, "";
        REAL: signal::spectrum::Real, "f>f", "y-----", Missing, "always computes in f32";
        REDUCE_ALL: reduce::reduce_all::ReduceAll, "bi>b", "-----y", Int8, "";
        REDUCE_ANY: reduce::reduce_any::ReduceAny, "bi>b", "-----y", Missing, "";
        REDUCE_MAX: reduce::reduce_max::ReduceMax, "Ti>T", "yyrryr", Int8, "";
        REDUCE_MIN: reduce::reduce_min::ReduceMin, "Ti>T", "yyrryr", Int8, "";
        REDUCE_PROD: reduce::reduce_prod::ReduceProd, "Ti>T", "yy-ry-", Missing, "int16 is refused";
        RELU: elementwise::relu::Relu, "T>T", "yyyr--", Int8, "";
        RELU6: elementwise::relu6::Relu6, "T>T", "yyry--", Int8, "";
        RELU_0_TO_1: elementwise::relu_0_to_1::Relu0To1, "T>T", "yy-r--", Neutral, "";
        RELU_N1_TO_1: elementwise::relu_n1_to_1::ReluN1To1, "T>T", "yy-y--", Missing, "int16 is refused alone, not fused";
        RESHAPE: movement::reshape::Reshape, "Ti>T", "yyyyyr", Int8, "";
        RESIZE_BILINEAR: resize::resize_bilinear::ResizeBilinear, "Ti>T", "yyyy--", Int8, "";
        RESIZE_NEAREST_NEIGHBOR: resize::resize_nearest_neighbor::ResizeNearestNeighbor, "Ti>T", "yyrrrr", Int8, "";
        REVERSE_SEQUENCE: movement::reverse_sequence::ReverseSequence, "Ti>T", "rrrryr", Missing, "";
        REVERSE_V2: movement::reverse_v2::ReverseV2, "Ti>T", "yyrrrr", Int8, "";
        RFFT2D: signal::spectrum::Rfft2d, "fi>f", "y-----", Missing, "always computes in f32; lengths are powers of two";
        RIGHT_SHIFT: elementwise::right_shift::RightShift, "T>T", "----y-", Missing, "";
        ROUND: elementwise::round::Round, "T>T", "yr-r--", Int8, "";
        RSQRT: elementwise::rsqrt::Rsqrt, "T>T", "yyyr--", Int8, "";
        SCATTER_ND: movement::scatter_nd::ScatterNd, "iTi>T", "yyrryr", Missing, "";
        SEGMENT_SUM: reduce::segment::SegmentSum, "Ti>T", "y-----", Missing, "always computes in f32; ids must be known at compile time";
        SELECT: elementwise::select::Select, "bT>T", "yyrrrr", Missing, "the type is that of the values";
        SELECT_V2: elementwise::select_v2::SelectV2, "bT>T", "yyyrrr", Int8, "the type is that of the values";
        SHAPE: constant::shape::Shape, "*>i", "ffFFFF", Int8, "";
        SIGN: elementwise::sign::Sign, "T>T", "yr-r--", Missing, "";
        SIN: elementwise::sin::Sin, "T>T", "yr-r--", Int8, "";
        SLICE: movement::slice::Slice, "Ti>T", "yyrryr", Int8, "its begin may be computed at run time, its size not";
        SOFTMAX: normalization::softmax::Softmax, "T>S", "yyyy--", Int8, "";
        SPACE_TO_BATCH_ND: movement::space_to_batch_nd::SpaceToBatchNd, "Ti>T", "yyrrrr", Int8, "";
        SPACE_TO_DEPTH: movement::space_to_depth::SpaceToDepth, "T>T", "yyrrrr", Int8, "";
        SPLIT: movement::split::Split, "iT>T", "yyrrrr", Int8, "";
        SPLIT_V: movement::split_v::SplitV, "Ti>T", "yyrrrr", Int8, "";
        SQRT: elementwise::sqrt::Sqrt, "T>T", "yy-r--", NoInt8, "int16 is refused";
        SQUARE: elementwise::square::Square, "T>T", "yr-r--", Int8, "";
        SQUARED_DIFFERENCE: elementwise::squared_difference::SquaredDifference, "T>T", "yyyry-", Int8, "";
        SQUEEZE: movement::squeeze::Squeeze, "T>T", "yyrrrr", Int8, "";
        STRIDED_SLICE: movement::strided_slice::StridedSlice, "Ti>T", "yyrryy", Int8, "";
        SUB: elementwise::sub::Sub, "T>T", "yyyyy-", Int8, "";
        SUM: reduce::sum::Sum, "Ti>T", "yyrry-", Int8, "";
        SVDF: recurrent::svdf::Svdf, "TWSBS>T", "yy-r--", Int8, "its state may be int8 or int16";
        TANH: elementwise::tanh::Tanh, "T>T", "yyyy--", Int8, "";
        TILE: movement::tile::Tile, "Ti>T", "yyrrrr", Missing, "";
        TOPK_V2: reduce::topk_v2::TopkV2, "Ti>Ti", "yyrrrr", Missing, "";
        TRANSPOSE: movement::transpose::Transpose, "Ti>T", "yyrrrr", Int8, "";
        TRANSPOSE_CONV: conv::transpose_conv::TransposeConv, "iWTB>T", "yyyy--", Int8, "its shape must be known at compile time";
        UNIDIRECTIONAL_SEQUENCE_LSTM: recurrent::unidirectional_sequence_lstm::UnidirectionalSequenceLstm, "TWWWWWWWWSSSBBBBSBTS*>T", "yy-r--", Int8, "no peepholes, projection or layer normalization; int16 is refused, which TensorFlow Lite Micro runs: not written yet";
        UNPACK: movement::unpack::Unpack, "T>T", "yyrrrr", Int8, "";
        UNSORTED_SEGMENT_MAX: reduce::segment::UnsortedSegmentMax, "Ti>T", "y-----", Missing, "always computes in f32; the number of segments must be known at compile time";
        UNSORTED_SEGMENT_MIN: reduce::segment::UnsortedSegmentMin, "Ti>T", "y-----", Missing, "as UNSORTED_SEGMENT_MAX";
        UNSORTED_SEGMENT_PROD: reduce::segment::UnsortedSegmentProd, "Ti>T", "y-----", Missing, "as UNSORTED_SEGMENT_MAX";
        UNSORTED_SEGMENT_SUM: reduce::segment::UnsortedSegmentSum, "Ti>T", "y-----", Missing, "as UNSORTED_SEGMENT_MAX";
        WHERE: constant::where_::Where, "*>i", "F---Ff", Neutral, "of a constant: how many indices there are depends on it";
        ZEROS_LIKE: constant::zeros_like::ZerosLike, "T>T", "ffFFFF", Int8, "";
    }
    structural {
        ASSIGN_VARIABLE: "", "yy----", Int8, "becomes a field of `State`";
        CALL_ONCE: "", "ff----", Int8, "inlined: what variables begin with";
        CONV_3D: "TWB>T", "y-----", Missing, "becomes CONV_2D";
        CONV_3D_TRANSPOSE: "iWTB>T", "y-----", Missing, "becomes TRANSPOSE_CONV";
        IF: "", "yyrryr", Int8, "see [below](#branches-and-loops); the type is that of what the branches give";
        READ_VARIABLE: "", "yy----", Int8, "becomes a field of `State`";
        STABLEHLO_COMPOSITE: "", "ff----", Neutral, "replaced by its decomposition";
        VAR_HANDLE: "", "yy----", Int8, "becomes a field of `State`";
        WHILE: "", "yyrryr", Int8, "see [below](#branches-and-loops); the type is that of a value of the loop";
    }
    custom {
        "Convolution2DTransposeBias": conv::transpose_conv::Convolution2dTransposeBias, "TWB>T", "yyrr--", Neutral, "";
        "MaxPoolingWithArgmax2D": pool::argmax_pool::MaxPoolingWithArgmax, "T>Ti", "y-----", Missing, "always computes in f32";
        "MaxUnpooling2D": pool::argmax_pool::MaxUnpooling, "Ti>T", "y-----", Missing, "always computes in f32";
        "SignalDelay": signal::Delay, "->-", "--y---", Int8, "keeps a state";
        "SignalEnergy": signal::Energy, "->-", "--y---", Int8, "";
        "SignalFftAutoScale": signal::FftAutoScale, "->-", "--y---", Int8, "";
        "SignalFilterBank": signal::FilterBank, "->-", "----y-", Int8, "reads uint32; its uint64 goes to SignalFilterBankSquareRoot only";
        "SignalFilterBankLog": signal::FilterBankLog, "->-", "----y-", Int8, "reads uint32";
        "SignalFilterBankSpectralSubtraction": signal::SpectralSubtraction, "->-", "----y-", Int8, "reads uint32; keeps a state";
        "SignalFilterBankSquareRoot": signal::FilterBankSquareRoot, "->-", "----y-", Int8, "reads uint64";
        "SignalFramer": signal::Framer, "->-", "--y---", Int8, "keeps a state";
        "SignalIrfft": signal::Irfft, "->-", "y-y-y-", Int8, "lengths are powers of two; float32 is always computed in f32";
        "SignalOverlapAdd": signal::OverlapAdd, "->-", "y-y---", Int8, "keeps a state; float32 is always computed in f32";
        "SignalPCAN": signal::Pcan, "->-", "----y-", Int8, "reads uint32";
        "SignalRfft": signal::Rfft, "->-", "y-y-y-", Int8, "as SignalIrfft";
        "SignalStacker": signal::Stacker, "->-", "--y---", Int8, "keeps a state";
        "SignalWindow": signal::Window, "->-", "--y---", Int8, "";
        "TFLite_Detection_PostProcess": detection::detection_post_process::DetectionPostProcess, "r>f", "y-----", Int8, "always computes in f32";
    }
}

/// The row of the operator `name`.
pub(crate) fn row(name: &str) -> Option<&'static Row> {
    let mut rows = ROWS.into_iter().flatten();
    rows.find(|row| row.name == name)
}

/// True if TensorFlow Lite Micro has an int8 kernel for the operator `name`, or may have had it
/// where an int8 model ran.
pub(crate) fn in_tflite_micro(name: &str) -> bool {
    row(name).is_none_or(|row| matches!(row.micro, Micro::Int8 | Micro::Neutral))
}

/// True if tensors of uint64 belong to the custom operator `name`: they are held as pairs.
pub(crate) fn takes_uint64(name: &str) -> bool {
    matches!(name, "SignalFilterBank" | "SignalFilterBankSquareRoot")
}
