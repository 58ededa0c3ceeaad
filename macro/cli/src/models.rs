//! Which models a command works on, each with its options.

use std::path::{Path, PathBuf};

use niello_build::arguments::exchange;
use niello_build::cache_folder;
use niello_compiler::analysis::Analysis;
use niello_compiler::{Options, Request};
use syn::LitStr;

use crate::args::Target;
use crate::call_edit::Place;
use crate::calls::{self, Call};

/// One model to work on.
pub(crate) struct Model {
    /// The file's path as people write it.
    pub path: String,
    /// The function of the call, if it comes from one.
    pub function: Option<String>,
    /// The source file of the call.
    pub source: Option<String>,
    /// The source file, and where the call stands in it.
    pub call: Option<(PathBuf, Place)>,
    /// The folder of the crate's manifest; the current one for a file.
    pub folder: PathBuf,
    pub request: Request,
}

impl Model {
    /// How it is called in headings.
    pub(crate) fn title(&self) -> String {
        match (&self.function, &self.source) {
            (Some(function), Some(source)) => format!("{function} ({}, {source})", self.path),
            _ => self.path.clone(),
        }
    }

    /// Reads the model and opens it for analysis.
    pub(crate) fn open(&self) -> Result<Analysis, String> {
        Analysis::open(self.request.clone()).map_err(|e| e.message)
    }
}

/// The models that the command line names.
pub(crate) fn find(target: &Target) -> Result<Vec<Model>, String> {
    match &target.model {
        Some(path) if is_file(path) => Ok(vec![of_file(path, target)?]),
        name => {
            let calls = calls::find(target.manifest_path.as_deref()).map_err(|e| match name {
                Some(name) => format!("there is no file {name:?}, and {e}"),
                None => e,
            })?;
            let names: Vec<String> = calls.iter().map(function).collect();
            let wanted = |call: &Call| name.as_ref().is_none_or(|name| function(call) == *name);
            let models: Result<Vec<Model>, String> = calls
                .iter()
                .filter(|call| wanted(call))
                .map(|call| of_call(call, target))
                .collect();
            let models = models?;
            match (models.is_empty(), name) {
                (false, _) => Ok(models),
                (true, None) => {
                    Err("this crate has no include_model! call; give a .tflite file".to_owned())
                }
                (true, Some(name)) => Err(format!(
                    "there is no file {name:?}, and no include_model! call of that name; calls are {names:?}"
                )),
            }
        }
    }
}

fn is_file(path: &str) -> bool {
    Path::new(path).is_file() || path.ends_with(".tflite")
}

fn function(call: &Call) -> String {
    let name = call.arguments.name.to_string();
    name.trim_start_matches("r#").to_owned()
}

fn of_file(path: &str, target: &Target) -> Result<Model, String> {
    let (options, dataset) = with(&Options::default(), target)?;
    let folder = std::env::current_dir().map_err(|e| e.to_string())?;
    Ok(Model {
        path: path.to_owned(),
        function: None,
        source: None,
        call: None,
        folder: folder.clone(),
        request: Request {
            model: path.into(),
            dataset: dataset
                .map(|d| folder.join(d.value()))
                .or(target.dataset.clone()),
            options,
            cache: cache_folder(&folder),
        },
    })
}

fn of_call(call: &Call, target: &Target) -> Result<Model, String> {
    let file =
        |literal: &LitStr| niello_build::file(&call.manifest, Some(&call.source), &literal.value());
    let Request {
        model,
        dataset,
        options,
        ..
    } = call.arguments.request(file, None);
    let (options, other) = with(&options, target)?;
    let own = other.as_ref().map(file).or(dataset);
    let here = std::env::current_dir().unwrap_or_default();
    let shown = |path: &Path| {
        let short = path.strip_prefix(&here).unwrap_or(path);
        short.display().to_string()
    };
    Ok(Model {
        path: shown(&model),
        function: Some(function(call)),
        source: Some(shown(&call.source)),
        call: Some((call.source.clone(), call.place.clone())),
        folder: call.manifest.clone(),
        request: Request {
            model,
            dataset: target.dataset.clone().or(own),
            options,
            cache: cache_folder(&call.manifest),
        },
    })
}

/// The options with those of `--with`, and the dataset that it names.
fn with(options: &Options, target: &Target) -> Result<(Options, Option<LitStr>), String> {
    let (mut options, dataset) = match &target.with {
        Some(text) => exchange(options, text).map_err(|e| format!("--with {text:?}: {e}"))?,
        None => (options.clone(), None),
    };
    if let Some(labels) = &target.labels {
        options.labels = Some(labels.clone());
    }
    Ok((options, dataset))
}
