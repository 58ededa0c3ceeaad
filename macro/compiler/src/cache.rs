//! What calibration found, kept by the content that it came from.
//!
//! A second expansion (`cargo check`, rust-analyzer, another target) finds the
//! ranges and bias corrections of the first in a small file, named by a hash of
//! the model, the dataset, the options and the compiler itself. Its first line is
//! a checksum of the rest, so that a damaged file is one that is not there: it is
//! ignored and written anew.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::calibrate::Ranges;
use crate::error::{Error, Result};
use crate::options::{Options, Request};
use crate::quantize::correct::Corrections;
use crate::quantize::equalize::Factors;
use crate::quantize::round_weights::Roundings;
use crate::warning::Warning;

/// The sources that this compiler was built from: another one may find something
/// else, or number tensors otherwise.
const COMPILER: (&str, &str, u64) = (
    env!("CARGO_PKG_VERSION"),
    env!("NIELLO_FINGERPRINT"),
    niello_numeric::fingerprint::FINGERPRINT,
);

/// All that calibration finds; with the model, it determines the program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Calibration {
    pub factors: Factors,
    pub ranges: Ranges,
    pub roundings: Roundings,
    pub corrections: Corrections,
    /// One per clause of `require`.
    pub measured: Vec<f64>,
    /// What the user should know, whether it is switched off or not.
    pub warnings: Vec<Warning>,
}

/// The place of one entry: its file in the cache's folder, named by a hash.
pub(crate) struct Slot {
    key: String,
    file: Option<PathBuf>,
}

/// 128 bits of parts of content, as text.
fn hash(parts: &[&[u8]]) -> String {
    // Two 64-bit hashes; std's hasher is fast in unoptimised macros too.
    let half = |seed: u64| {
        let mut hasher = DefaultHasher::new();
        (seed, COMPILER).hash(&mut hasher);
        parts.iter().for_each(|part| part.hash(&mut hasher));
        hasher.finish()
    };
    format!("{:016x}{:016x}", half(1), half(2))
}

impl Slot {
    /// The slot of this content in `folder`; without a folder nothing is kept.
    pub(crate) fn new(folder: Option<&Path>, content: &[&[u8]]) -> Self {
        let key = hash(content);
        Self {
            file: folder.map(|f| f.join(format!("{key}.json"))),
            key,
        }
    }

    /// This slot, with a file name that ends otherwise.
    pub(crate) fn with_extension(self, extension: &str) -> Self {
        Self {
            file: self.file.map(|file| file.with_extension(extension)),
            ..self
        }
    }

    /// The slot of what a request compiles: of the model, the options that calibration
    /// depends on, and the dataset's files with their names.
    pub(crate) fn of_request(model: &[u8], files: &[PathBuf], request: &Request) -> Result<Self> {
        Self::of_request_and(model, files, request, &[])
    }

    /// The slot of something else that is made from what a request compiles; `besides` is what it
    /// depends on further.
    pub(crate) fn of_request_and(
        model: &[u8],
        files: &[PathBuf],
        request: &Request,
        besides: &[u8],
    ) -> Result<Self> {
        // Memory has nothing to do with what is kept, and labels are one of the files.
        let options = Options {
            labels: None,
            selftest: None,
            allow: Vec::new(),
            inputs_in_arena: false,
            arena_limit: None,
            ..request.options.clone()
        };
        let mut content = vec![model.to_vec(), format!("{options:?}").into_bytes()];
        for file in files {
            content.push(
                file.file_name()
                    .map(|n| n.as_encoded_bytes().to_vec())
                    .unwrap_or_default(),
            );
            content.push(
                std::fs::read(file)
                    .map_err(|e| Error::dataset(format!("cannot read {}: {e}", file.display())))?,
            );
        }
        if !besides.is_empty() {
            content.push(besides.to_vec());
        }
        let parts: Vec<&[u8]> = content.iter().map(Vec::as_slice).collect();
        Ok(Self::new(request.cache.as_deref(), &parts))
    }

    /// The first line of a file with this text. The key is part of it: a renamed file
    /// is not taken.
    fn checksum(&self, text: &[u8]) -> String {
        hash(&[self.key.as_bytes(), text]) + "\n"
    }

    /// Reads the stored calibration; `None` if there is none or its file is damaged.
    pub(crate) fn load(&self) -> Option<Calibration> {
        serde_json::from_slice(&self.load_text()?).ok()
    }

    /// Writes a calibration as JSON.
    pub(crate) fn store(&self, calibration: &Calibration) {
        if let Ok(text) = serde_json::to_vec(calibration) {
            self.store_text(&text);
        }
    }

    /// Reads what is stored; `None` if there is nothing or its file is damaged.
    pub(crate) fn load_text(&self) -> Option<Vec<u8>> {
        let file = std::fs::read(self.file.as_ref()?).ok()?;
        let first = file.iter().position(|&b| b == b'\n')? + 1;
        let (checksum, text) = file.split_at(first);
        let is_whole = checksum == self.checksum(text).as_bytes();
        is_whole.then(|| text.to_vec())
    }

    /// Writes an entry in one step, so that parallel builds cannot tear it.
    /// A folder that cannot be written to costs time, not correctness.
    pub(crate) fn store_text(&self, text: &[u8]) {
        let Some(file) = &self.file else { return };
        let temporary = file.with_extension(format!("{}.tmp", std::process::id()));
        let written = file
            .parent()
            .map(std::fs::create_dir_all)
            .and_then(|made| made.ok())
            .map(|()| [self.checksum(text).as_bytes(), text].concat())
            .and_then(|content| std::fs::write(&temporary, content).ok());
        if written.is_none() || std::fs::rename(&temporary, file).is_err() {
            let _ = std::fs::remove_file(&temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::RealRange;

    #[test]
    fn entries_come_back_exactly_and_damage_is_a_miss() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let slot = Slot::new(Some(folder.path()), &[b"model", b"dataset"]);
        assert!(slot.load().is_none());
        let mut stored = Calibration {
            corrections: vec![vec![], vec![7, -9]],
            factors: vec![(4, vec![1.0 / 3.0, f32::MIN_POSITIVE])],
            measured: vec![0.1],
            ..Calibration::default()
        };
        stored.ranges.by_value.insert(
            3,
            RealRange {
                min: -0.1,
                max: 16_777_217.0,
            },
        );
        slot.store(&stored);
        assert_eq!(slot.load(), Some(stored));
        let file = slot.file.clone().expect("a folder was given");
        let whole = std::fs::read(&file).expect("written");
        // A new file each time: some file systems write what is cut and filled anew at once.
        let is_missed = |content: &[u8]| {
            std::fs::remove_file(&file).expect("there");
            std::fs::write(&file, content).expect("writable");
            slot.load().is_none()
        };
        for at in 0..whole.len() {
            for change in [1, 0x20, 0x80, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] ^= change;
                assert!(is_missed(&damaged), "byte {at}");
            }
            assert!(is_missed(&whole[..at]), "cut at {at}");
        }
        // The entry of something else, renamed.
        let other = Slot::new(Some(folder.path()), &[b"model", b"other"]);
        std::fs::write(other.file.as_ref().expect("a folder was given"), &whole).expect("writable");
        assert!(other.load().is_none());
    }
}
