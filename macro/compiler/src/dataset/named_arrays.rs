//! Arrays by the names that the dataset gives them.

use std::io::Read;

use ndarray::ArrayD;

use super::limits;
use super::npy::Array;
use super::values::Values;
use crate::error::{Error, Result};
use crate::ir::graph::Port;

/// The beginning of the names of arrays that lie beside the samples and are not read.
pub(super) const LABEL: &str = "label:";

/// The arrays of a dataset, read one after the other in any order.
pub(super) struct NamedArrays<'a> {
    inputs: &'a [Port],
    pub by_input: Vec<Option<ArrayD<f32>>>,
    /// All keys of the dataset, for messages.
    keys: Vec<String>,
    /// For each key, the input that it belongs to; `None` for labels.
    places: Vec<Option<usize>>,
}

impl<'a> NamedArrays<'a> {
    /// Matches the dataset's keys with the model's inputs.
    pub(super) fn new(inputs: &'a [Port], keys: Vec<String>) -> Result<Self> {
        let mut arrays = Self {
            inputs,
            by_input: vec![None; inputs.len()],
            places: Vec::new(),
            keys,
        };
        for key in &arrays.keys {
            // Labels may lie beside the samples; they are not for calibration.
            let is_label = key.starts_with(LABEL);
            let place = if is_label { None } else { arrays.place(key) };
            if place.is_none() && !is_label {
                return Err(Error::dataset(format!(
                    "the dataset has {}, which is not an input; the model's inputs are {:?}, \
                     the dataset has {}",
                    limits::quoted(key),
                    arrays.names(),
                    arrays.list()
                )));
            }
            if place.is_some() && arrays.places.contains(&place) {
                return Err(Error::dataset(format!(
                    "the dataset has several arrays for the input {:?}; it has {}",
                    inputs[place.unwrap_or(0)].name,
                    arrays.list()
                )));
            }
            arrays.places.push(place);
        }
        match (0..inputs.len()).find(|&i| !arrays.places.contains(&Some(i))) {
            Some(missing) => Err(Error::dataset(format!(
                "the dataset has no samples of the input {:?}; it has {}",
                inputs[missing].name,
                arrays.list()
            ))),
            None => Ok(arrays),
        }
    }

    fn names(&self) -> Vec<&str> {
        self.inputs.iter().map(|p| p.name.as_str()).collect()
    }

    /// The first keys, as text for messages.
    fn list(&self) -> String {
        const SHOWN: usize = 20;
        let keys: Vec<String> = self
            .keys
            .iter()
            .take(SHOWN)
            .map(|k| limits::quoted(k))
            .collect();
        let more = if self.keys.len() > SHOWN { ", .." } else { "" };
        format!("[{}{more}]", keys.join(", "))
    }

    /// The input that a key names. `arr_0` is NumPy's own name for an array without one.
    fn place(&self, key: &str) -> Option<usize> {
        let exact = self.inputs.iter().position(|p| p.name == key);
        let called = || self.inputs.iter().position(|p| p.is_called(key));
        let only = || (self.inputs.len() == 1 && key == "arr_0").then_some(0);
        exact.or_else(called).or_else(only)
    }

    /// Reads the array of a key. `elements` is what may be read of its file yet.
    pub(super) fn read(
        &mut self,
        key: usize,
        data: impl Read,
        elements: &mut u64,
    ) -> Result<(), String> {
        let Some(place) = self.places[key] else {
            return Ok(());
        };
        let input = &self.inputs[place];
        let array = Array::open(data)?;
        full_shape(input, &array.shape).map_err(|e| format!("it has {e}"))?;
        limits::spend(elements, &array.shape, array.len())?;
        self.by_input[place] = Some(array.read(Values::of(input))?);
        Ok(())
    }
}

/// The shape [samples, ..shape of the input] of an array: the batch dimension may be
/// left out, be there, or be the sample axis itself.
pub(super) fn full_shape(input: &Port, array: &[usize]) -> Result<Vec<usize>, String> {
    let shape = &input.shape[..];
    let without_batch = input.without_batch();
    match array.split_first() {
        Some((samples, rest)) if rest == shape || rest == without_batch => {
            Ok([&[*samples], shape].concat())
        }
        _ => Err(format!(
            "shape {array:?}; expected [samples, {}]",
            without_batch
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        )),
    }
}
