//! Where files lie: as the macro has it, from the folder of fixtures on.

use std::path::{Path, PathBuf};

use syn::LitStr;

pub(crate) fn file(manifest: &Path, literal: &LitStr) -> PathBuf {
    manifest.join(literal.value())
}

pub(crate) fn manifest() -> Option<PathBuf> {
    Some(crate::inputs::folder())
}

pub(crate) fn cache(_: &Path) -> Option<PathBuf> {
    None
}

pub(crate) fn is_editor() -> bool {
    false
}
