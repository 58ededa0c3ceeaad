//! Which element types each operator takes: what `docs/operators.md` shows.
//!
//! A test compares these rows with the models of `tests/models/ops`.

use crate::ir::graph::ElementType;
use crate::limits;
use crate::ops::refused;
use crate::tflite::{self, BuiltinOperator};

/// What becomes of an operator that reads tensors of one element type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// There is a kernel.
    Runs {
        /// A model of the tests shows it.
        tested: bool,
    },
    /// It is known at compile time, or resolved then.
    Folded {
        /// A model of the tests shows it.
        tested: bool,
    },
    /// It is refused, or TFLite itself has no such kernel and nobody has looked.
    No,
}

impl Support {
    fn new(letter: char) -> Self {
        match letter {
            'y' => Support::Runs { tested: true },
            'r' => Support::Runs { tested: false },
            'f' => Support::Folded { tested: true },
            'F' => Support::Folded { tested: false },
            _ => Support::No,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Support::Runs { tested: true } => "yes",
            Support::Runs { tested: false } => "yes*",
            Support::Folded { tested: true } => "folded",
            Support::Folded { tested: false } => "folded*",
            Support::No => "-",
        }
    }
}

/// The columns, in the order of the letters of [`ROWS`].
pub const SUPPORT_COLUMNS: [(ElementType, &str); 6] = [
    (ElementType::F32, "float32"),
    (ElementType::I8, "int8"),
    (ElementType::I16, "int16x8"),
    (ElementType::U8, "uint8"),
    (ElementType::I32, "int32"),
    (ElementType::Bool, "bool"),
];

