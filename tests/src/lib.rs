//! What the tests share: recorded data, and flat views of nested outputs.

pub mod cases;
pub mod firmware;
pub mod guard;

use std::fs::File;
use std::path::{Path, PathBuf};

use ndarray::{ArrayD, Axis, IxDyn, OwnedRepr};
use ndarray_npy::NpzReader;

/// The folder of this crate.
pub fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The models beside the repository.
pub fn shared() -> PathBuf {
    here().join("../../shared")
}

/// Arrays by name, widened: f64 holds every int32.
pub type Record = Vec<(String, ArrayD<f64>)>;

/// A `.npz` file.
///
/// # Panics
/// If the file is not there or not readable.
pub fn read_npz(path: &Path) -> Record {
    let file = File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut archive = NpzReader::new(file).expect("a .npz file");
    let mut arrays = Vec::new();
    for name in archive.names().expect("a list of arrays") {
        let key = name.trim_end_matches(".npy").to_owned();
        if let Ok(array) = archive.by_name::<OwnedRepr<f32>, IxDyn>(&name) {
            arrays.push((key, array.mapv(f64::from)));
        } else if let Ok(array) = archive.by_name::<OwnedRepr<i8>, IxDyn>(&name) {
            arrays.push((key, array.mapv(f64::from)));
        } else if let Ok(array) = archive.by_name::<OwnedRepr<i64>, IxDyn>(&name) {
            arrays.push((key, array.mapv(|x| x as f64)));
        } else if let Ok(array) = archive.by_name::<OwnedRepr<i32>, IxDyn>(&name) {
            arrays.push((key, array.mapv(f64::from)));
        } else if let Ok(array) = archive.by_name::<OwnedRepr<u32>, IxDyn>(&name) {
            arrays.push((key, array.mapv(f64::from)));
        } else if let Ok(array) = archive.by_name::<OwnedRepr<i16>, IxDyn>(&name) {
            arrays.push((key, array.mapv(f64::from)));
        } else if let Ok(array) = archive.by_name::<OwnedRepr<u8>, IxDyn>(&name) {
            arrays.push((key, array.mapv(f64::from)));
        } else if let Ok(array) = archive.by_name::<OwnedRepr<bool>, IxDyn>(&name) {
            arrays.push((key, array.mapv(|x| f64::from(u8::from(x)))));
        } else if let Ok(array) = archive.by_name::<OwnedRepr<f64>, IxDyn>(&name) {
            arrays.push((key, array));
        }
    }
    arrays
}

/// One sample of one array, flat.
///
/// # Panics
/// If there is no array of that name.
pub fn sample(arrays: &[(String, ArrayD<f64>)], key: &str, i: usize) -> Vec<f32> {
    sample_of(arrays, key, i)
}

/// The same, as wide as it is held.
///
/// # Panics
/// If there is no array of that name.
pub fn wide_sample(arrays: &[(String, ArrayD<f64>)], key: &str, i: usize) -> Vec<f64> {
    let (_, array) = arrays
        .iter()
        .find(|(k, _)| k == key)
        .unwrap_or_else(|| panic!("no {key}"));
    array.index_axis(Axis(0), i).iter().copied().collect()
}

/// The same of an int8 record.
///
/// # Panics
/// If there is no array of that name.
pub fn sample_i8(arrays: &[(String, ArrayD<f64>)], key: &str, i: usize) -> Vec<i8> {
    sample_of(arrays, key, i)
}

/// Samples of the first array.
pub fn samples(arrays: &[(String, ArrayD<f64>)]) -> usize {
    arrays.first().map_or(0, |(_, a)| a.shape()[0])
}

/// Nested arrays as a flat list.
pub trait Flat<T> {
    /// Appends all elements in order.
    fn flat(&self, out: &mut Vec<T>);
}

macro_rules! elements {
    ($($element:ty: $f:expr, $agrees:expr;)*) => {
        $(impl Flat<$element> for $element {
            fn flat(&self, out: &mut Vec<$element>) {
                out.push(*self);
            }
        }

        impl Recorded for $element {
            fn recorded(x: f64) -> Self {
                #[allow(clippy::redundant_closure_call)]
                ($f)(x)
            }

            fn agrees(self, other: Self) -> bool {
                #[allow(clippy::redundant_closure_call)]
                ($agrees)(self, other)
            }
        })*
    };
}

/// Elements that records hold.
pub trait Recorded {
    /// From the widened value.
    fn recorded(x: f64) -> Self;

    /// The same; real numbers within float rounding.
    fn agrees(self, other: Self) -> bool;
}

fn same<T: PartialEq>(a: T, b: T) -> bool {
    a == b
}

elements! {
    i8: |x| x as i8, same;
    u8: |x| x as u8, same;
    i16: |x| x as i16, same;
    i32: |x| x as i32, same;
    u32: |x| x as u32, same;
    f32: |x| x as f32, |a: f32, b: f32| (a - b).abs() <= 1e-5 * b.abs().max(1.0);
    bool: |x| x != 0.0, same;
}

/// One sample of one array in its own type.
///
/// # Panics
/// If there is no array of that name.
pub fn sample_of<T: Recorded>(arrays: &[(String, ArrayD<f64>)], key: &str, i: usize) -> Vec<T> {
    wide_sample(arrays, key, i)
        .into_iter()
        .map(T::recorded)
        .collect()
}

impl<T, A: Flat<T>, const N: usize> Flat<T> for [A; N] {
    fn flat(&self, out: &mut Vec<T>) {
        self.iter().for_each(|a| a.flat(out));
    }
}

/// All elements of a nested array.
pub fn flat<T>(nested: &impl Flat<T>) -> Vec<T> {
    let mut out = Vec::new();
    nested.flat(&mut out);
    out
}
