//! The noise of programs at the outputs; of one that differs a little from another, only what
//! differs is run.

use ndarray::ArrayD;

use super::program::Part;
use crate::analysis::suffix::{ProgramChanges, run_step};
use crate::calibrate::{Samples, views};
use crate::error::Result;
use crate::ir::buffer::Buffer;
use crate::ir::graph::Graph;
use crate::ir::quant_graph::QuantGraph;
use crate::quantize::measure::{Noise, int8_histories};

/// The noise of another program than `own` at the outputs, both made from `graph`. With runs of
/// `own`, only those steps are run that differ from its own, or that read what differs.
pub(super) fn noise_of(
    graph: &Graph,
    own: &QuantGraph,
    other: &QuantGraph,
    runs: Option<&[Vec<Buffer>]>,
    samples: &Samples<'_>,
    part: &Part,
) -> Result<Vec<Noise>> {
    let numbers = part.numbers.iter().zip(&part.reference);
    let encoded = |number| other.encode_sample(&views(&samples.sample(number)));
    let Some(runs) = runs.filter(|_| is_alike(own, other)) else {
        let numbers = numbers.zip(int8_histories(graph, other, samples)?);
        return Ok(merged(numbers.map(|((&number, reference), states)| {
            let got = other.simulate(&encoded(number), &states);
            noise(other, reference, |id| &got[id])
        })));
    };
    Ok(merged(numbers.zip(runs).map(
        |((&number, reference), run)| {
            let changes = differing(own, other, run, &encoded(number));
            noise(other, reference, |id| changes.get(&id).unwrap_or(&run[id]))
        },
    )))
}

/// The tensors of another program than `own` that differ from those of a run of it.
fn differing(
    own: &QuantGraph,
    other: &QuantGraph,
    run: &[Buffer],
    inputs: &[Buffer],
) -> ProgramChanges {
    let mut changes = ProgramChanges::new();
    for (&id, input) in other.inputs.iter().zip(inputs) {
        if run[id] != *input {
            changes.insert(id, input.clone());
        }
    }
    let differs = |&id: &usize| own.tensors[id].params != other.tensors[id].params;
    for step in &other.steps {
        let is_other = step.inputs.iter().chain(&step.outputs).any(differs);
        if is_other || step.inputs.iter().any(|id| changes.contains_key(id)) {
            // Equal bytes of another scale stand for other numbers, which readers know.
            run_step(step, run, &mut changes);
        }
    }
    changes
}

/// True if two programs have the same steps on the same tensors.
fn is_alike(a: &QuantGraph, b: &QuantGraph) -> bool {
    let steps = a.steps.iter().zip(&b.steps);
    a.steps.len() == b.steps.len()
        && a.tensors.len() == b.tensors.len()
        && steps.into_iter().all(|(a, b)| {
            a.operator == b.operator && a.inputs == b.inputs && a.outputs == b.outputs
        })
        && a.tensors
            .iter()
            .zip(&b.tensors)
            .all(|(a, b)| a.len == b.len && a.element == b.element && a.constant == b.constant)
}

/// The noise of one sample at all outputs.
pub(super) fn noise<'a>(
    program: &QuantGraph,
    reference: &[ArrayD<f32>],
    tensor: impl Fn(usize) -> &'a Buffer,
) -> Vec<Noise> {
    let outputs = reference.iter().zip(&program.outputs);
    outputs
        .map(|(reference, &id)| {
            let mut noise = Noise::default();
            noise.add(reference.iter(), &program.decode(id, tensor(id)));
            noise
        })
        .collect()
}

/// The sums of all samples, in their order.
pub(super) fn merged(samples: impl IntoIterator<Item = Vec<Noise>>) -> Vec<Noise> {
    let mut all: Vec<Noise> = Vec::new();
    for sample in samples {
        if all.is_empty() {
            all = sample;
        } else {
            all.iter_mut().zip(&sample).for_each(|(a, b)| a.merge(b));
        }
    }
    all
}
