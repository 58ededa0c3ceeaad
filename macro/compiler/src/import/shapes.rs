//! Shapes that the file leaves open: whose word counts, and what is checked.
//!
//! A file's `shape` is a guess where `shape_signature` has -1. Shapes of inputs come
//! from the user, from the dataset, or, for the batch, are 1; all others are computed
//! by the operators ([`crate::ir::operator::Operator::output_shapes`]).

use crate::error::shape_text;
use crate::error::{Blame, Error, Result};
use crate::import::reader::Reader;
use crate::ir::graph::{Graph, Port};

/// The sources of the inputs' shapes.
#[derive(Clone, Copy)]
pub(crate) struct InputShapes<'a> {
    /// The shapes that the user writes, by the input's name, with the batch.
    pub chosen: &'a [(String, Vec<usize>)],
    /// Gives the shapes of a dataset's samples; called only if need be.
    pub sampled: &'a dyn Fn() -> Result<Vec<SampleShape>>,
}

/// The shape of one sample by the array's key; by none if the dataset is for models with
/// one input.
pub(crate) type SampleShape = (Option<String>, Vec<usize>);

/// NumPy's own name for the array of a model with one input.
fn inputs_are_one(key: &str, graph: &Graph) -> bool {
    key == "arr_0" && graph.inputs.len() == 1
}

/// A sample's shape with a batch of 1, if it has none.
fn with_batch(sample: &[usize], rank: usize) -> Vec<usize> {
    if sample.len() + 1 == rank {
        [&[1], sample].concat()
    } else {
        sample.to_vec()
    }
}

/// Compares a computed shape with the dimensions that the file fixes.
pub(crate) fn check(computed: &[usize], stated: &[Option<usize>]) -> Result<()> {
    // Files may leave a scalar or dynamic shape empty; the computed one is right.
    let fits = stated.is_empty()
        || stated.len() == computed.len()
            && (stated.iter().zip(computed)).all(|(stated, n)| stated.is_none_or(|s| s == *n));
    if fits {
        return Ok(());
    }
    Err(Error::model(format!(
        "its output has shape {} in the file, but its inputs give {}",
        open_text(stated),
        shape_text(computed)
    )))
}

/// A shape as people write it, with `?` for what is open.
fn open_text(shape: &[Option<usize>]) -> String {
    let dims: Vec<String> = shape
        .iter()
        .map(|d| d.map_or("?".to_owned(), |d| d.to_string()))
        .collect();
    format!("[{}]", dims.join(", "))
}

impl Reader<'_> {
    /// Gives every input its shape.
    pub(crate) fn input_shapes(&mut self, shapes: &InputShapes<'_>) -> Result<()> {
        let inputs = &self.graph.inputs;
        let unknown = (shapes.chosen.iter())
            .find(|(name, _)| !inputs.iter().any(|port| port.is_called(name)));
        if let Some((unknown, _)) = unknown {
            let names: Vec<&str> = inputs.iter().map(|p| p.name.as_str()).collect();
            return Err(Error::new(
                Blame::Option("shapes"),
                format!("no input is called {unknown:?}; the inputs are {names:?}"),
            ));
        }
        let is_open = |port: &Port| {
            self.file_shapes[port.value]
                .iter()
                .skip(1)
                .any(Option::is_none)
        };
        let sampled = if inputs.iter().any(is_open) {
            (shapes.sampled)()?
        } else {
            Vec::new()
        };
        for i in 0..self.graph.inputs.len() {
            let port = &self.graph.inputs[i];
            let (value, name) = (port.value, port.name.as_str());
            let guessed = &self.graph.values[value].shape;
            let stated = &self.file_shapes[value];
            let chosen = shapes.chosen.iter().find(|(n, _)| port.is_called(n));
            let shape = match chosen {
                Some((_, shape)) => {
                    fits_file(name, shape, stated)
                        .map_err(|message| Error::new(Blame::Option("shapes"), message))?;
                    shape.clone()
                }
                None => {
                    let sample = sampled.iter().find(|(key, _)| match key {
                        Some(key) => port.is_called(key) || inputs_are_one(key, &self.graph),
                        None => self.graph.inputs.len() == 1,
                    });
                    let sampled = sample.map(|(_, shape)| with_batch(shape, stated.len()));
                    inferred(name, guessed, stated, sampled)?
                }
            };
            if shape.contains(&0) {
                return Err(Error::model(format!(
                    "input {name:?} has shape {}, without elements",
                    shape_text(&shape)
                )));
            }
            // Shapes inside of the file are those of the shape that it was saved with.
            self.is_static &= shape == *guessed && stated.iter().all(Option::is_some);
            self.graph.values[value].shape.clone_from(&shape);
            self.graph.inputs[i].shape = shape;
        }
        Ok(())
    }
}

/// Why a chosen shape contradicts the file, if it does.
fn fits_file(name: &str, shape: &[usize], stated: &[Option<usize>]) -> Result<(), String> {
    let is_free = stated.iter().all(Option::is_some);
    let fits = shape.len() == stated.len()
        && (stated.iter().zip(shape)).all(|(s, n)| is_free || s.is_none_or(|s| s == *n));
    if fits {
        return Ok(());
    }
    Err(format!(
        "{} does not fit the input {name:?}, whose shape is {} in the file",
        shape_text(shape),
        open_text(stated)
    ))
}

/// The shape of an input that the user says nothing about.
fn inferred(
    name: &str,
    guessed: &[usize],
    stated: &[Option<usize>],
    sampled: Option<Vec<usize>>,
) -> Result<Vec<usize>> {
    let mut shape = Vec::new();
    for (d, stated) in stated.iter().enumerate() {
        let sampled = sampled.as_ref().and_then(|s| s.get(d).copied());
        let guess = guessed.get(d).copied().unwrap_or(1);
        shape.push(match (stated, sampled) {
            (Some(n), _) => *n,
            (None, Some(n)) => n,
            // A model may have been saved for a size that it does not insist on.
            (None, None) if d == 0 || guess > 1 => guess,
            (None, None) => return Err(Error::model(unknown(name, d, guessed))),
        });
    }
    Ok(shape)
}

/// The message for a dimension that nothing says.
fn unknown(name: &str, d: usize, guessed: &[usize]) -> String {
    let example: Vec<usize> = guessed
        .iter()
        .enumerate()
        .map(|(i, &n)| if i > 0 && n == 1 { 96 } else { n })
        .collect();
    format!(
        "the file leaves dimension {d} of the input {name:?} open: write the shape to compile for, \
         e.g. `shapes({name:?}: {})`, or add a dataset, whose samples have one",
        shape_text(&example)
    )
}
