//! The files that paths in a call of the macro name.

use std::path::{Path, PathBuf};

/// The file that a call names: relative to the folder of its crate's manifest, else to the source
/// file that it is written in, as `include_bytes!` has it.
pub fn file(manifest: &Path, source: Option<&Path>, name: &str) -> PathBuf {
    let path = manifest.join(name);
    if path.exists() {
        return path;
    }
    let beside = source.map(|source| source.with_file_name(name));
    match beside.and_then(|beside| beside.canonicalize().ok()) {
        Some(beside) => beside,
        None => path,
    }
}
