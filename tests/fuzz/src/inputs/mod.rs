//! Inputs of the targets: what is known to be right, with a few changes.

mod arguments;
mod arrays;
mod cache;
mod datasets;
mod images;
mod models;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub use arrays::{npy, npz};

use crate::Target;
use crate::random::Random;

/// A model of the project's tests.
pub struct Fixture {
    /// The file's name without its ending.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// The folder of the tests' fixtures.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models")
}

/// All models with one or a few operators, by name; large ones are left out.
///
/// # Panics
/// If the fixtures are not there.
pub fn fixtures() -> &'static [Fixture] {
    const LARGEST: usize = 40_000;
    static FIXTURES: OnceLock<Vec<Fixture>> = OnceLock::new();
    FIXTURES.get_or_init(|| {
        let mut list = Vec::new();
        for folder in [folder(), folder().join("ops")] {
            let files = folder.read_dir().expect("the folder of fixtures");
            for file in files.map(|f| f.expect("a file").path()) {
                if file.extension().is_some_and(|e| e == "tflite") {
                    let name = file.file_stem().unwrap_or_default().to_string_lossy();
                    let bytes = std::fs::read(&file).expect("a fixture");
                    if bytes.len() <= LARGEST {
                        let name = name.into_owned();
                        list.push(Fixture { name, bytes });
                    }
                }
            }
        }
        list.sort_by(|a, b| a.name.cmp(&b.name));
        list
    })
}

/// The fixture of this name.
///
/// # Panics
/// If there is none.
pub fn fixture(name: &str) -> &'static Fixture {
    let found = fixtures().iter().find(|f| f.name == name);
    found.unwrap_or_else(|| panic!("no fixture {name}"))
}

/// The input of a number: the same for each run of a seed. Also says what it is made of.
pub fn generate(target: Target, seed: u64, number: u64) -> (String, Vec<u8>) {
    let mut random = Random::new(seed, number);
    match target {
        Target::Models => models::generate(&mut random),
        Target::Datasets => datasets::generate(&mut random),
        Target::Cache => cache::generate(&mut random),
        Target::Arguments => arguments::generate(&mut random),
    }
}
