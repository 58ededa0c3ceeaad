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
use crate::graph::array;
use crate::tflite::{self, BuiltinOperator};

mod accumulation;
mod activation;
mod argmax_pool;
mod binary;
mod blocks;
pub(crate) mod broadcast;
mod buffer;
mod channelwise;
mod comparison;
mod context;
pub(crate) mod control;
mod depthwise_blocks;
mod detection_post_process;
mod dynamic_slice;
pub(crate) mod exact;
mod float;
pub(crate) mod function;
mod index_map;
pub(crate) mod input_affine;
mod integer;
mod kernel;
mod known;
mod layouts;
mod linear;
mod narrow;
mod non_max_suppression;
mod operator;
mod packed;
mod pairs;
mod part;
mod pool;
mod real;
mod reduce;
pub(crate) mod refused;
pub(crate) mod requantize;
mod sigmoid;
mod signal;
mod softmax_i16;
mod spectrum;
pub(crate) mod strided;
mod support;
pub(crate) mod table;
pub(crate) mod tail;
mod truncation;
pub(crate) mod types;
mod unary;
mod unary_i16;
mod view;
mod weights;
mod window;
mod winograd;

pub(crate) use activation::Activation;
pub use add::AdditionNumbers;
pub(crate) use buffer::Buffer;
pub(crate) use channelwise::{Channels, Channelwise, Range};
use context::constant_source;
pub(crate) use context::{
    LowerContext, Operand, ParseContext, QuantRule, Reference, StateRule, Target,
};
pub(crate) use kernel::{Accumulators, Emitted, Frame, Kernel, Lowered, Overlap, Source};
pub use layouts::{rows_of_weights, widened};
pub use mul::linear_product;
pub use narrow::narrowed;
pub(crate) use operator::{Cast, ChannelRole, Operator, OwnState, Saturation};
pub use pairs::long_pairs;
pub(crate) use part::PartKernel;
pub use support::{SUPPORT_COLUMNS, Support, operators_page, support};
pub(crate) use truncation::Truncation;
pub use truncation::truncation;
pub use winograd::transformed;

