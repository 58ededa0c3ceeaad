//! The representative dataset: real samples of every input.
//!
//! Every reader gives the same thing: for each input, one array whose leading
//! axis counts samples. What follows, [`Dataset::samples`], checks it against
//! the model.

#[cfg(feature = "images")]
mod images;
mod npy;

use std::path::{Path, PathBuf};

use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn};

use crate::error::{Blame, Error, Result};
use crate::graph::Port;

/// How image files become samples: `value = byte * scale + offset`.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageOptions {
    /// True to scale images to the input's height and width; else they must fit.
    pub resize: bool,
    /// Factor of each byte, e.g. 1/255.
    pub scale: f32,
    /// Added after scaling, e.g. -1.
    pub offset: f32,
}

impl Default for ImageOptions {
    fn default() -> Self {
        Self {
            resize: true,
            scale: 1.0 / 255.0,
            offset: 0.0,
        }
    }
}

/// Samples by input, in the order of the model's inputs.
#[derive(Debug)]
pub(crate) struct Dataset {
    /// Per input: shape [samples, ..input shape without batch].
    inputs: Vec<ArrayD<f32>>,
    samples: usize,
}

/// Every file that the dataset at `path` is read from.
pub(crate) fn files(path: &Path) -> Result<Vec<PathBuf>> {
    let missing = |e: std::io::Error| {
        Error::dataset(format!("cannot read the dataset {}: {e}", path.display()))
    };
    if !path.metadata().map_err(missing)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in path.read_dir().map_err(missing)? {
        let file = entry.map_err(missing)?.path();
        if file.is_file() && (is(&file, &["npy"]) || is(&file, IMAGES)) {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

const IMAGES: &[&str] = &["png", "jpg", "jpeg"];

fn is(file: &Path, extensions: &[&str]) -> bool {
    let extension = file.extension().and_then(|e| e.to_str()).unwrap_or("");
    extensions.iter().any(|e| e.eq_ignore_ascii_case(extension))
}

impl Dataset {
    /// Reads a `.npz`, a `.npy`, a folder of `<input>.npy` or of images.
    pub(crate) fn read(path: &Path, inputs: &[Port], images: &ImageOptions) -> Result<Self> {
        let files = files(path)?;
        let named = if path.is_dir() {
            if files.is_empty() {
                return Err(Error::dataset(format!(
                    "the folder {} has no .npy, .png or .jpg files",
                    path.display()
                )));
            }
            if files.iter().all(|f| is(f, IMAGES)) {
                vec![(
                    only(inputs, "a folder of images")?.name.clone(),
                    read_images(&files, inputs, images)?,
                )]
            } else if let Some(image) = files.iter().find(|f| is(f, IMAGES)) {
                return Err(Error::dataset(format!(
                    "the folder mixes .npy files and images such as {}",
                    image.display()
                )));
            } else {
                let mut named = Vec::new();
                for file in &files {
                    let key = file
                        .file_stem()
                        .and_then(|s| s.to_str())
                        .unwrap_or("")
                        .to_owned();
                    named.push((key, npy::read_npy(file)?));
                }
                named
            }
        } else if is(path, &["npz"]) {
            npy::read_npz(path)?
        } else if is(path, &["npy"]) {
            vec![(
                only(inputs, "a single .npy file")?.name.clone(),
                npy::read_npy(path)?,
            )]
        } else {
            return Err(Error::dataset(format!(
                "{} is none of: .npz, .npy, a folder of <input>.npy, a folder of .png or .jpg",
                path.display()
            )));
        };
        Self::new(named, inputs)
    }

    /// Checks names, shapes, counts and values.
    fn new(mut named: Vec<(String, ArrayD<f32>)>, inputs: &[Port]) -> Result<Self> {
        // Labels may lie beside the samples; they are not for calibration.
        named.retain(|(key, _)| !key.starts_with("label:"));
        let keys = named.iter().map(|(k, _)| k.clone()).collect::<Vec<_>>();
        let names = inputs.iter().map(|p| p.name.as_str()).collect::<Vec<_>>();
        if let Some(extra) = keys.iter().find(|k| !names.contains(&k.as_str())) {
            return Err(Error::dataset(format!(
                "the dataset has {extra:?}, which is not an input; the model's inputs are {names:?}, \
                 the dataset has {keys:?}"
            )));
        }
        let mut dataset = Self {
            inputs: Vec::new(),
            samples: 0,
        };
        for (i, input) in inputs.iter().enumerate() {
            let found = named.iter().position(|(key, _)| *key == input.name);
            let data = named.swap_remove(found.ok_or_else(|| {
                Error::dataset(format!(
                    "the dataset has no samples of the input {:?}; it has {keys:?}",
                    input.name
                ))
            })?);
            let data = fit(&input.name, data.1, &input.shape)?;
            let samples = data.shape()[0];
            if samples == 0 {
                return Err(Error::dataset(format!(
                    "the dataset has no samples of {:?}",
                    input.name
                )));
            }
            if i > 0 && samples != dataset.samples {
                return Err(Error::dataset(format!(
                    "the dataset has {samples} samples of {:?} but {} of {:?}",
                    input.name, dataset.samples, inputs[0].name
                )));
            }
            for (sample, values) in data.axis_iter(Axis(0)).enumerate() {
                if let Some(bad) = values.iter().find(|x| !x.is_finite()) {
                    return Err(Error::dataset(format!(
                        "sample {sample} of the input {:?} contains {bad}",
                        input.name
                    )));
                }
            }
            dataset.samples = samples;
            dataset.inputs.push(data);
        }
        Ok(dataset)
    }

    pub(crate) fn len(&self) -> usize {
        self.samples
    }

    /// One sample: a value per input, in the graph's shapes.
    pub(crate) fn sample(&self, i: usize) -> Vec<ArrayViewD<'_, f32>> {
        self.inputs
            .iter()
            .map(|input| input.index_axis(Axis(0), i))
            .collect()
    }
}

/// Gives `data` the shape [samples, ..shape]: the batch dimension may be left
/// out, be there, or be the sample axis itself.
fn fit(name: &str, data: ArrayD<f32>, shape: &[usize]) -> Result<ArrayD<f32>> {
    let without_batch = shape.strip_prefix(&[1]).unwrap_or(shape);
    let found = data.shape().to_vec();
    let fits = found
        .split_first()
        .is_some_and(|(_, rest)| rest == shape || rest == without_batch);
    if !fits {
        return Err(Error::dataset(format!(
            "the samples of {name:?} have shape {found:?}; expected [samples, {}]",
            without_batch
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        )));
    }
    let full = [&found[..1], shape].concat();
    data.into_shape_with_order(IxDyn(&full))
        .map_err(|e| Error::dataset(format!("the samples of {name:?}: {e}")))
}

/// The one input of a model, for datasets that name none.
fn only<'a>(inputs: &'a [Port], what: &str) -> Result<&'a Port> {
    match inputs {
        [input] => Ok(input),
        _ => Err(Error::dataset(format!(
            "{what} is for models with one input; this one has {:?}: give a .npz or a folder of <input>.npy",
            inputs.iter().map(|p| p.name.as_str()).collect::<Vec<_>>()
        ))),
    }
}

#[cfg(feature = "images")]
fn read_images(files: &[PathBuf], inputs: &[Port], options: &ImageOptions) -> Result<ArrayD<f32>> {
    images::read(files, &only(inputs, "a folder of images")?.shape, options)
}

#[cfg(not(feature = "images"))]
fn read_images(_: &[PathBuf], _: &[Port], _: &ImageOptions) -> Result<ArrayD<f32>> {
    Err(Error::new(
        Blame::Dataset,
        "this is a folder of images: enable the `images` feature of niello",
    ))
}

/// The value of `samples = N` against what there is.
pub(crate) fn limit(available: usize, wanted: Option<usize>) -> Result<usize> {
    match wanted {
        Some(0) => Err(Error::new(
            Blame::Option("samples"),
            "needs at least 1 sample",
        )),
        Some(n) if n > available => Err(Error::new(
            Blame::Option("samples"),
            format!("asks for {n} samples, but the dataset has {available}"),
        )),
        Some(n) => Ok(n),
        None => Ok(available),
    }
}
