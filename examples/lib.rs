//! What the examples share: reading the evaluation files, finding the largest.

use std::error::Error;
use std::fs::File;
use std::path::Path;

use ndarray::{ArrayD, Axis, IxDyn, OwnedRepr};
use ndarray_npy::NpzReader;

/// The arrays of a `.npz` file in the folder of the examples' models.
pub struct Samples(NpzReader<File>);

impl Samples {
    /// Opens `models/<name>`.
    pub fn open(name: &str) -> Result<Self, Box<dyn Error>> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("models")
            .join(name);
        Ok(Self(NpzReader::new(File::open(path)?)?))
    }

    /// One array, as floats.
    pub fn array(&mut self, key: &str) -> Result<ArrayD<f32>, Box<dyn Error>> {
        if let Ok(labels) = self.0.by_name::<OwnedRepr<i64>, IxDyn>(key) {
            return Ok(labels.mapv(|x| x as f32));
        }
        Ok(self.0.by_name::<OwnedRepr<f32>, IxDyn>(key)?)
    }
}

/// One sample of an array, flat.
pub fn sample(array: &ArrayD<f32>, i: usize) -> Vec<f32> {
    array.index_axis(Axis(0), i).iter().copied().collect()
}

/// The position of the largest element.
pub fn argmax(list: &[f32]) -> usize {
    list.iter()
        .enumerate()
        .fold(0, |best, (i, x)| if *x > list[best] { i } else { best })
}
