//! What the examples share: reading the evaluation files, finding the largest.

use std::error::Error;
use std::path::Path;

use ndarray::{ArrayD, Axis};
use niello_tests::{Record, read_npz};

/// The arrays of a `.npz` file in the folder of the examples' models.
pub struct Samples(Record);

impl Samples {
    /// Reads the file `models/<name>`.
    ///
    /// # Panics
    /// If it is not there.
    pub fn open(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("models")
            .join(name);
        Self(read_npz(&path))
    }

    /// The array of this name as f32.
    pub fn array(&self, key: &str) -> Result<ArrayD<f32>, Box<dyn Error>> {
        let found = self.0.iter().find(|(name, _)| name == key);
        let (_, array) = found.ok_or_else(|| format!("no array {key:?}"))?;
        Ok(array.mapv(|x| x as f32))
    }
}

/// One sample of an array, as a flat list.
pub fn sample(array: &ArrayD<f32>, i: usize) -> Vec<f32> {
    array.index_axis(Axis(0), i).iter().copied().collect()
}

/// The position of the largest element.
pub fn argmax(list: &[f32]) -> usize {
    list.iter()
        .enumerate()
        .fold(0, |best, (i, x)| if *x > list[best] { i } else { best })
}
