//! The files that the user's paths name.

use std::path::{Path, PathBuf};

use syn::LitStr;

/// The file that a literal names.
pub(crate) fn file(manifest: &Path, literal: &LitStr) -> PathBuf {
    let source = literal.span().unwrap().local_file();
    niello_build::file(manifest, source.as_deref(), &literal.value())
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
