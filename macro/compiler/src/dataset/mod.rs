//! The representative dataset: real samples of every input.
//!
//! Every reader gives the same thing: for each input, one array whose leading axis
//! counts samples. Arrays of `.npy` and `.npz` files are checked against the model
//! by their headers, before their data is read; [`Dataset::add`] checks the rest.

#[cfg(feature = "images")]
pub(crate) mod images;
#[cfg(feature = "analysis")]
pub(crate) mod label_arrays;
pub(crate) mod labels;
pub(crate) mod limits;
pub(crate) mod named_arrays;
pub(crate) mod npy;
mod npy_header;
pub(crate) mod npz;
#[cfg(feature = "images")]
pub(crate) mod picture;
pub(crate) mod shapes;
#[cfg(feature = "wav")]
pub(crate) mod sound;
#[cfg(feature = "csv")]
pub(crate) mod table;
pub(crate) mod values;

use std::path::{Path, PathBuf};

use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn};

use crate::error::{Blame, Error, Result};
use crate::ir::byte_scale::ByteScale;
use crate::ir::graph::Port;
use labels::Labels;
use named_arrays::{NamedArrays, full_shape};

/// The way in which image files, and `u8` arguments, become real numbers: `byte * scale +
/// offset`.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageOptions {
    /// True to scale images to the input's height and width; else they must fit.
    pub resize: bool,
    /// Factor of each byte. If neither is given, it is 1 for a model that begins by
    /// scaling bytes itself, else 1/255.
    pub scale: Option<f32>,
    /// Added after scaling, e.g. -1; by default 0.
    pub offset: Option<f32>,
}

impl Default for ImageOptions {
    fn default() -> Self {
        Self {
            resize: true,
            scale: None,
            offset: None,
        }
    }
}

impl ImageOptions {
    /// The real numbers that bytes stand for, if the user says so.
    pub(crate) fn declared(&self) -> Option<ByteScale> {
        let said = self.scale.is_some() || self.offset.is_some();
        said.then(|| ByteScale {
            scale: self.scale.unwrap_or(ByteScale::UNIT.scale),
            offset: self.offset.unwrap_or(0.0),
        })
    }
}