/// Name; a letter for each column (see [`Support::new`]); whether TensorFlow Lite Micro's
/// resolver has it; a note.
#[rustfmt::skip]
const ROWS: &[(&str, &str, bool, &str)] = &[
    ("ABS", "yyyry-", true, ""),
    ("ADD", "yyyyy-", true, ""),
    ("ADD_N", "yr-r--", true, "int32 is refused"),
    ("ARG_MAX", "yyrrrr", true, ""),
    ("ARG_MIN", "yyrrrr", true, ""),
    ("ASSIGN_VARIABLE", "yy----", true, "becomes a field of `State`"),
    ("ATAN2", "yr-r--", false, "int8 is computed in f32, which needs the feature `float`"),
    ("AVERAGE_POOL_2D", "yyyy--", true, ""),
    ("BATCH_MATMUL", "yyyr--", true, ""),
    ("BATCH_TO_SPACE_ND", "yyrrrr", true, ""),
    ("BITWISE_XOR", "----y-", false, ""),
    ("BROADCAST_ARGS", "----f-", true, ""),
    ("BROADCAST_TO", "yyrrrr", true, ""),
    ("BUCKETIZE", "yr-ry-", false, "int16 is refused"),
    ("CALL_ONCE", "ff----", true, "inlined: what variables begin with"),
    ("CAST", "yyyyyy", true, "from these types; to all that they can hold"),
    ("CEIL", "yr-r--", true, ""),
    ("COMPLEX_ABS", "y-----", false, "always computes in f32"),
    ("CONCATENATION", "yyyyyr", true, "a fused activation is refused"),
    ("CONV_2D", "yyyy--", true, "INT4 and INT2 weights, too; groups"),
    ("CONV_3D", "y-----", false, "becomes CONV_2D"),
    ("CONV_3D_TRANSPOSE", "y-----", false, "becomes TRANSPOSE_CONV"),
    ("COS", "yr-r--", true, ""),
    ("CUMSUM", "yr-r--", true, "int32 is refused"),
    ("DENSIFY", "ff----", false, "of sparse constants"),
    ("DEPTHWISE_CONV_2D", "yyyy--", true, "INT4 weights, too"),
    ("DEPTH_TO_SPACE", "yyrrrr", true, ""),
    ("DEQUANTIZE", "fyrr--", true, "float32 means weights in float16"),
    ("DIV", "yy-ry-", true, "int16 is refused"),
    ("DYNAMIC_UPDATE_SLICE", "yrrrrr", true, ""),
    ("ELU", "yr-r--", true, ""),
    ("EMBEDDING_LOOKUP", "yyrrrr", true, "the type is the table's; ids are int32"),
    ("EQUAL", "yyrryr", true, ""),
    ("EXP", "yy-r--", true, "int16 is refused"),
    ("EXPAND_DIMS", "yyrrrr", true, ""),
    ("FAKE_QUANT", "y-----", false, "becomes a range of the tensor"),
    ("FILL", "yyrrrr", true, "of a shape that is known at compile time"),
    ("FLOOR", "yr-r--", true, ""),
    ("FLOOR_DIV", "yr-ry-", true, ""),
    ("FLOOR_MOD", "yr-ry-", true, "int8 is computed in f32"),
    ("FULLY_CONNECTED", "yyyy--", true, "INT4, INT2 and int8 weights with one zero point, too; weights of float models may be computed at run time"),
    ("GATHER", "yyrrrr", true, "indices may be computed at run time"),
    ("GATHER_ND", "yyrrrr", true, "indices may be computed at run time"),
    ("GELU", "yy-r--", false, "int16 is refused"),
    ("GREATER", "yyrrrr", true, ""),
    ("GREATER_EQUAL", "yyrrrr", true, ""),
    ("HARD_SWISH", "yy-r--", true, "int16 is refused"),
    ("IF", "yyrryr", true, "see [below](#branches-and-loops); the type is that of what the branches give"),
    ("IMAG", "y-----", false, "always computes in f32"),
    ("L2_NORMALIZATION", "yy-y--", true, "int16 and a fused activation are refused"),
    ("L2_POOL_2D", "y-----", true, "always computes in f32"),
    ("LEAKY_RELU", "yyyr--", true, ""),
    ("LESS", "yyrryr", true, ""),
    ("LESS_EQUAL", "yyrrrr", true, ""),
    ("LOG", "yy-r--", true, "int16 is refused"),
    ("LOGICAL_AND", "-----y", true, ""),
    ("LOGICAL_NOT", "-----y", true, ""),
    ("LOGICAL_OR", "-----y", true, ""),
    ("LOGISTIC", "yyyy--", true, ""),
    ("LOG_SOFTMAX", "yy-r--", true, "int16 is refused"),
    ("MAXIMUM", "yyrryr", true, ""),
    ("MAX_POOL_2D", "yyyy--", true, ""),
    ("MEAN", "yyyyy-", true, ""),
    ("MINIMUM", "yyrryr", true, ""),
    ("MIRROR_PAD", "yyrrrr", true, ""),
    ("MUL", "yyyyy-", true, ""),
    ("NEG", "yr-ry-", true, ""),
    ("NON_MAX_SUPPRESSION_V4", "y-----", false, "always computes in f32"),
    ("NON_MAX_SUPPRESSION_V5", "y-----", false, "always computes in f32"),
    ("NOT_EQUAL", "yyrryr", true, ""),
    ("ONE_HOT", "----y-", false, "the type is that of the indices; values may be of any"),
    ("PACK", "yyrrrr", true, ""),
    ("PAD", "yyyrrr", true, ""),
    ("PADV2", "yyrrrr", true, ""),
    ("POW", "yr-ry-", false, "int8 is computed in f32, which needs the feature `float`"),
    ("PRELU", "yyyr--", true, "alpha is int8"),
    ("QUANTIZE", "yyyry-", true, "int32 has a scale"),
    ("RANGE", "f---f-", false, "of constants"),
    ("RANK", "ffFFFF", false, ""),
    ("READ_VARIABLE", "yy----", true, "becomes a field of `State`"),
    ("REAL", "y-----", false, "always computes in f32"),
    ("REDUCE_ALL", "-----y", true, ""),
    ("REDUCE_ANY", "-----y", false, ""),
    ("REDUCE_MAX", "yyrryr", true, ""),
    ("REDUCE_MIN", "yyrryr", true, ""),
    ("REDUCE_PROD", "yy-ry-", false, "int16 is refused"),
    ("RELU", "yyyr--", true, ""),
    ("RELU6", "yyry--", true, ""),
    ("RELU_0_TO_1", "yy-r--", false, ""),
    ("RELU_N1_TO_1", "yy-y--", false, "int16 is refused alone, not fused"),
    ("RESHAPE", "yyyyyr", true, ""),
    ("RESIZE_BILINEAR", "yy-y--", true, "int16 is refused"),
    ("RESIZE_NEAREST_NEIGHBOR", "yyrrrr", true, ""),
    ("REVERSE_SEQUENCE", "rrrryr", false, ""),
    ("REVERSE_V2", "yyrrrr", true, ""),
    ("RFFT2D", "y-----", false, "always computes in f32; lengths are powers of two"),
    ("RIGHT_SHIFT", "----y-", false, ""),
    ("ROUND", "yr-r--", true, ""),
    ("RSQRT", "yyyr--", true, ""),
    ("SCATTER_ND", "yyrryr", false, ""),
    ("SEGMENT_SUM", "y-----", false, "always computes in f32; ids must be known at compile time"),
    ("SELECT", "yyrrrr", false, "the type is that of the values"),
    ("SELECT_V2", "yyyrrr", true, "the type is that of the values"),
    ("SHAPE", "ffFFFF", true, ""),
    ("SIGN", "yr-r--", false, ""),
    ("SIN", "yr-r--", true, ""),
    ("SLICE", "yyrryr", true, "its begin may be computed at run time, its size not"),
    ("SOFTMAX", "yyyy--", true, ""),
    ("SPACE_TO_BATCH_ND", "yyrrrr", true, ""),
    ("SPACE_TO_DEPTH", "yyrrrr", true, ""),
    ("SPLIT", "yyrrrr", true, ""),
    ("SPLIT_V", "yyrrrr", true, ""),
    ("SQRT", "yy-r--", true, "int16 is refused"),
    ("SQUARE", "yr-r--", true, ""),
    ("SQUARED_DIFFERENCE", "yyyry-", true, ""),
    ("SQUEEZE", "yyrrrr", true, ""),
    ("STABLEHLO_COMPOSITE", "ff----", false, "replaced by its decomposition"),
    ("STRIDED_SLICE", "yyrryy", true, ""),
    ("SUB", "yyyyy-", true, ""),
    ("SUM", "yyrry-", true, ""),
    ("SVDF", "yy-r--", true, "its state may be int8 or int16"),
    ("TANH", "yyyy--", true, ""),
    ("TFLite_Detection_PostProcess", "y-----", true, "always computes in f32"),
    ("TILE", "yyrrrr", false, ""),
    ("TOPK_V2", "yyrrrr", false, ""),
    ("TRANSPOSE", "yyrrrr", true, ""),
    ("TRANSPOSE_CONV", "yyyy--", true, "its shape must be known at compile time"),
    ("UNIDIRECTIONAL_SEQUENCE_LSTM", "yy-r--", true, "no peepholes, projection or layer normalization; int16 is refused, which TensorFlow Lite Micro runs: not written yet"),
    ("UNPACK", "yyrrrr", true, ""),
    ("UNSORTED_SEGMENT_MAX", "y-----", false, "always computes in f32; the number of segments must be known at compile time"),
    ("UNSORTED_SEGMENT_MIN", "y-----", false, "as UNSORTED_SEGMENT_MAX"),
    ("UNSORTED_SEGMENT_PROD", "y-----", false, "as UNSORTED_SEGMENT_MAX"),
    ("UNSORTED_SEGMENT_SUM", "y-----", false, "as UNSORTED_SEGMENT_MAX"),
    ("VAR_HANDLE", "yy----", true, "becomes a field of `State`"),
    ("WHERE", "F---Ff", false, "of a constant: how many indices there are depends on it"),
    ("WHILE", "yyrryr", true, "see [below](#branches-and-loops); the type is that of a value of the loop"),
    ("ZEROS_LIKE", "ffFFFF", true, ""),
    ("Convolution2DTransposeBias", "yyrr--", false, ""),
    ("MaxPoolingWithArgmax2D", "y-----", false, "always computes in f32"),
    ("MaxUnpooling2D", "y-----", false, "always computes in f32"),
    ("SignalDelay", "--y---", true, "keeps a state"),
    ("SignalEnergy", "--y---", true, ""),
    ("SignalFftAutoScale", "--y---", true, ""),
    ("SignalFilterBank", "----y-", true, "reads uint32; its uint64 goes to SignalFilterBankSquareRoot only"),
    ("SignalFilterBankLog", "----y-", true, "reads uint32"),
    ("SignalFilterBankSpectralSubtraction", "----y-", true, "reads uint32; keeps a state"),
    ("SignalFilterBankSquareRoot", "----y-", true, "reads uint64"),
    ("SignalFramer", "--y---", true, "keeps a state"),
    ("SignalIrfft", "y-y-y-", true, "lengths are powers of two; float32 is always computed in f32"),
    ("SignalOverlapAdd", "y-y---", true, "keeps a state; float32 is always computed in f32"),
    ("SignalPCAN", "----y-", true, "reads uint32"),
    ("SignalRfft", "y-y-y-", true, "as SignalIrfft"),
    ("SignalStacker", "--y---", true, "keeps a state"),
    ("SignalWindow", "--y---", true, ""),
];

