//! What the tests share: recorded data, and flat views of nested outputs.

pub mod cases;
pub mod firmware;
pub mod guard;
pub mod levels;
pub mod npz;
/// The generated calls of SIMD kernels that `tests/cross` makes on other processors. It
/// cannot depend on this crate, which has the compiler.
#[path = "../cross/src/cases/mod.rs"]
#[allow(missing_docs, unreachable_pub, reason = "a file of another crate")]
pub mod simd_cases;
pub mod sources;
pub mod tools;
pub mod words;

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;

use ndarray::{ArrayD, Axis};
// What `simd_cases` prepares its parameters with; `tests/cross` has stand-ins for them.
use niello_compiler::testing::{
    AdditionNumbers, linear_product, narrowed, rows_of_weights, saturating_pairs, transformed,
    widened,
};

pub use npz::{Record, read_npz};

/// Results of [`truncation`] by its arguments.
type Truncations = HashMap<(i32, i32, i64, bool), [i8; 3]>;

thread_local! {
    static TRUNCATIONS: RefCell<Truncations> = RefCell::default();
}

/// The result of `niello_compiler::testing::truncation`, which is a long search; `simd_cases`
/// asks once more for each level.
fn truncation(multiplier: i32, shift: i32, largest: i64, one_sided: bool) -> [i8; 3] {
    let key = (multiplier, shift, largest, one_sided);
    TRUNCATIONS.with_borrow_mut(|known| {
        let search = || niello_compiler::testing::truncation(multiplier, shift, largest, one_sided);
        *known.entry(key).or_insert_with(search)
    })
}

/// The folder of this crate, `tests`.
pub fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of models and records that lies beside the repository.
pub fn shared() -> PathBuf {
    here().join("../../shared")
}

/// One sample of one recorded array as a flat list of f32.
///
/// # Panics
/// If there is no array of that name.
pub fn sample(arrays: &[(String, ArrayD<f64>)], key: &str, i: usize) -> Vec<f32> {
    sample_of(arrays, key, i)
}

/// One sample of one recorded array as a flat list, as wide as it is held.
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

/// One sample of one recorded array as a flat list of int8.
///
/// # Panics
/// If there is no array of that name.
pub fn sample_i8(arrays: &[(String, ArrayD<f64>)], key: &str, i: usize) -> Vec<i8> {
    sample_of(arrays, key, i)
}

/// How many samples the first array of a record has.
pub fn samples(arrays: &[(String, ArrayD<f64>)]) -> usize {
    arrays.first().map_or(0, |(_, a)| a.shape()[0])
}

/// Nested arrays that can be read as a flat list.
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
                #[allow(clippy::redundant_closure_call, reason = "the macro takes closures")]
                ($f)(x)
            }

            fn agrees(self, other: Self) -> bool {
                #[allow(clippy::redundant_closure_call, reason = "the macro takes closures")]
                ($agrees)(self, other)
            }
        })*
    };
}

/// Element types that records hold.
pub trait Recorded {
    /// The element of a widened recorded value.
    fn recorded(x: f64) -> Self;

    /// True if both are equal; real numbers may differ by float rounding.
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

/// One sample of one recorded array as a flat list of a type.
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

/// All elements of a nested array as a flat list.
pub fn flat<T>(nested: &impl Flat<T>) -> Vec<T> {
    let mut out = Vec::new();
    nested.flat(&mut out);
    out
}
