//! The file format: the only module that knows FlatBuffers.
//!
//! [`open`] checks the bytes once; what it returns can be read without further
//! checks. The wire format is `schema.fbs` beside this file, which also names
//! the command that regenerates the Rust code.

use crate::error::{Error, Result};

pub(crate) mod flexbuffer;

#[allow(
    missing_docs,
    unused,
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::undocumented_unsafe_blocks,
    clippy::unwrap_used,
    unreachable_pub,
    unsafe_code,
    deprecated,
    reason = "generated code"
)]
#[rustfmt::skip]
pub(crate) mod schema_generated;
#[cfg(feature = "export")]
mod raw;
#[cfg(feature = "export")]
mod raw_kinds;
pub(crate) mod verify;
#[cfg(feature = "export")]
pub(crate) mod write;
#[cfg(feature = "export")]
pub(crate) mod write_options;
#[cfg(feature = "export")]
pub(crate) mod write_part;

pub(crate) use flexbuffer::Attributes;
pub(crate) use schema_generated::tflite::{
    ActivationFunctionType, BuiltinOperator, DimensionMetadata, DimensionType, MirrorPadMode,
    Model, Operator, Padding, SubGraph, Tensor, TensorType,
};

/// Checks that `bytes` is a whole `.tflite` file and gives its root table.
pub(crate) fn open(bytes: &[u8]) -> Result<Model<'_>> {
    if bytes.is_empty() {
        return Err(Error::model("the model file is empty"));
    }
    match bytes.get(4..8) {
        Some(b"TFL3") => {}
        Some(other) => {
            return Err(Error::model(format!(
                "not a .tflite model: bytes 4 to 7 are {:?}, expected \"TFL3\"",
                String::from_utf8_lossy(other)
            )));
        }
        None => {
            return Err(Error::model(format!(
                "not a .tflite model: only {} bytes long",
                bytes.len()
            )));
        }
    }
    let options = flatbuffers::VerifierOptions {
        // What tables share counts for each of them; ordinary files share little.
        max_apparent_size: bytes.len().saturating_mul(64).max(1 << 24),
        // Names are read by their length.
        ignore_missing_null_terminator: true,
        ..Default::default()
    };
    let model = flatbuffers::root_with_opts::<Model<'_>>(&options, bytes).map_err(|e| {
        // The verifier adds a trace of table fields after the first line.
        let reason = e.to_string();
        Error::model(format!(
            "the .tflite file is truncated or damaged ({} bytes): {}",
            bytes.len(),
            reason.lines().next().unwrap_or("unreadable")
        ))
    })?;
    if model.version() != 3 {
        return Err(Error::model(format!(
            "the model has file format version {}, expected 3",
            model.version()
        )));
    }
    Ok(model)
}

/// The name of a flatbuffers enum value, or its number.
pub(crate) fn operator_name(code: BuiltinOperator) -> String {
    code.variant_name()
        .map_or_else(|| format!("builtin operator {}", code.0), str::to_owned)
}

/// An operator's code. Files write codes above 127 to the newer, wider field
/// only, and old files know only the byte: the larger one is right.
pub(crate) fn builtin_code(model: &Model<'_>, operator: &Operator<'_>) -> Result<BuiltinOperator> {
    let index = operator.opcode_index() as usize;
    let codes = model.operator_codes().unwrap_or_default();
    if index >= codes.len() {
        return Err(Error::model(format!(
            "refers to operator code {index}, but the model has {}",
            codes.len()
        )));
    }
    let code = codes.get(index);
    let narrow = i32::from(code.deprecated_builtin_code());
    Ok(BuiltinOperator(code.builtin_code().0.max(narrow)))
}

/// The name of a custom operator.
pub(crate) fn custom_code<'a>(model: &Model<'a>, operator: &Operator<'a>) -> &'a str {
    let codes = model.operator_codes().unwrap_or_default();
    let index = operator.opcode_index() as usize;
    if index < codes.len() {
        codes.get(index).custom_code().unwrap_or("unnamed")
    } else {
        "unnamed"
    }
}