/// Samples by input, in the order of the model's inputs.
#[derive(Debug)]
pub(crate) struct Dataset {
    /// Per input: shape [samples, ..input shape without batch].
    inputs: Vec<ArrayD<f32>>,
    samples: usize,
    /// By output: labels that somebody wants to see, or why they cannot be read.
    labels: Vec<Option<Result<Labels>>>,
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
        if file.is_file() && FOLDERS.iter().any(|kind| is(&file, kind)) {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// True for a folder of images.
pub(crate) fn is_of_images(files: &[PathBuf]) -> bool {
    files.iter().all(|file| is(file, IMAGES))
}

const ARRAYS: &[&str] = &["npy"];
const IMAGES: &[&str] = &["png", "jpg", "jpeg"];
const SOUND: &[&str] = &["wav"];
/// The kinds of files that a folder may contain; all files of a folder are of one kind.
const FOLDERS: [&[&str]; 3] = [ARRAYS, IMAGES, SOUND];

fn is(file: &Path, extensions: &[&str]) -> bool {
    let extension = file.extension().and_then(|e| e.to_str()).unwrap_or("");
    extensions.iter().any(|e| e.eq_ignore_ascii_case(extension))
}

/// The bytes of a file of reasonable size.
fn bytes(path: &Path) -> Result<Vec<u8>> {
    let fail =
        |e: &dyn std::fmt::Display| Error::dataset(format!("cannot read {}: {e}", path.display()));
    let length = path.metadata().map_err(|e| fail(&e))?.len();
    if length > limits::FILE_BYTES {
        return Err(fail(&format!(
            "it has {length} bytes, more than the {} that a dataset's file may have",
            limits::FILE_BYTES
        )));
    }
    std::fs::read(path).map_err(|e| fail(&e))
}

impl Dataset {
    /// Reads a file, or a folder of `<input>.npy`, of images or of recordings.
    pub(crate) fn read(path: &Path, inputs: &[Port], images: &ImageOptions) -> Result<Self> {
        let at = |e: String| Error::dataset(format!("{}: {e}", path.display()));
        if path.is_dir() {
            return Self::read_folder(path, inputs, images);
        }
        if is(path, &["npz"]) {
            let bytes = bytes(path)?;
            let archive = npz::Archive::open(&bytes).map_err(at)?;
            let keys = archive.members.iter().map(|m| m.key.clone()).collect();
            let mut arrays = NamedArrays::new(inputs, keys)?;
            let mut elements = limits::elements(bytes.len());
            for (i, member) in archive.members.iter().enumerate() {
                let place = |e| at(format!("array {}: {e}", limits::quoted(&member.key)));
                let outside = || place("it is truncated".to_owned());
                let data = archive.read(member).ok_or_else(outside)?;
                arrays.read(i, data, &mut elements).map_err(place)?;
            }
            return Self::new(inputs, arrays.by_input);
        }
        if is(path, ARRAYS) {
            let input = only(inputs, "a single .npy file")?;
            let bytes = bytes(path)?;
            let mut arrays = NamedArrays::new(inputs, vec![input.name.clone()])?;
            let mut elements = limits::elements(bytes.len());
            arrays.read(0, &bytes[..], &mut elements).map_err(at)?;
            return Self::new(inputs, arrays.by_input);
        }
        if is(path, &["csv"]) {
            return Self::new(inputs, read_table(path, inputs)?);
        }
        Err(Error::dataset(format!(
            "{} is none of: .npz, .npy, .csv, a folder of <input>.npy, of .png or .jpg, or of .wav",
            path.display()
        )))
    }

    fn read_folder(path: &Path, inputs: &[Port], images: &ImageOptions) -> Result<Self> {
        let files = files(path)?;
        let Some(first) = files.first() else {
            return Err(Error::dataset(format!(
                "the folder {} has no .npy, .png, .jpg or .wav files",
                path.display()
            )));
        };
        let kind = FOLDERS.into_iter().find(|kind| is(first, kind));
        let kind = kind.unwrap_or(ARRAYS);
        if let Some(other) = files.iter().find(|f| !is(f, kind)) {
            return Err(Error::dataset(format!(
                "the folder mixes files such as {} and {}",
                first.display(),
                other.display()
            )));
        }
        if kind == IMAGES {
            return Self::new(inputs, vec![Some(read_images(&files, inputs, images)?)]);
        }
        if kind == SOUND {
            return Self::new(inputs, vec![Some(read_sound(&files, inputs)?)]);
        }
        let key = |file: &PathBuf| {
            let stem = file.file_stem().and_then(|s| s.to_str());
            stem.unwrap_or("").to_owned()
        };
        let mut arrays = NamedArrays::new(inputs, files.iter().map(key).collect())?;
        for (i, file) in files.iter().enumerate() {
            let bytes = bytes(file)?;
            let mut elements = limits::elements(bytes.len());
            arrays
                .read(i, &bytes[..], &mut elements)
                .map_err(|e| Error::dataset(format!("{}: {e}", file.display())))?;
        }
        Self::new(inputs, arrays.by_input)
    }

    /// Takes an array for each input.
    pub(crate) fn new(inputs: &[Port], arrays: Vec<Option<ArrayD<f32>>>) -> Result<Self> {
        let mut dataset = Self {
            inputs: Vec::new(),
            samples: 0,
            labels: Vec::new(),
        };
        for (input, array) in inputs.iter().zip(arrays) {
            dataset.add(input, array.unwrap_or_default(), inputs)?;
        }
        Ok(dataset)
    }

    /// Checks shape, count and values of the next input.
    fn add(&mut self, input: &Port, data: ArrayD<f32>, inputs: &[Port]) -> Result<()> {
        let full = full_shape(input, data.shape())
            .map_err(|e| Error::dataset(format!("the samples of {:?} have {e}", input.name)))?;
        let samples = full[0];
        if samples == 0 {
            return Err(Error::dataset(format!(
                "the dataset has no samples of {:?}",
                input.name
            )));
        }
        if !self.inputs.is_empty() && samples != self.samples {
            return Err(Error::dataset(format!(
                "the dataset has {samples} samples of {:?} but {} of {:?}",
                input.name, self.samples, inputs[0].name
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
        let data = data
            .into_shape_with_order(IxDyn(&full))
            .map_err(|e| Error::dataset(format!("the samples of {:?}: {e}", input.name)))?;
        self.samples = samples;
        self.inputs.push(data);
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.samples
    }

    /// Keeps the labels of outputs, in the graph's order.
    pub(crate) fn set_labels(&mut self, labels: Vec<Option<Result<Labels>>>) {
        self.labels = labels;
    }

    /// The labels of an output, if there are any that could be read.
    pub(crate) fn labels(&self, output: usize) -> Option<&Labels> {
        self.labels.get(output)?.as_ref()?.as_ref().ok()
    }

    /// Why the labels of an output could not be read.
    #[cfg(feature = "analysis")]
    pub(crate) fn labels_error(&self, output: usize) -> Option<&Error> {
        self.labels.get(output)?.as_ref()?.as_ref().err()
    }

    /// One sample: a value per input, in the graph's shapes.
    pub(crate) fn sample(&self, i: usize) -> Vec<ArrayViewD<'_, f32>> {
        self.inputs
            .iter()
            .map(|input| input.index_axis(Axis(0), i))
            .collect()
    }
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
    images::read(files, only(inputs, "a folder of images")?, options.resize)
}

#[cfg(not(feature = "images"))]
fn read_images(_: &[PathBuf], _: &[Port], _: &ImageOptions) -> Result<ArrayD<f32>> {
    Err(without("a folder of images", "images"))
}

#[cfg(feature = "wav")]
fn read_sound(files: &[PathBuf], inputs: &[Port]) -> Result<ArrayD<f32>> {
    sound::read(files, only(inputs, "a folder of recordings")?)
}

#[cfg(not(feature = "wav"))]
fn read_sound(_: &[PathBuf], _: &[Port]) -> Result<ArrayD<f32>> {
    Err(without("a folder of recordings", "wav"))
}

#[cfg(feature = "csv")]
fn read_table(path: &Path, inputs: &[Port]) -> Result<Vec<Option<ArrayD<f32>>>> {
    let arrays = table::read(&bytes(path)?, inputs)
        .map_err(|e| Error::dataset(format!("{}: {e}", path.display())))?;
    Ok(arrays.into_iter().map(Some).collect())
}

#[cfg(not(feature = "csv"))]
fn read_table(_: &Path, _: &[Port]) -> Result<Vec<Option<ArrayD<f32>>>> {
    Err(without("a table", "csv"))
}

/// A reader that is left out.
#[cfg(not(all(feature = "images", feature = "wav", feature = "csv")))]
fn without(what: &str, feature: &str) -> Error {
    Error::dataset(format!(
        "this is {what}: enable the `{feature}` feature of niello"
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::byte_scale::ByteScale;
    use crate::ir::graph::ElementType;

    /// An f32 input for tests.
    pub(super) fn port(name: &str, shape: &[usize]) -> Port {
        Port {
            name: name.into(),
            tensor: format!("serving_default_{name}:0"),
            value: 0,
            shape: shape.to_vec(),
            element: ElementType::F32,
            bytes: ByteScale::UNIT,
        }
    }

    fn npy(shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}}}");
        let length = (header.len() as u16).to_le_bytes();
        [b"\x93NUMPY\x01\0", &length[..], header.as_bytes(), data].concat()
    }

    /// Reads an archive of these arrays.
    fn npz(members: &[(&str, &[u8])], inputs: &[Port]) -> Result<Dataset> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("a.npz");
        std::fs::write(&file, npz::tests::zip(members, true)).expect("writable");
        Dataset::read(&file, inputs, &ImageOptions::default())
    }

    #[test]
    fn inputs_are_found_under_their_usual_names() {
        let one = npy("(2, 3)", &[0, 1, 2, 3, 4, 5]);
        for key in [
            "x",
            "x:0",
            "serving_default_x:0",
            "serving_default_x",
            "arr_0",
        ] {
            let data = npz(&[(&format!("{key}.npy"), &one)], &[port("x", &[1, 3])]);
            let data = data.expect(key);
            assert_eq!(data.len(), 2);
            assert_eq!(data.sample(1)[0].as_slice(), Some(&[3.0, 4.0, 5.0][..]));
        }
        let two = [port("x", &[1, 3]), port("y", &[1, 3])];
        let error = npz(&[("x.npy", &one), ("arr_0.npy", &one)], &two).expect_err("no y");
        assert!(error.message.contains("\"arr_0\", which is not"), "{error}");
        let error = npz(&[("x.npy", &one), ("x:0.npy", &one)], &two[..1]).expect_err("twice");
        assert!(error.message.contains("several arrays"), "{error}");
    }

    #[test]
    fn small_files_cannot_promise_much() {
        let input = [port("x", &[1, 1 << 20])];
        let bomb = npy("(4096, 1048576)", &vec![0; 1 << 24]);
        let error = npz(&[("x.npy", &bomb)], &input).expect_err("4 G elements");
        assert!(
            error.message.contains("than a file of this size"),
            "{error}"
        );
        let long = npy("(1, 1048576)", &vec![0; 1 << 24]);
        let error = npz(&[("x.npy", &long)], &input).expect_err("longer");
        assert!(error.message.contains("longer than"), "{error}");
        for shape in ["(1099511627776, 0, 1099511627776)", "(0,)", "(3, 0)"] {
            npz(&[("x.npy", &npy(shape, &[]))], &input).expect_err("no elements");
        }
        let error = npz(&[("x.npy", &npy("(0, 1048576)", &[]))], &input).expect_err("empty");
        assert!(error.message.contains("no samples"), "{error}");
    }
}
