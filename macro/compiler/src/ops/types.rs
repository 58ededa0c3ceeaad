//! Which element types the operands and outputs of each operator have, compared with those
//! of the file: a tensor of another type would be read as what it is not.

use crate::error::{Error, Result};
use crate::ir::graph::ElementType;
use crate::ops::support::{SUPPORT_COLUMNS, Support, support};
use crate::tflite::TensorType;

/// A letter for each operand, then, behind `>`, for each output; the last one of a list is
/// that of all further tensors.
///
/// - `T`: all that have this letter have one type;
/// - `W`: weights: int8 for int8 and int16, else the type of `T`; a float operator may have
///   8-bit weights, and int16 ones are multiplied by int16;
/// - `A`: slopes: the type of `T`, or int8 for int16;
/// - `B`: a bias: float32 in float, else int32 or int64;
/// - `S`: a state, what is multiplied by it, or shares: int8 or int16, too, where `T` is quantized;
/// - `f`: float32; `r`: a real number, quantized or not; `i`: int32 or int64; `b`: bool;
/// - `*`: any type; `-`: what the operator compares itself.
#[rustfmt::skip]
const RULES: &[(&str, &[&str])] = &[
    ("T>T", &[
        "ABS", "ADD", "ADD_N", "ATAN2", "AVERAGE_POOL_2D", "BITWISE_XOR", "CEIL", "CONCATENATION", "COS", "DENSIFY",
        "DEPTH_TO_SPACE", "DIV", "ELU", "EXP", "FAKE_QUANT", "FLOOR", "FLOOR_DIV", "FLOOR_MOD", "GELU",
        "HARD_SWISH", "L2_NORMALIZATION", "L2_POOL_2D", "LEAKY_RELU", "LOG", "LOGISTIC", "LOG_SOFTMAX",
        "MAXIMUM", "MAX_POOL_2D", "MINIMUM", "MUL", "NEG", "PACK", "POW", "RANGE", "RELU", "RELU6",
        "RELU_0_TO_1", "RELU_N1_TO_1", "RIGHT_SHIFT", "ROUND", "RSQRT", "SIGN", "SIN", "SPACE_TO_DEPTH",
        "SQRT", "SQUARE", "SQUARED_DIFFERENCE", "SQUEEZE", "SUB", "TANH", "UNPACK", "ZEROS_LIKE",
    ]),
    ("T>S", &["SOFTMAX"]),
    ("Ti>T", &[
        "BATCH_TO_SPACE_ND", "BROADCAST_TO", "CUMSUM", "EXPAND_DIMS", "GATHER", "GATHER_ND", "MEAN", "MIRROR_PAD",
        "PAD", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD", "RESHAPE", "RESIZE_BILINEAR",
        "RESIZE_NEAREST_NEIGHBOR", "REVERSE_SEQUENCE", "REVERSE_V2", "SLICE", "SPACE_TO_BATCH_ND", "SPLIT_V",
        "STRIDED_SLICE", "SUM", "TILE", "TRANSPOSE", "SEGMENT_SUM", "UNSORTED_SEGMENT_MAX",
        "UNSORTED_SEGMENT_MIN", "UNSORTED_SEGMENT_PROD", "UNSORTED_SEGMENT_SUM",
    ]),
    ("iT>T", &["FILL", "SPLIT"]),
    ("iW>T", &["EMBEDDING_LOOKUP"]),
    ("i>i", &["BROADCAST_ARGS"]),
    ("*>i", &["ARG_MAX", "ARG_MIN", "BUCKETIZE", "RANK", "SHAPE", "WHERE"]),
    ("T>b", &["EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL", "NOT_EQUAL"]),
    ("b>b", &["LOGICAL_AND", "LOGICAL_NOT", "LOGICAL_OR"]),
    ("bi>b", &["REDUCE_ALL", "REDUCE_ANY"]),
    ("bT>T", &["SELECT", "SELECT_V2"]),
    ("*>*", &["CAST", "QUANTIZE"]),
    ("->-", &[
        "SignalDelay", "SignalEnergy", "SignalFftAutoScale", "SignalFilterBank", "SignalFilterBankLog",
        "SignalFilterBankSpectralSubtraction", "SignalFilterBankSquareRoot", "SignalFramer", "SignalIrfft",
        "SignalOverlapAdd", "SignalPCAN", "SignalRfft", "SignalStacker", "SignalWindow",
    ]),
    ("*>f", &["DEQUANTIZE"]),
    ("TWB>T", &[
        "CONV_2D", "CONV_3D", "Convolution2DTransposeBias", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED",
    ]),
    ("TW>T", &["BATCH_MATMUL"]),
    ("TA>T", &["PRELU"]),
    ("iWTB>T", &["CONV_3D_TRANSPOSE", "TRANSPOSE_CONV"]),
    ("TWSBS>T", &["SVDF"]),
    ("TWWWWWWWWSSSBBBBSBTS*>T", &["UNIDIRECTIONAL_SEQUENCE_LSTM"]),
    ("TiT>T", &["PADV2"]),
    ("TTi>T", &["DYNAMIC_UPDATE_SLICE"]),
    ("iiTT>T", &["ONE_HOT"]),
    ("iTi>T", &["SCATTER_ND"]),
    ("Ti>Ti", &["TOPK_V2"]),
    ("f>f", &["COMPLEX_ABS", "IMAG", "REAL"]),
    ("fi>f", &["RFFT2D"]),
    ("r>f", &["TFLite_Detection_PostProcess"]),
    ("rrirr>i", &["NON_MAX_SUPPRESSION_V4"]),
    ("rrirrr>iri", &["NON_MAX_SUPPRESSION_V5"]),
    ("T>Ti", &["MaxPoolingWithArgmax2D"]),
    ("Ti>T", &["MaxUnpooling2D"]),
];

