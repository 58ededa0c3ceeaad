//! The shapes of a dataset's samples, without reading them: for inputs that the model's
//! file leaves open.

use std::path::Path;

#[cfg(feature = "images")]
use super::IMAGES;
use super::named_arrays::LABEL;
use super::npy::Array;
use super::{ARRAYS, bytes, files, is, limits, npz};
use crate::error::{Error, Result};
use crate::import::shapes::SampleShape;

/// The shape of one sample of each array.
pub(crate) fn shapes(path: &Path) -> Result<Vec<SampleShape>> {
    let at = |e: String| Error::dataset(format!("{}: {e}", path.display()));
    if is(path, &["npz"]) {
        let bytes = bytes(path)?;
        let archive = npz::Archive::open(&bytes).map_err(at)?;
        let mut shapes = Vec::new();
        // Labels are of any type.
        let arrays = archive.members.iter();
        for member in arrays.filter(|m| !m.key.starts_with(LABEL)) {
            let place = |e| at(format!("array {}: {e}", limits::quoted(&member.key)));
            let outside = || place("it is truncated".to_owned());
            let data = archive.read(member).ok_or_else(outside)?;
            let shape = Array::open(data).map_err(place)?.shape;
            shapes.push((Some(member.key.clone()), sample(shape)));
        }
        return Ok(shapes);
    }
    if is(path, ARRAYS) {
        let shape = Array::open(&bytes(path)?[..]).map_err(at)?.shape;
        return Ok(vec![(None, sample(shape))]);
    }
    if !path.is_dir() {
        return Ok(Vec::new());
    }
    let files = files(path)?;
    let mut shapes = Vec::new();
    for file in files.iter().filter(|f| is(f, ARRAYS)) {
        let key = file.file_stem().and_then(|s| s.to_str()).unwrap_or("");
        let place = |e| at(format!("{}: {e}", file.display()));
        let shape = Array::open(&bytes(file)?[..]).map_err(place)?.shape;
        shapes.push((Some(key.to_owned()), sample(shape)));
    }
    #[cfg(feature = "images")]
    if let Some(first) = files.first().filter(|f| is(f, IMAGES)) {
        let [width, height] = super::picture::dimensions(first)?;
        // Three channels stand for any number: the file fixes how many there are.
        shapes.push((None, vec![height, width, 3]));
    }
    Ok(shapes)
}

/// An array's shape without the axis that counts samples.
fn sample(mut shape: Vec<usize>) -> Vec<usize> {
    if !shape.is_empty() {
        shape.remove(0);
    }
    shape
}
