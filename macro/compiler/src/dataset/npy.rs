//! `.npy` and `.npz` files, by the ndarray-npy crate.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use ndarray::{ArrayD, IxDyn, OwnedRepr};
use ndarray_npy::{NpzReader, ReadNpyError, ReadNpyExt, ReadNpzError};

use crate::error::{Error, Result};

fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|e| Error::dataset(format!("cannot read {}: {e}", path.display())))
}

/// One `.npy` file.
pub(super) fn read_npy(path: &Path) -> Result<ArrayD<f32>> {
    let mut bytes = Vec::new();
    open(path)?
        .read_to_end(&mut bytes)
        .map_err(|e| Error::dataset(format!("cannot read {}: {e}", path.display())))?;
    decode(&bytes).map_err(|e| Error::dataset(format!("{}: {e}", path.display())))
}

/// Every array of a `.npz` file with its key. Labels may have any type.
pub(super) fn read_npz(path: &Path) -> Result<Vec<(String, ArrayD<f32>)>> {
    let fail = |e: &dyn std::fmt::Display| {
        Error::dataset(format!(
            "{} is truncated or not a .npz file: {e}",
            path.display()
        ))
    };
    let mut archive = NpzReader::new(open(path)?).map_err(|e| fail(&e))?;
    let names = archive.names().map_err(|e| fail(&e))?;
    let mut named = Vec::new();
    for name in names {
        let key = name.strip_suffix(".npy").unwrap_or(&name).to_owned();
        if key.starts_with("label:") {
            continue;
        }
        named.push((
            key.clone(),
            member(&mut archive, &name)
                .map_err(|e| Error::dataset(format!("{}: array {key:?}: {e}", path.display())))?,
        ));
    }
    Ok(named)
}

const ELEMENT_TYPES: &str =
    "its element type is not supported; supported are float32, float64, int8, uint8 and int32";

/// Tries `$read` for each supported element type: only reading tells the type.
macro_rules! any_element {
    ($element:ident, $read:expr, $wrong:pat) => {{
        any_element!(@ $element, f32, $read, $wrong);
        any_element!(@ $element, f64, $read, $wrong);
        any_element!(@ $element, i8, $read, $wrong);
        any_element!(@ $element, u8, $read, $wrong);
        any_element!(@ $element, i32, $read, $wrong);
        Err(ELEMENT_TYPES.to_owned())
    }};
    (@ $element:ident, $type:ty, $read:expr, $wrong:pat) => {{
        type $element = $type;
        match $read {
            Ok(array) => return Ok(array.mapv(|x: $type| x as f32)),
            Err($wrong) => {}
            Err(e) => return Err(format!("truncated or damaged: {e}")),
        }
    }};
}

fn decode(bytes: &[u8]) -> Result<ArrayD<f32>, String> {
    any_element!(
        Element,
        ArrayD::<Element>::read_npy(bytes),
        ReadNpyError::WrongDescriptor(_)
    )
}

fn member(archive: &mut NpzReader<File>, name: &str) -> Result<ArrayD<f32>, String> {
    any_element!(
        Element,
        archive.by_name::<OwnedRepr<Element>, IxDyn>(name),
        ReadNpzError::Npy(ReadNpyError::WrongDescriptor(_))
    )
}
