//! Attacks on the compiler: models, datasets, cache entries and macro arguments that
//! mean harm. Each target is a plain function of bytes that panics on a finding.
#![forbid(unsafe_code)]

pub mod inputs;
pub mod random;
pub mod schema;
pub mod targets;
pub mod tree;

mod check;
mod clock;

// The macro's own code: a procedural macro's crate has nothing that can be called.
#[path = "../../../macro/src/expand.rs"]
mod expand;
mod place;
#[path = "../../../macro/src/warn.rs"]
mod warn;

use std::path::PathBuf;

pub use clock::cpu_seconds;

/// A folder for files of this process, in memory where that is to be had.
pub fn scratch(name: &str) -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() {
        memory
    } else {
        std::env::temp_dir()
    };
    folder.join(format!("niello-fuzz-{}-{name}", std::process::id()))
}

/// A part of the compiler that is attacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// `.tflite` files.
    Models,
    /// Representative datasets.
    Datasets,
    /// Entries of the calibration cache.
    Cache,
    /// Arguments of `include_model!`.
    Arguments,
}

impl Target {
    /// All targets, with how many of 20 inputs each of them gets.
    pub const ALL: [(Target, usize); 4] = [
        (Target::Models, 13),
        (Target::Datasets, 3),
        (Target::Cache, 1),
        (Target::Arguments, 3),
    ];

    /// The target's name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Target::Models => "models",
            Target::Datasets => "datasets",
            Target::Cache => "cache",
            Target::Arguments => "arguments",
        }
    }

    /// The target of a name.
    pub fn of(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().map(|(target, _)| *target);
        all.find(|t| t.name() == name)
    }

    /// The target whose turn it is.
    pub fn of_number(number: u64) -> Self {
        let mut rest = (number % 20) as usize;
        for (target, share) in Self::ALL {
            if rest < share {
                return target;
            }
            rest -= share;
        }
        Target::Models
    }

    /// Tries an input; true if the compiler took it.
    pub fn attack(self, input: &[u8]) -> bool {
        match self {
            Target::Models => targets::models(input),
            Target::Datasets => targets::datasets(input),
            Target::Cache => targets::cache(input),
            Target::Arguments => targets::arguments(input),
        }
    }
}
