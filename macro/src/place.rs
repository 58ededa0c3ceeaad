//! Where files lie: paths of the user's, and the cache.

use std::path::{Path, PathBuf};

use syn::LitStr;

/// The file that a literal names: relative to the crate's manifest, else to the
/// source file that it is written in, as `include_bytes!` has it.
pub(crate) fn file(manifest: &Path, literal: &LitStr) -> PathBuf {
    let path = manifest.join(literal.value());
    if path.exists() {
        return path;
    }
    let source = literal.span().unwrap().local_file();
    let beside = source.map(|s| s.with_file_name(literal.value()));
    match beside.and_then(|b| b.canonicalize().ok()) {
        Some(beside) => beside,
        None => path,
    }
}

/// The folder of the manifest of the crate that calls the macro.
pub(crate) fn manifest() -> Option<PathBuf> {
    std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from)
}

/// The folder of the cache: `NIELLO_CACHE`, else `niello` in the target folder, else none.
pub(crate) fn cache(manifest: &Path) -> Option<PathBuf> {
    match std::env::var_os("NIELLO_CACHE") {
        Some(off) if off == "off" => return None,
        Some(folder) => return Some(manifest.join(folder)),
        None => {}
    }
    if let Some(target) = std::env::var_os("CARGO_TARGET_DIR") {
        return Some(manifest.join(target).join("niello"));
    }
    // A proc-macro is not told the target folder: it is the nearest one that
    // cargo has marked as such.
    manifest
        .ancestors()
        .map(|folder| folder.join("target"))
        .find(|target| target.join("CACHEDIR.TAG").is_file())
        .map(|target| target.join("niello"))
}
