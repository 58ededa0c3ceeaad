//! `cargo niello cut`.

use std::path::PathBuf;
use std::process::ExitCode;

use niello_compiler::cut::cut;
use serde::Serialize;

use super::run_on;
use crate::args;
use crate::models::{self, Model};
use crate::npz;
use crate::text;

/// A part that was written.
#[derive(Clone, Serialize)]
struct Written {
    /// The path of the `.tflite` file.
    path: PathBuf,
    /// Its size in bytes.
    bytes: usize,
    /// How many operators it has.
    operators: usize,
    /// The names of its inputs.
    inputs: Vec<String>,
    /// The names of its outputs.
    outputs: Vec<String>,
    /// The path of its dataset; `None` if the model has none.
    dataset: Option<PathBuf>,
    /// How many samples that has.
    samples: usize,
}

pub(crate) fn run(options: &args::Cut) -> Result<ExitCode, String> {
    let models = models::find(&options.target)?;
    if models.len() > 1 {
        return Err("cut takes one model; name the function or the file that is meant".to_owned());
    }
    let run = |model: &Model, bar: &crate::progress::Bar| {
        use niello_compiler::analysis::Progress as _;
        bar.begin("running what lies before the part", 0);
        let cut = cut(&model.request, &options.from, &options.to).map_err(|e| e.message)?;
        let path = options.output.clone();
        std::fs::write(&path, &cut.bytes)
            .map_err(|e| format!("cannot write {}: {e}", path.display()))?;
        let dataset = (!cut.dataset.is_empty()).then(|| path.with_extension("npz"));
        if let Some(dataset) = &dataset {
            let arrays = cut.dataset.iter().map(|array| npz::Array {
                key: array.name.clone(),
                shape: array.shape.clone(),
                element: array.element,
                data: &array.data,
            });
            npz::write(dataset, &arrays.collect::<Vec<_>>())?;
        }
        Ok(Written {
            path,
            bytes: cut.bytes.len(),
            operators: cut.operators,
            inputs: cut.inputs,
            outputs: cut.outputs,
            dataset,
            samples: cut.dataset.first().map_or(0, |array| array.shape[0]),
        })
    };
    run_on("cut", &options.target, models, run, show).map(|(code, _)| code)
}

fn show(_: &Model, written: &Written) {
    text::line!(
        "{}: {} operators, {} bytes; inputs {:?}, outputs {:?}",
        written.path.display(),
        text::count(written.operators),
        text::count(written.bytes),
        written.inputs,
        written.outputs
    );
    match &written.dataset {
        Some(path) => text::line!(
            "{}: {} samples",
            path.display(),
            text::count(written.samples)
        ),
        None => text::line!("without a dataset: the model has none"),
    }
}
