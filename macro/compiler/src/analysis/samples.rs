//! Which samples a result is about.

use serde::{Deserialize, Serialize};

use super::Sampled;

/// Which samples of the dataset were used for what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleUse {
    /// Samples that the dataset has.
    pub available: usize,
    /// Samples that ranges are chosen from, and that tensors' statistics are of.
    pub calibrating: usize,
    /// Samples that accuracy is measured on.
    pub measuring: usize,
    /// None of the measuring samples has calibrated.
    pub unseen: bool,
}

impl From<&Sampled> for SampleUse {
    fn from(sampled: &Sampled) -> Self {
        Self {
            available: sampled.available,
            calibrating: sampled.calibration.len(),
            measuring: sampled.measured.len(),
            unseen: sampled.unseen,
        }
    }
}
