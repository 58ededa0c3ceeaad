//! What calibration found, kept by the content that it came from.
//!
//! A second expansion (`cargo check`, rust-analyzer, another target) finds the
//! ranges and bias corrections of the first in a small JSON file, named by a
//! hash of the model, the dataset, the options and the compiler's version. A
//! file that cannot be read or does not fit is ignored and written anew.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::calibrate::Ranges;
use crate::quantize::Corrections;
use crate::quantize::equalize::Factors;

/// Another one for other ways to find what is kept.
const REVISION: u32 = 2;

/// All that calibration finds; with the model, it determines the program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Calibration {
    pub factors: Factors,
    pub ranges: Ranges,
    pub corrections: Corrections,
    /// One per clause of `require`.
    pub measured: Vec<f64>,
}

/// The content of a cache file.
#[derive(Serialize, Deserialize)]
struct Entry {
    /// The hash again: a renamed file is not taken.
    key: String,
    calibration: Calibration,
}

/// Where an entry belongs.
pub(crate) struct Slot {
    key: String,
    file: Option<PathBuf>,
}

impl Slot {
    /// The slot of this content in `folder`; without a folder nothing is kept.
    pub(crate) fn new(folder: Option<&Path>, content: &[&[u8]]) -> Self {
        // Two 64-bit hashes; std's hasher is fast in unoptimised macros too.
        let half = |seed: u64| {
            let mut hasher = DefaultHasher::new();
            (seed, env!("CARGO_PKG_VERSION"), REVISION).hash(&mut hasher);
            content.iter().for_each(|part| part.hash(&mut hasher));
            hasher.finish()
        };
        let key = format!("{:016x}{:016x}", half(1), half(2));
        Self {
            file: folder.map(|f| f.join(format!("{key}.json"))),
            key,
        }
    }

    /// What was stored, if it is whole.
    pub(crate) fn load(&self) -> Option<Calibration> {
        let text = std::fs::read(self.file.as_ref()?).ok()?;
        let entry: Entry = serde_json::from_slice(&text).ok()?;
        (entry.key == self.key).then_some(entry.calibration)
    }

    /// Writes an entry in one step, so that parallel builds cannot tear it.
    /// A folder that cannot be written to costs time, not correctness.
    pub(crate) fn store(&self, calibration: &Calibration) {
        let Some(file) = &self.file else { return };
        let entry = Entry {
            key: self.key.clone(),
            calibration: calibration.clone(),
        };
        let temporary = file.with_extension(format!("{}.tmp", std::process::id()));
        let written = file
            .parent()
            .map(std::fs::create_dir_all)
            .and_then(|made| made.ok())
            .and_then(|()| serde_json::to_vec(&entry).ok())
            .and_then(|text| std::fs::write(&temporary, text).ok());
        if written.is_none() || std::fs::rename(&temporary, file).is_err() {
            let _ = std::fs::remove_file(&temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::Range;

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
            Range {
                min: -0.1,
                max: 16_777_217.0,
            },
        );
        slot.store(&stored);
        assert_eq!(slot.load(), Some(stored));
        let file = slot.file.clone().expect("a folder was given");
        std::fs::write(&file, b"{\"key\": \"tru").expect("writable");
        assert!(slot.load().is_none());
        assert!(
            Slot::new(Some(folder.path()), &[b"model", b"other"])
                .load()
                .is_none()
        );
    }
}