/// What a type of the file is here.
fn kind(ty: TensorType) -> Option<ElementType> {
    Some(match ty {
        TensorType::FLOAT32 | TensorType::FLOAT16 | TensorType::COMPLEX64 => ElementType::F32,
        TensorType::INT8 | TensorType::INT4 | TensorType::INT2 => ElementType::I8,
        TensorType::UINT8 => ElementType::U8,
        TensorType::INT16 => ElementType::I16,
        TensorType::INT32 | TensorType::INT64 => ElementType::I32,
        TensorType::UINT32 => ElementType::U32,
        TensorType::BOOL => ElementType::Bool,
        _ => return None,
    })
}

/// Whether a tensor of `kind` fits a letter, where `T` is `shared`.
fn fits(letter: u8, kind: ElementType, shared: ElementType) -> bool {
    use ElementType::{Bool, F32, I8, I16, I32, U8};
    match letter {
        b'T' => kind == shared,
        b'W' => match shared {
            F32 => [F32, I8, U8].contains(&kind),
            I16 => [I8, I16].contains(&kind),
            _ => kind == shared,
        },
        b'A' => kind == shared || (shared == I16 && kind == I8),
        b'B' => kind == if shared == F32 { F32 } else { I32 },
        b'S' => match shared {
            F32 => [F32, I8, U8].contains(&kind),
            _ => kind == shared || [I8, I16].contains(&kind),
        },
        b'f' => kind == F32,
        b'r' => kind.is_real(),
        b'i' => kind == I32,
        b'b' => kind == Bool,
        _ => true,
    }
}

/// What a letter wants, in words.
fn wanted(letter: u8, shared: &str) -> String {
    match letter {
        b'T' => format!("{shared}, as its other tensors are"),
        b'W' => format!("weights for {shared}"),
        b'A' => format!("slopes for {shared}"),
        b'B' => format!("a bias for {shared} (float32 in float, else int32 or int64)"),
        b'S' => format!("a state for {shared}"),
        b'f' => "float32".to_owned(),
        b'r' => "a real number".to_owned(),
        b'i' => "int32 or int64".to_owned(),
        _ => "bool".to_owned(),
    }
}

/// A type as the documentation of TensorFlow writes it.
fn name(ty: TensorType) -> String {
    ty.variant_name()
        .map_or_else(|| format!("type {}", ty.0), str::to_lowercase)
}

/// A tensor around an operator: the file's name of it and its type.
pub(crate) type Typed = (String, TensorType);