/// Operators for which TensorFlow Lite Micro has no kernel, or none in int8.
const LACKING: &[&str] = &[
    "ATAN2",
    "BITWISE_XOR",
    "BUCKETIZE",
    "COMPLEX_ABS",
    "CONV_3D",
    "CONV_3D_TRANSPOSE",
    "DENSIFY",
    "EXP",
    "GELU",
    "IMAG",
    "LOG",
    "MaxPoolingWithArgmax2D",
    "MaxUnpooling2D",
    "NON_MAX_SUPPRESSION_V4",
    "NON_MAX_SUPPRESSION_V5",
    "ONE_HOT",
    "POW",
    "RANGE",
    "RANK",
    "REAL",
    "REDUCE_ANY",
    "REDUCE_PROD",
    "RELU_N1_TO_1",
    "REVERSE_SEQUENCE",
    "RFFT2D",
    "RIGHT_SHIFT",
    "SCATTER_ND",
    "SEGMENT_SUM",
    "SELECT",
    "SIGN",
    "SQRT",
    "TILE",
    "TOPK_V2",
    "UNSORTED_SEGMENT_MAX",
    "UNSORTED_SEGMENT_MIN",
    "UNSORTED_SEGMENT_PROD",
    "UNSORTED_SEGMENT_SUM",
];

