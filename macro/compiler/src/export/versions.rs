//! Versions of operators: the first one whose kernel takes an operator's tensors.

use crate::tflite::write::{Code, Quantization, TensorTable};
use crate::tflite::{BuiltinOperator as Op, TensorType};

/// The versions of an operator for float32, int8 and int16.
type Versions = [i32; 3];

/// Operators whose version only depends on the element type. All others have version 1.
const BY_TYPE: &[(Versions, &[Op])] = &[
    (
        [1, 2, 2],
        &[
            Op::ABS,
            Op::ARG_MAX,
            Op::ARG_MIN,
            Op::AVERAGE_POOL_2D,
            Op::CONCATENATION,
            Op::DEPTH_TO_SPACE,
            Op::DEQUANTIZE,
            Op::EQUAL,
            Op::EXP,
            Op::GREATER,
            Op::GREATER_EQUAL,
            Op::L2_NORMALIZATION,
            Op::LEAKY_RELU,
            Op::LESS,
            Op::LESS_EQUAL,
            Op::LOG,
            Op::LOGISTIC,
            Op::LOG_SOFTMAX,
            Op::MAXIMUM,
            Op::MAX_POOL_2D,
            Op::MEAN,
            Op::MINIMUM,
            Op::NOT_EQUAL,
            Op::PACK,
            Op::PAD,
            Op::PADV2,
            Op::REDUCE_MAX,
            Op::REDUCE_MIN,
            Op::RELU,
            Op::RELU6,
            Op::RESIZE_NEAREST_NEIGHBOR,
            Op::RSQRT,
            Op::SOFTMAX,
            Op::SPACE_TO_DEPTH,
            Op::SQRT,
            Op::SQUARED_DIFFERENCE,
            Op::SUM,
            Op::TANH,
            Op::TILE,
            Op::TOPK_V2,
            Op::UNPACK,
        ],
    ),
    (
        [1, 2, 3],
        &[
            Op::BATCH_MATMUL,
            Op::BATCH_TO_SPACE_ND,
            Op::DIV,
            Op::GATHER_ND,
            Op::SPACE_TO_BATCH_ND,
        ],
    ),
    (
        [1, 2, 4],
        &[Op::ADD, Op::GATHER, Op::MUL, Op::SPLIT, Op::SPLIT_V],
    ),
    ([1, 3, 4], &[Op::CONV_2D]),
    ([1, 3, 5], &[Op::DEPTHWISE_CONV_2D]),
    ([1, 1, 2], &[Op::QUANTIZE]),
    ([2, 2, 2], &[Op::BROADCAST_TO]),
    ([3, 3, 4], &[Op::RESIZE_BILINEAR]),
];

/// The version of an operator with these tensors, by their number in `tensors`.
pub(super) fn version(
    code: Code<'_>,
    inputs: &[Option<usize>],
    outputs: &[usize],
    tensors: &[TensorTable],
) -> i32 {
    let Code::Builtin(code) = code else { return 1 };
    let input = |i: usize| Some(&tensors[inputs.get(i).copied().flatten()?]);
    let all = || inputs.iter().flatten().chain(outputs);
    let has = |element: TensorType| all().any(|&i| tensors[i].element == element);
    let of = |[float, int8, int16]: Versions| {
        if has(TensorType::INT16) {
            int16
        } else if has(TensorType::INT8) {
            int8
        } else {
            float
        }
    };
    let rank = all().map(|&i| tensors[i].shape.len()).max().unwrap_or(0);
    let has_bias = |i: usize| input(i).is_some();
    match code {
        Op::FULLY_CONNECTED => match input(1).map(|weights| &weights.quantization) {
            Some(Quantization::Channels { scales, .. }) if scales.len() > 1 => of([5, 12, 12]),
            _ if !has_bias(2) => of([6, 6, 7]),
            _ => of([5, 5, 7]),
        },
        Op::TRANSPOSE_CONV if has_bias(3) => of([3, 3, 4]),
        Op::TRANSPOSE_CONV => of([1, 2, 4]),
        Op::SUB if rank > 4 => of([3, 3, 5]),
        Op::SUB => of([1, 2, 5]),
        Op::TRANSPOSE if rank > 4 => 4,
        Op::TRANSPOSE => of([1, 2, 3]),
        Op::STRIDED_SLICE if rank > 4 => 4,
        Op::SLICE if rank > 4 => 5,
        Op::STRIDED_SLICE | Op::SLICE => of([1, 2, 4]),
        Op::QUANTIZE if !has(TensorType::FLOAT32) => 2,
        _ => BY_TYPE
            .iter()
            .find(|(_, operators)| operators.contains(&code))
            .map_or(1, |(versions, _)| of(*versions)),
    }
}
