//! `cargo niello export`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use niello_compiler::export::{Runtime, export};
use serde::Serialize;

use super::run_on;
use crate::args;
use crate::models::{self, Model};
use crate::text;

/// A file that was written.
#[derive(Clone, Serialize)]
struct Written {
    /// Its path.
    path: PathBuf,
    /// Its size in bytes.
    bytes: usize,
    /// What readers of the file should know: where it differs from the emitted code.
    notes: Vec<String>,
}

pub(crate) fn run(options: &args::Export) -> Result<ExitCode, String> {
    let models = models::find(&options.target)?;
    if models.len() > 1 && options.output.is_some() {
        return Err("--output is for one model; name the function that is meant".to_owned());
    }
    let runtime = match options.runtime {
        args::Runtime::Micro => Runtime::TfliteMicro,
        args::Runtime::Litert => Runtime::LiteRt,
    };
    let run = |model: &Model, _: &crate::progress::Bar| {
        let exported = export(&model.request, runtime).map_err(|e| e.message)?;
        let path = options.output.clone().unwrap_or_else(|| named(model));
        std::fs::write(&path, &exported.bytes)
            .map_err(|e| format!("cannot write {}: {e}", path.display()))?;
        Ok(Written {
            path,
            bytes: exported.bytes.len(),
            notes: exported.notes,
        })
    };
    run_on("export", &options.target, models, run, show).map(|(code, _)| code)
}

/// The file of a model for which no name was given.
fn named(model: &Model) -> PathBuf {
    let stem = Path::new(&model.path).file_stem().unwrap_or_default();
    let name = model.function.clone();
    let name = name.unwrap_or_else(|| stem.to_string_lossy().into_owned());
    PathBuf::from(format!("{name}_int8.tflite"))
}

fn show(_: &Model, written: &Written) {
    let Written { path, bytes, notes } = written;
    text::line!("{}: {} bytes", path.display(), text::count(*bytes));
    for note in notes {
        text::line!("  {note}");
    }
}
