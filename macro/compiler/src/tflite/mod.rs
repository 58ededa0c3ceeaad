//! The file format: the only room that knows flatbuffers.
//!
//! [`open`] checks the bytes once; what it returns can be read without further
//! checks. The wire format is `schema.fbs` beside this file, which also names
//! the command that regenerates the Rust code.

use crate::error::{Error, Result};

mod flexbuffer;

#[allow(
    missing_docs,
    unused,
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    clippy::unwrap_used,
    unreachable_pub,
    unsafe_code,
    deprecated
)]
#[rustfmt::skip]
mod schema_generated;

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
        max_apparent_size: usize::MAX,
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
}