/// True if TensorFlow Lite Micro has an int8 kernel for the operator `name`.
pub(crate) fn in_tflite_micro(name: &str) -> bool {
    !LACKING.contains(&name)
}

/// What becomes of the operator `name` on tensors of `element`.
pub fn support(name: &str, element: ElementType) -> Support {
    let row = ROWS.iter().find(|row| row.0 == name);
    let column = SUPPORT_COLUMNS.iter().position(|c| c.0 == element);
    match (row, column) {
        (Some(row), Some(column)) => row.1.chars().nth(column).map_or(Support::No, Support::new),
        _ => Support::No,
    }
}

/// The text of `docs/operators.md`.
pub fn operators_page() -> String {
    let mut text = INTRODUCTION.to_owned();
    let columns: Vec<&str> = SUPPORT_COLUMNS.iter().map(|c| c.1).collect();
    text += &format!(
        "\n| operator | {} | TFLM | note |\n|---|{}---|---|\n",
        columns.join(" | "),
        "---|".repeat(columns.len())
    );
    for (name, letters, micro, note) in ROWS {
        let cells: Vec<&str> = letters.chars().map(|l| Support::new(l).text()).collect();
        let micro = if *micro { "yes" } else { "-" };
        text += &format!("| {name} | {} | {micro} | {note} |\n", cells.join(" | "));
    }
    text += CONTROL;
    text += NOT_SUPPORTED;
    let others = BuiltinOperator::ENUM_VALUES.iter().filter(|&&code| {
        let name = tflite::operator_name(code);
        ROWS.iter().all(|row| row.0 != name)
            && ![BuiltinOperator::CUSTOM, BuiltinOperator::DELEGATE].contains(&code)
            && !name.starts_with("PLACEHOLDER")
    });
    let mut others: Vec<String> = others.map(|&code| tflite::operator_name(code)).collect();
    others.sort();
    // Operators with one reason share a row.
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    for name in others {
        let reason = refused::reason(&name).unwrap_or("not written yet");
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) => names.push(name),
            None => reasons.push((reason, vec![name])),
        }
    }
    for (reason, names) in reasons {
        text += &format!("| {} | {reason} |\n", names.join(", "));
    }
    text += CUSTOM;
    for (name, reason) in refused::custom() {
        text += &format!("| {name} | {reason} |\n");
    }
    text + "\n" + &limits::page()
}

