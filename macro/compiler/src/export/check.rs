//! The written file, read back: its program must compute the same bytes.

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::quant_graph::QuantGraph;
use crate::options::{Options, Request};
use crate::session::Session;

use super::random::Random;

/// How many inputs are compared.
const RUNS: u64 = 3;

/// Compiles the bytes as an int8 model and compares it with the program they were written from.
pub(super) fn check(bytes: &[u8], program: &QuantGraph) -> Result<()> {
    let unreadable = |e: Error| Error::internal(format!("the exported file is wrong: {e}"));
    let options = Options::default();
    let session = Session::new(bytes, &options, None).map_err(unreadable)?;
    let request = Request {
        model: std::path::PathBuf::new(),
        dataset: None,
        options,
        cache: None,
    };
    let read = session
        .quantize_as_required(bytes, &request)
        .map_err(unreadable)?;
    let (mut states, mut other_states) = (Vec::new(), Vec::new());
    for run in 0..RUNS {
        let mut random = Random(run);
        let inputs: Vec<Buffer> = program
            .inputs
            .iter()
            .map(|&id| random.elements(&program.tensors[id]))
            .collect();
        let own = program.simulate(&inputs, &states);
        let other = read.program.simulate(&inputs, &other_states);
        states = kept(program, &own);
        other_states = kept(&read.program, &other);
        let outputs = program.outputs.iter().zip(&read.program.outputs);
        if outputs.clone().all(|(&a, &b)| own[a] == other[b]) {
            continue;
        }
        return Err(Error::model(format!(
            "the operators of the format compute other bytes than the program: {}",
            first_difference((program, &own), (&read.program, &other))
        )));
    }
    Ok(())
}

/// What the next run begins with.
fn kept(program: &QuantGraph, tensors: &[Buffer]) -> Vec<Buffer> {
    let states = program.states.iter();
    states.map(|state| tensors[state.next].clone()).collect()
}

/// Where two runs differ first, of tensors that have one name in both programs.
fn first_difference(
    (program, own): (&QuantGraph, &[Buffer]),
    (read, other): (&QuantGraph, &[Buffer]),
) -> String {
    let by_name: HashMap<&str, usize> = read
        .steps
        .iter()
        .flat_map(|step| &step.outputs)
        .map(|&id| (read.tensors[id].name.as_str(), id))
        .collect();
    let differs = |id: usize| {
        let Some(&twin) = by_name.get(program.tensors[id].name.as_str()) else {
            return false;
        };
        let is_twin = program.tensors[id].params == read.tensors[twin].params
            && own[id].element() == other[twin].element();
        is_twin && own[id] != other[twin]
    };
    let step = program
        .steps
        .iter()
        .find(|step| step.outputs.iter().any(|&id| differs(id)));
    match step {
        Some(step) => format!(
            "{} in {:?} is the first that differs",
            step.label(),
            program.tensors[step.output()].name
        ),
        None => "an output differs".to_owned(),
    }
}
