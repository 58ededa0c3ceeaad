//! The folder of the cache, which macro, build scripts and command line share.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The folder of calibration results for the crate in the folder `manifest`: `NIELLO_CACHE`
/// (`off`: none), else `niello` in the target folder, if there is one.
pub fn cache_folder(manifest: &Path) -> Option<PathBuf> {
    match named(std::env::var_os("NIELLO_CACHE")) {
        Some(off) if off == "off" => return None,
        Some(folder) => return Some(manifest.join(folder)),
        None => {}
    }
    if let Some(target) = std::env::var_os("CARGO_TARGET_DIR") {
        return Some(manifest.join(target).join("niello"));
    }
    // Neither a procedural macro nor a build script is told the target folder: it is the nearest
    // one that cargo has marked as such. A build script's own folder is inside of it.
    let out = std::env::var_os("OUT_DIR").map(PathBuf::from);
    let around_out = out
        .iter()
        .flat_map(|out| out.ancestors().map(Path::to_owned));
    let beside_manifest = manifest.ancestors().map(|folder| folder.join("target"));
    around_out
        .chain(beside_manifest)
        .find(|target| target.join("CACHEDIR.TAG").is_file())
        .map(|target| target.join("niello"))
}

/// What a variable names. An empty one is as none: as a path, it would be the crate's own folder.
fn named(variable: Option<OsString>) -> Option<OsString> {
    variable.filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_names_no_folder() {
        assert_eq!(named(Some(OsString::new())), None);
        assert_eq!(named(Some("off".into())), Some("off".into()));
        assert_eq!(named(None), None);
    }
}
