//! The files that the user's paths name.

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

/// The folder of the cache.
pub(crate) fn cache(manifest: &Path) -> Option<PathBuf> {
    niello_build::cache_folder(manifest)
}

/// Whether the macro is expanded for an editor: rust-analyzer's server of procedural macros does
/// not start without this variable.
pub(crate) fn is_editor() -> bool {
    std::env::var_os("RUST_ANALYZER_INTERNALS_DO_NOT_USE").is_some()
}
