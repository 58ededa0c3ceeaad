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

use crate::calibrate::{Range, Ranges};
use crate::quantize::Corrections;

/// The content of a cache file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The hash again: a renamed file is not taken.
    key: String,
    /// Value, and the bits of min and max: text would round.
    ranges: Vec<(usize, u32, u32)>,
    corrections: Corrections,
    /// One per clause of `require`.
    pub measured: Vec<f64>,
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
            (seed, env!("CARGO_PKG_VERSION")).hash(&mut hasher);
            content.iter().for_each(|part| part.hash(&mut hasher));
            hasher.finish()
        };
        let key = format!("{:016x}{:016x}", half(1), half(2));
        Self {
            file: folder.map(|f| f.join(format!("{key}.json"))),
            key,
        }
    }

    /// The entry, if there is a whole one.
    pub(crate) fn load(&self) -> Option<Entry> {
        let text = std::fs::read(self.file.as_ref()?).ok()?;
        let entry: Entry = serde_json::from_slice(&text).ok()?;
        (entry.key == self.key).then_some(entry)
    }

    /// Writes an entry in one step, so that parallel builds cannot tear it.
    /// A folder that cannot be written to costs time, not correctness.
    pub(crate) fn store(&self, ranges: &Ranges, corrections: &Corrections, measured: &[f64]) {
        let Some(file) = &self.file else { return };
        let mut list: Vec<(usize, u32, u32)> = ranges
            .by_value
            .iter()
            .map(|(v, r)| (*v, r.min.to_bits(), r.max.to_bits()))
            .collect();
        list.sort_unstable();
        let entry = Entry {
            key: self.key.clone(),
            ranges: list,
            corrections: corrections.clone(),
            measured: measured.to_vec(),
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

impl Entry {
    pub(crate) fn ranges(&self) -> Ranges {
        let range = |(v, min, max): &(usize, u32, u32)| {
            (*v, Range { min: f32::from_bits(*min), max: f32::from_bits(*max) })
        };
        Ranges { by_value: self.ranges.iter().map(range).collect() }
    }

    pub(crate) fn corrections(&self) -> &Corrections {
        &self.corrections
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back_exactly_and_damage_is_a_miss() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let slot = Slot::new(Some(folder.path()), &[b"model", b"dataset"]);
        assert!(slot.load().is_none());
        let mut ranges = Ranges::default();
        ranges.by_value.insert(3, Range { min: -0.1, max: f32::MIN_POSITIVE });
        slot.store(&ranges, &vec![vec![], vec![7, -9]], &[0.1]);
        let entry = slot.load().expect("just written");
        assert_eq!(entry.ranges(), ranges);
        assert_eq!(entry.corrections(), &vec![vec![], vec![7, -9]]);
        let file = slot.file.clone().expect("a folder was given");
        std::fs::write(&file, b"{\"key\": \"tru").expect("writable");
        assert!(slot.load().is_none());
        assert!(Slot::new(Some(folder.path()), &[b"model", b"other"]).load().is_none());
    }
}