/// The bytes of a constant tensor; `None` for an activation.
pub(crate) fn buffer<'a>(
    bytes: &'a [u8],
    model: &Model<'a>,
    tensor: &Tensor<'a>,
) -> Result<Option<&'a [u8]>> {
    let index = tensor.buffer() as usize;
    let buffers = model.buffers().unwrap_or_default();
    if index == 0 {
        return Ok(None);
    }
    if index >= buffers.len() {
        return Err(Error::model(format!(
            "tensor {:?} refers to buffer {index}, but the model has {}",
            tensor.name().unwrap_or(""),
            buffers.len()
        )));
    }
    let buffer = buffers.get(index);
    // Models above 2 GB keep their constants behind the flatbuffer.
    if buffer.offset() > 1 {
        let start = usize::try_from(buffer.offset()).ok();
        let size = usize::try_from(buffer.size()).ok();
        return start
            .zip(size)
            .and_then(|(start, size)| bytes.get(start..start.checked_add(size)?))
            .map(Some)
            .ok_or_else(|| {
                Error::model(format!(
                    "buffer {index} lies outside of the file: truncated?"
                ))
            });
    }
    Ok(buffer
        .data()
        .map(|data| data.bytes())
        .filter(|b| !b.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn garbage_is_an_error_that_says_what_was_found() {
        for (bytes, text) in [
            (&b""[..], "empty"),
            (b"abc", "only 3 bytes"),
            (b"\x89PNG\r\n\x1a\n0000", "expected \"TFL3\""),
            (b"\x1c\0\0\0TFL3\x14\0\x20\0", "truncated or damaged"),
        ] {
            let error = open(bytes).expect_err("not a model");
            assert!(error.message.contains(text), "{}", error.message);
        }
    }

    const ADD: &[u8] = include_bytes!("../../../../tests/models/ops/add_i8.tflite");

    /// The position of a table's field, and the position of its entry in the list of fields.
    fn field(bytes: &[u8], table: usize, field: u16) -> (usize, usize) {
        let word = |at: usize| i32::from_le_bytes(bytes[at..at + 4].try_into().expect("4"));
        let entry = (table as i32 - word(table)) as usize + usize::from(field);
        let offset = u16::from_le_bytes([bytes[entry], bytes[entry + 1]]);
        (table + usize::from(offset), entry)
    }

    #[test]
    fn numbers_of_64_bits_lie_anywhere() {
        let model = open(ADD).expect("a model");
        let tensor = model.subgraphs().expect("some").get(0).tensors();
        let parameters = tensor.expect("some").get(0).quantization().expect("some");
        let field_of = super::schema_generated::tflite::QuantizationParameters::VT_ZERO_POINT;
        let (at, _) = field(ADD, parameters._tab.loc(), field_of);
        let mut bytes = ADD.to_vec();
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        let end = bytes.len();
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(7_i64.to_le_bytes());
        bytes[at..at + 4].copy_from_slice(&((end - at) as u32).to_le_bytes());
        let moved = open(&bytes).expect("LiteRT reads it");
        let tensor = moved.subgraphs().expect("some").get(0).tensors();
        let parameters = tensor.expect("some").get(0).quantization().expect("some");
        let zero_points: Vec<i64> = parameters.zero_point().expect("some").iter().collect();
        assert_eq!(zero_points, [7]);
        // The same one, cut off.
        bytes.truncate(end + 8);
        assert!(open(&bytes).is_err());
    }

    #[test]
    fn a_union_may_lack_its_table() {
        let model = open(ADD).expect("a model");
        let operators = model.subgraphs().expect("some").get(0).operators();
        let operator = operators.expect("some").get(0);
        assert!(operator.builtin_options_as_add_options().is_some());
        let (_, entry) = field(ADD, operator._tab.loc(), Operator::VT_BUILTIN_OPTIONS);
        let mut bytes = ADD.to_vec();
        bytes[entry..entry + 2].fill(0);
        let model = open(&bytes).expect("LiteRT reads it");
        let operators = model.subgraphs().expect("some").get(0).operators();
        let operator = operators.expect("some").get(0);
        assert!(operator.builtin_options_as_add_options().is_none());
    }
}