/// Compares the tensors of the operator `operator` with its rule; operands that are left out
/// are `None`.
pub(crate) fn check(operator: &str, inputs: &[Option<Typed>], outputs: &[Typed]) -> Result<()> {
    let row = RULES.iter().find(|row| row.1.contains(&operator));
    let Some((reads, writes)) = row.and_then(|row| row.0.split_once('>')) else {
        return Ok(());
    };
    fn letters<'a>(rule: &'a str) -> impl Iterator<Item = u8> + 'a {
        rule.bytes().chain(rule.bytes().last().into_iter().cycle())
    }
    let inputs = inputs.iter().zip(letters(reads)).enumerate();
    let inputs = inputs.filter_map(|(i, (t, l))| Some((format!("operand {i}"), t.as_ref()?, l)));
    let outputs = outputs.iter().zip(letters(writes)).enumerate();
    let outputs = outputs.map(|(i, (t, l))| (format!("output {i}"), t, l));
    let all: Vec<(String, &Typed, u8)> = inputs.chain(outputs).collect();
    let shared = all.iter().find(|(.., letter)| *letter == b'T');
    let shared = shared.map_or(TensorType::FLOAT32, |(_, (_, ty), _)| *ty);
    for (what, (tensor, ty), letter) in &all {
        // Less than 8 bits: weights are unpacked when they are read.
        let packed = [TensorType::INT4, TensorType::INT2].contains(ty);
        if packed && what.starts_with("output") {
            return Err(Error::model(format!(
                "its {what} {tensor:?} is {}, which only constants may be",
                name(*ty)
            )));
        }
        if *letter == b'-' {
            continue;
        }
        let Some(kind) = kind(*ty) else {
            return Err(Error::model(format!(
                "its {what} {tensor:?} is {}, which is not supported",
                name(*ty)
            )));
        };
        // The first of its type is the one that the others are compared with.
        let shared_kind = self::kind(shared).unwrap_or(kind);
        if !fits(*letter, kind, shared_kind) {
            return Err(Error::model(format!(
                "its {what} {tensor:?} is {}, expected {}",
                name(*ty),
                wanted(*letter, &name(shared))
            )));
        }
    }
    Ok(())
}

/// Refuses an operator that reads tensors of a type that it has no kernel for.
pub(crate) fn check_support(operator: &str, element: ElementType) -> Result<()> {
    if support(operator, element) != Support::No {
        return Ok(());
    }
    let column = |e: ElementType| SUPPORT_COLUMNS.iter().find(|c| c.0 == e);
    let supported = SUPPORT_COLUMNS.iter().map(|c| c.0);
    let supported = supported.filter(|e| support(operator, *e) != Support::No);
    let supported: Vec<&str> = supported.filter_map(column).map(|c| c.1).collect();
    if supported.is_empty() {
        return Ok(());
    }
    Err(Error::model(format!(
        "it reads {}; supported are {}",
        column(element).map_or("?", |c| c.1),
        supported.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_that_computes_has_one_rule() {
        let calls = [
            "ASSIGN_VARIABLE",
            "CALL_ONCE",
            "IF",
            "READ_VARIABLE",
            "STABLEHLO_COMPOSITE",
            "VAR_HANDLE",
            "WHILE",
        ];
        for operator in crate::ops::registry::SUPPORTED {
            let rules = RULES.iter().filter(|row| row.1.contains(operator)).count();
            assert_eq!(rules, usize::from(!calls.contains(operator)), "{operator}");
        }
        let known = |(_, names): &(&str, &[&str])| {
            names
                .iter()
                .all(|n| crate::ops::registry::SUPPORTED.contains(n))
        };
        assert!(RULES.iter().all(known));
    }

    #[test]
    fn types_are_compared() {
        let typed = |ty| (String::from("x"), ty);
        let check = |operator: &str, inputs: &[TensorType], output| {
            let inputs: Vec<_> = inputs.iter().map(|&ty| Some(typed(ty))).collect();
            check(operator, &inputs, &[typed(output)])
        };
        use TensorType as Type;
        for (operator, inputs, output, is_right) in [
            ("ADD", &[Type::INT8, Type::INT8][..], Type::INT8, true),
            ("ADD", &[Type::INT8, Type::INT32], Type::INT8, false),
            ("ADD", &[Type::INT8, Type::INT8], Type::INT16, false),
            (
                "CONV_2D",
                &[Type::INT16, Type::INT8, Type::INT64],
                Type::INT16,
                true,
            ),
            (
                "CONV_2D",
                &[Type::FLOAT32, Type::INT8, Type::FLOAT32],
                Type::FLOAT32,
                true,
            ),
            (
                "CONV_2D",
                &[Type::INT8, Type::INT8, Type::FLOAT32],
                Type::INT8,
                false,
            ),
            (
                "CONCATENATION",
                &[Type::BOOL, Type::BOOL, Type::INT8],
                Type::BOOL,
                false,
            ),
            ("LESS", &[Type::INT64, Type::INT32], Type::BOOL, true),
            ("GATHER", &[Type::STRING, Type::INT32], Type::STRING, false),
        ] {
            let found = check(operator, inputs, output);
            assert_eq!(found.is_ok(), is_right, "{operator} {inputs:?} {found:?}");
        }
        let error = check("ADD", &[Type::INT8, Type::INT32], Type::INT8).expect_err("two types");
        let text = "its operand 1 \"x\" is int32, expected int8, as its other tensors are";
        assert_eq!(error.message, text);
    }
}
