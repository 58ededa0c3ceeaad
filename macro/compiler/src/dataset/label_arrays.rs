//! The arrays of labels as the dataset has them, for tools that know what they mean.

use std::path::Path;

use ndarray::ArrayD;

use super::named_arrays::LABEL;
use super::npy::Array;
use super::values::Values;
use super::{ARRAYS, bytes, files, is, limits, npz};
use crate::error::{Error, Result};

/// All arrays whose keys begin with `label:`, of a `.npz` file or a folder of `.npy` files.
pub(crate) fn label_arrays(path: &Path) -> Result<Vec<(String, ArrayD<f32>)>> {
    let at = |e: String| Error::dataset(format!("{}: {e}", path.display()));
    let mut arrays = Vec::new();
    if is(path, &["npz"]) {
        let file = bytes(path)?;
        let archive = npz::Archive::open(&file).map_err(at)?;
        for member in archive.members.iter().filter(|m| m.key.starts_with(LABEL)) {
            let data = archive.read(member).ok_or("it is truncated".to_owned());
            let array = data.and_then(|data| read(data, file.len()));
            let place = |e| at(format!("array {}: {e}", limits::quoted(&member.key)));
            arrays.push((member.key.clone(), array.map_err(place)?));
        }
    } else if path.is_dir() {
        for file in files(path)?.iter().filter(|f| is(f, ARRAYS)) {
            let key = file.file_stem().and_then(|s| s.to_str()).unwrap_or("");
            if key.starts_with(LABEL) {
                let data = bytes(file)?;
                let array = read(&data[..], data.len());
                let place = |e| Error::dataset(format!("{}: {e}", file.display()));
                arrays.push((key.to_owned(), array.map_err(place)?));
            }
        }
    }
    Ok(arrays)
}

fn read(data: impl std::io::Read, file: usize) -> Result<ArrayD<f32>, String> {
    let array = Array::open(data)?;
    limits::spend(&mut limits::elements(file), &array.shape, array.len())?;
    array.read(Values::Real)
}
