//! Versions of operators: LiteRT looks kernels up by them.

use crate::tflite::write::{Code, Quantization, TensorTable};
use crate::tflite::{BuiltinOperator, TensorType};

use super::writer::Index;

/// The first version whose kernel takes these tensors.
pub(super) fn version(
    code: Code<'_>,
    inputs: &[Option<Index>],
    outputs: &[Index],
    tensors: &[TensorTable],
) -> i32 {
    let Code::Builtin(code) = code else { return 1 };
    let input = |i: usize| Some(&tensors[inputs.get(i).copied().flatten()?]);
    let element = |i: usize| input(i).map(|t| t.element);
    let all = inputs.iter().flatten().chain(outputs);
    let has = |element: TensorType| all.clone().any(|&i| tensors[i].element == element);
    let is_int8 = has(TensorType::INT8);
    let is_int16 = has(TensorType::INT16);
    let by_type = |int8: i32, int16: i32| match (is_int16, is_int8) {
        (true, _) => int16,
        (_, true) => int8,
        _ => 1,
    };
    let rank = |i: usize| input(i).map_or(0, |t| t.shape.len());
    use BuiltinOperator as Op;
    match code {
        Op::CONV_2D => by_type(3, 4),
        Op::DEPTHWISE_CONV_2D => by_type(3, 5),
        Op::FULLY_CONNECTED => {
            let per_channel = input(1)
                .is_some_and(|t| matches!(&t.quantization, Quantization::Channels { scales, .. } if scales.len() > 1));
            match (is_int16, is_int8) {
                (true, _) => 7,
                (_, true) if per_channel => 12,
                (_, true) if inputs.len() < 3 || inputs[2].is_none() => 6,
                (_, true) => 5,
                _ if inputs.len() < 3 || inputs[2].is_none() => 6,
                _ => 5,
            }
        }
        Op::TRANSPOSE_CONV => match inputs.get(3) {
            Some(Some(_)) => by_type(3, 4).max(3),
            _ => by_type(2, 4),
        },
        Op::ADD | Op::MUL => by_type(2, 4),
        Op::SUB => match (is_int16, is_int8) {
            (true, _) => 5,
            _ if rank(0).max(rank(1)) > 4 => 3,
            (_, true) => 2,
            _ => 1,
        },
        Op::DIV | Op::GATHER_ND | Op::SPACE_TO_BATCH_ND | Op::BATCH_TO_SPACE_ND => by_type(2, 3),
        Op::AVERAGE_POOL_2D
        | Op::MAX_POOL_2D
        | Op::CONCATENATION
        | Op::PAD
        | Op::PADV2
        | Op::MEAN
        | Op::SUM
        | Op::LOGISTIC
        | Op::TANH
        | Op::SOFTMAX
        | Op::MAXIMUM
        | Op::MINIMUM
        | Op::REDUCE_MAX
        | Op::REDUCE_MIN
        | Op::LEAKY_RELU
        | Op::L2_NORMALIZATION
        | Op::RESIZE_NEAREST_NEIGHBOR
        | Op::LOG_SOFTMAX
        | Op::SPACE_TO_DEPTH
        | Op::DEPTH_TO_SPACE
        | Op::EQUAL
        | Op::NOT_EQUAL
        | Op::GREATER
        | Op::GREATER_EQUAL
        | Op::LESS
        | Op::LESS_EQUAL
        | Op::ARG_MAX
        | Op::ARG_MIN
        | Op::DEQUANTIZE
        | Op::RELU
        | Op::RELU6
        | Op::PACK
        | Op::UNPACK
        | Op::TILE
        | Op::EXP
        | Op::LOG
        | Op::SQRT
        | Op::RSQRT
        | Op::ABS
        | Op::SQUARED_DIFFERENCE
        | Op::TOPK_V2 => by_type(2, 2),
        Op::RESIZE_BILINEAR => by_type(2, 4).max(3),
        Op::TRANSPOSE => match rank(0) {
            5.. => by_type(4, 4).max(4),
            _ => by_type(2, 3),
        },
        Op::STRIDED_SLICE => match rank(0) {
            5.. => 4,
            _ => by_type(2, 4),
        },
        Op::SLICE => match rank(0) {
            5.. => 5,
            _ => by_type(2, 4),
        },
        Op::SPLIT | Op::SPLIT_V => by_type(2, 4),
        Op::GATHER => match has(TensorType::BOOL) {
            true => 3,
            false => by_type(2, 4),
        },
        Op::BATCH_MATMUL => by_type(2, 3),
        Op::SELECT_V2 | Op::EMBEDDING_LOOKUP | Op::SIN | Op::COS | Op::CEIL | Op::GELU => 1,
        Op::BROADCAST_TO => by_type(2, 2).max(2),
        Op::QUANTIZE => match element(0) {
            Some(TensorType::FLOAT32) => by_type(1, 2),
            _ => 2,
        },
        Op::CAST => 1,
        _ => 1,
    }
}
