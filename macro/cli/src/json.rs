//! The JSON document that every command prints on demand.

use serde::Serialize;

use crate::models::Model;
use crate::text;

/// The whole document of one command.
#[derive(Serialize)]
struct Document<'a, T> {
    schema: u32,
    version: &'static str,
    command: &'a str,
    models: &'a [Entry<T>],
}

/// The result for one model.
#[derive(Serialize)]
pub(crate) struct Entry<T> {
    /// The file's path.
    model: String,
    /// The function of the `include_model!` call, if it comes from one.
    function: Option<String>,
    /// The source file of the call.
    source: Option<String>,
    /// Why there is no result.
    error: Option<String>,
    result: Option<T>,
}

impl<T> Entry<T> {
    pub(crate) fn new(model: &Model, result: Result<T, String>) -> Self {
        let (result, error) = match result {
            Ok(result) => (Some(result), None),
            Err(error) => (None, Some(error)),
        };
        Self {
            model: model.path.clone(),
            function: model.function.clone(),
            source: model.source.clone(),
            error,
            result,
        }
    }
}

/// Prints the document of a command.
pub(crate) fn print<T: Serialize>(command: &str, models: &[Entry<T>]) -> Result<(), String> {
    let document = Document {
        schema: niello_compiler::analysis::SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        command,
        models,
    };
    let text = serde_json::to_string_pretty(&document).map_err(|e| e.to_string())?;
    text::line!("{text}");
    Ok(())
}