const NOT_SUPPORTED: &str = "
## Not supported

These builtin operators of TFLite are refused, all of a file at once, by name and place, with the reason. Of those that
TensorFlow Lite Micro's `MicroMutableOpResolver` has, none is among them.

| operators | reason |
|---|---|
";
const CUSTOM: &str = "
Custom operators other than those of the first table are refused, too; of these the error says what they are, and Flex\\*
stands for all that begin so. CIRCULAR_BUFFER, TFLM_DECODE and ethos-u are TensorFlow Lite Micro's.

| custom operator | reason |
|---|---|
";

const CONTROL: &str = "
## Branches and loops

An IF whose condition is known at compile time is replaced by its branch, a WHILE by as many copies of its body as it has
rounds, up to 4,096 and to 8,192 operators and tensors. Others become branches and loops of the emitted program: one branch
runs and costs time, memory is planned for both, and values of a loop stay in the arena from round to round. All calls
of a file together may have 65,536 operators and tensors, 1,024 of them IF or WHILE that depend on data.

- Where the number of rounds depends on data, values of a loop keep their shape, and branches give the same shapes. Nothing
  bounds a loop but its condition: if a program must end in time, the model has to count.
- Subgraphs hand bytes on as they are, as in TensorFlow Lite Micro: two scales for one value are refused. Branches and bodies
  may read variables of the model, but not assign them.
- In a float model, a value of a loop has one range for all rounds, its first content included, and both results of an IF
  have one. Conditions of integers, and of f32 inputs that are compared as they come, are exact; where computed real numbers are
  compared, int8 steps may decide otherwise near the threshold, and a loop may make a round more or less. `tensors(\"name\":
  float)` keeps what decides in float, a value of a loop by the name of the output of WHILE.
- Every branch and every body must run on some sample of the dataset, or all of its tensors need `tensors(\"name\":
  range(..))`: an error names the first. Loops that do not end within 65,536 rounds on a sample, in float or in int8, are errors.
- Biases are corrected in operators that always run, not in branches and loops.
";

const INTRODUCTION: &str = "\
# Operators

`macro/compiler/src/ops/support.rs` has the rows of this page; `NIELLO_BLESS=1 cargo test -p niello-tests --test readme`
writes it. The same test compiles the models of `tests/models/ops` and compares: whatever they contain is \"yes\" here, and
\"yes\" without a star is in one of them.

A column is the element type of what the operator reads, as the file has it: its real numbers, or integers where it reads no
others; where indices or a mask choose values, that of the values. float32 is an operator of a float model, which Niello
quantizes, or computes in f32 where a file or `tensors(.. float)` wants that. int64 counts as int32, and float16 weights as
float32.

| cell | meaning |
|---|---|
| yes | it runs, and a model of `tests/models/ops` shows it |
| yes* | the compiler has a kernel for it; no model of `tests/models/ops` shows it |
| folded | only where it is known at compile time, or resolved then |
| folded* | the same; no model of `tests/models/ops` shows it |
| - | refused with an error, or TFLite itself has no such kernel and nobody has looked |

Every operator whose operands are all constants is computed at compile time. TFLM says whether TensorFlow Lite Micro's
`MicroMutableOpResolver` knows the operator, in whatever types. Fused activations are RELU, RELU6 and RELU_N1_TO_1.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_supported_operator_has_a_row() {
        let mut rows: Vec<&str> = ROWS.iter().map(|row| row.0).collect();
        let mut supported = crate::ops::registry::SUPPORTED.to_vec();
        rows.sort_unstable();
        supported.sort_unstable();
        assert_eq!(rows, supported);
        for (name, letters, ..) in ROWS {
            let known = letters.chars().all(|l| "yrfF-".contains(l));
            assert!(known && letters.len() == SUPPORT_COLUMNS.len(), "{name}");
        }
    }
}