/// What the tests of `shortened` compare.
#[cfg(test)]
pub(crate) mod tested {
    pub(crate) use super::hard_swish::HardSwish;
    pub(crate) use super::leaky_relu::LeakyRelu;
    pub(crate) use super::logistic::Logistic;
    pub(crate) use super::tanh::Tanh;
    pub(crate) use super::unary::Unary;
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
mod atan2;
mod average_pool_2d;
mod batch_matmul;
mod batch_to_space_nd;
mod bitwise_xor;
mod broadcast_args;
mod broadcast_to;
mod bucketize;
mod cast;
mod ceil;
mod concatenation;
mod conv_2d;
pub(crate) mod conv_3d;
pub(crate) mod conv_3d_transpose;
mod cos;
mod cumsum;
mod densify;
mod depth_to_space;
mod depthwise_conv_2d;
mod dequantize;
mod div;
mod dynamic_update_slice;
mod elu;
mod embedding_lookup;
mod equal;
mod exp;
mod expand_dims;
mod fake_quant;
mod fill;
mod floor;
mod floor_div;
mod floor_mod;
mod fully_connected;
mod gather;
mod gather_nd;
mod gelu;
mod greater;
mod greater_equal;
mod hard_swish;
mod l2_normalization;
mod l2_pool_2d;
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
mod range;
mod rank;
mod reduce_all;
mod reduce_any;
mod reduce_max;
mod reduce_min;
mod reduce_prod;
mod relu;
mod relu6;
mod relu_0_to_1;
mod relu_n1_to_1;
mod reshape;
mod resize_bilinear;
mod resize_bilinear_uint8;
mod resize_nearest_neighbor;
mod reverse_sequence;
mod reverse_v2;
mod right_shift;
mod round;
mod rsqrt;
mod scatter_nd;
mod segment;
mod select;
mod select_v2;
mod shape;
mod sign;
mod sin;
mod slice;
pub(crate) mod softmax;
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
mod zeros_like;

operators! {
    computing:
    ABS => abs::Abs,
    ADD => add::Add,
    ADD_N => add_n::AddN,
    ARG_MAX => arg_max::ArgMax,
    ARG_MIN => arg_min::ArgMin,
    ATAN2 => atan2::Atan2,
    AVERAGE_POOL_2D => average_pool_2d::AveragePool2d,
    BATCH_MATMUL => batch_matmul::BatchMatmul,
    BATCH_TO_SPACE_ND => batch_to_space_nd::BatchToSpaceNd,
    BITWISE_XOR => bitwise_xor::BitwiseXor,
    BROADCAST_ARGS => broadcast_args::BroadcastArgs,
    BROADCAST_TO => broadcast_to::BroadcastTo,
    BUCKETIZE => bucketize::Bucketize,
    CAST => cast::Cast,
    CEIL => ceil::Ceil,
    COMPLEX_ABS => spectrum::ComplexAbs,
    CONCATENATION => concatenation::Concatenation,
    CONV_2D => conv_2d::Conv2d,
    COS => cos::Cos,
    CUMSUM => cumsum::Cumsum,
    DENSIFY => densify::Densify,
    DEPTHWISE_CONV_2D => depthwise_conv_2d::DepthwiseConv2d,
    DEPTH_TO_SPACE => depth_to_space::DepthToSpace,
    DEQUANTIZE => dequantize::Dequantize,
    DIV => div::Div,
    DYNAMIC_UPDATE_SLICE => dynamic_update_slice::DynamicUpdateSlice,
    ELU => elu::Elu,
    EMBEDDING_LOOKUP => embedding_lookup::EmbeddingLookup,
    EQUAL => equal::Equal,
    EXP => exp::Exp,
    EXPAND_DIMS => expand_dims::ExpandDims,
    FAKE_QUANT => fake_quant::FakeQuant,
    FILL => fill::Fill,
    FLOOR => floor::Floor,
    FLOOR_DIV => floor_div::FloorDiv,
    FLOOR_MOD => floor_mod::FloorMod,
    FULLY_CONNECTED => fully_connected::FullyConnected,
    GATHER => gather::Gather,
    GATHER_ND => gather_nd::GatherNd,
    GELU => gelu::Gelu,
    GREATER => greater::Greater,
    GREATER_EQUAL => greater_equal::GreaterEqual,
    HARD_SWISH => hard_swish::HardSwish,
    IMAG => spectrum::Imag,
    L2_NORMALIZATION => l2_normalization::L2Normalization,
    L2_POOL_2D => l2_pool_2d::L2Pool2d,
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
    NON_MAX_SUPPRESSION_V4 => non_max_suppression::NonMaxSuppressionV4,
    NON_MAX_SUPPRESSION_V5 => non_max_suppression::NonMaxSuppressionV5,
    NOT_EQUAL => not_equal::NotEqual,
    ONE_HOT => one_hot::OneHot,
    PACK => pack::Pack,
    PAD => pad::Pad,
    PADV2 => pad_v2::PadV2,
    POW => pow::Pow,
    PRELU => prelu::Prelu,
    QUANTIZE => quantize::Quantize,
    RANGE => range::Range,
    RANK => rank::Rank,
    REAL => spectrum::Real,
    REDUCE_ALL => reduce_all::ReduceAll,
    REDUCE_ANY => reduce_any::ReduceAny,
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
    REVERSE_SEQUENCE => reverse_sequence::ReverseSequence,
    REVERSE_V2 => reverse_v2::ReverseV2,
    RFFT2D => spectrum::Rfft2d,
    RIGHT_SHIFT => right_shift::RightShift,
    ROUND => round::Round,
    RSQRT => rsqrt::Rsqrt,
    SCATTER_ND => scatter_nd::ScatterNd,
    SEGMENT_SUM => segment::SegmentSum,
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
    UNSORTED_SEGMENT_MAX => segment::UnsortedSegmentMax,
    UNSORTED_SEGMENT_MIN => segment::UnsortedSegmentMin,
    UNSORTED_SEGMENT_PROD => segment::UnsortedSegmentProd,
    UNSORTED_SEGMENT_SUM => segment::UnsortedSegmentSum,
    WHERE => where_::Where,
    ZEROS_LIKE => zeros_like::ZerosLike;
    structural: ASSIGN_VARIABLE, CALL_ONCE, CONV_3D, CONV_3D_TRANSPOSE, IF, READ_VARIABLE, STABLEHLO_COMPOSITE, VAR_HANDLE, WHILE;
    custom: "Convolution2DTransposeBias" => transpose_conv::Convolution2dTransposeBias,
        "MaxPoolingWithArgmax2D" => argmax_pool::MaxPoolingWithArgmax,
        "MaxUnpooling2D" => argmax_pool::MaxUnpooling,
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
        "TFLite_Detection_PostProcess" => detection_post_process::DetectionPostProcess;
}

/// True if tensors of uint64 belong to the custom operator `name`: they are held as pairs.
pub(crate) fn takes_long(name: &str) -> bool {
    matches!(name, "SignalFilterBank" | "SignalFilterBankSquareRoot")
}

/// The sum of `(x + offset) * w`.
fn weights_dot(x: &[i8], w: &[i8], offset: i32) -> i32 {
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
fn owned(inputs: &[Option<ArrayViewD<'_, f32>>], i: usize) -> Result<ArrayD<f32>> {
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
