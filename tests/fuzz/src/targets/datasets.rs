//! Files and folders of samples.

use super::{compiled, request, scratch, write};
use crate::check;
use crate::inputs::folder;

/// What the first byte of an input says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A `.npy` file.
    Array,
    /// A `.npz` file for one input.
    Archive,
    /// A `.npz` file for two inputs.
    Archives,
    /// A `.csv` file.
    Table,
    /// A folder with one `.wav` file.
    Sound,
    /// A folder with one `.npy` file.
    Folder,
    /// A folder with one `.png` file.
    Image,
}

impl Kind {
    /// In the order of their bytes.
    pub const ALL: &[Kind] = &[
        Kind::Array,
        Kind::Archive,
        Kind::Archives,
        Kind::Table,
        Kind::Sound,
        Kind::Folder,
        Kind::Image,
    ];
}

/// A dataset for a small model: its kind, then a file.
pub fn datasets(bytes: &[u8]) -> bool {
    let Some((&kind, content)) = bytes.split_first() else {
        return false;
    };
    let kind = Kind::ALL[usize::from(kind) % Kind::ALL.len()];
    let (model, file, in_folder) = match kind {
        Kind::Array => ("batch_f32", "samples.npy", false),
        Kind::Archive => ("batch_f32", "samples.npz", false),
        Kind::Archives => ("ops/add_f32", "samples.npz", false),
        Kind::Table => ("batch_f32", "samples.csv", false),
        Kind::Sound => ("batch_f32", "sound/a.wav", true),
        Kind::Folder => ("batch_f32", "arrays/x.npy", true),
        Kind::Image => ("picture_f32", "images/a.png", true),
    };
    let mut path = scratch().join(file);
    std::fs::create_dir_all(path.parent().unwrap_or(&path)).expect("a temporary folder");
    write(file, content);
    if in_folder {
        path.pop();
    }
    let model = folder().join(format!("{model}.tflite"));
    match compiled(&request(model, Some(path))) {
        Ok(tokens) => {
            check::expansion(&tokens);
            true
        }
        Err(_) => false,
    }
}
