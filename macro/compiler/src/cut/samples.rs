//! The dataset of a part: what the float model computes for its inputs.

use std::collections::BTreeSet;
use std::path::Path;

use super::{CutArray, Source, ids};
use crate::calibrate::{self, Samples, views};
use crate::dataset::Dataset;
use crate::error::Result;
use crate::ir::graph::{ElementType, Port};
use crate::options::{Options, Request};
use crate::parallel;
use crate::session::Session;
use crate::tflite::write::SignatureTable;
use crate::tflite::write_part::{Part, write_part};

/// The values of the tensors `from` in all samples, under these names.
pub(super) fn samples(
    source: &Source<'_>,
    request: &Request,
    path: &Path,
    from: &[usize],
    names: &[String],
) -> Result<Vec<CutArray>> {
    let computed: Vec<usize> = from
        .iter()
        .copied()
        .filter(|id| !source.inputs.contains(id))
        .collect();
    let options = Options {
        shapes: request.options.shapes.clone(),
        samples_follow: request.options.samples_follow,
        images: request.options.images.clone(),
        ..Options::default()
    };
    // What lies before the part, as a model of its own: no operator behind it counts. Without
    // any, the model's inputs are what is wanted.
    let part = Part {
        subgraph: source.index,
        operators: source.before(&computed),
        signature: SignatureTable {
            key: source.key(request),
            inputs: source.ports(&source.inputs, false),
            outputs: source.ports(if computed.is_empty() { from } else { &computed }, true),
        },
    };
    let before = write_part(source.bytes, source.model, &part)?;
    let session = Session::new(&before, &options, Some(path))?;
    session.check_memory()?;
    let graph = &session.graph;
    let data = Dataset::read(path, &graph.inputs, &options.images)?;
    let numbers: Vec<usize> = (0..data.len()).collect();
    let samples = Samples::uncut(&data, &numbers, options.samples_follow);
    let histories = samples.histories(graph)?;
    let runs = parallel::map_within(graph.live().0, &histories, |(number, states)| {
        let inputs = samples.sample(*number);
        let outputs = calibrate::outputs(graph, &views(&inputs), &mut states.clone())?;
        let outputs = outputs
            .into_iter()
            .map(|o| o.into_iter().collect::<Vec<f32>>());
        Ok((inputs, outputs.collect::<Vec<_>>()))
    });
    let ports: Vec<&Port> = from
        .iter()
        .map(|id| {
            let input = source.inputs.iter().position(|i| i == id);
            let output = computed.iter().position(|c| c == id).unwrap_or(0);
            input.map_or(&graph.outputs[output], |input| &graph.inputs[input])
        })
        .collect();
    let mut arrays: Vec<CutArray> = names
        .iter()
        .zip(&ports)
        .map(|(name, port)| CutArray {
            name: name.clone(),
            shape: [&[numbers.len()], port.without_batch()].concat(),
            element: match port.element {
                element @ (ElementType::I32 | ElementType::U32 | ElementType::Bool) => element,
                _ => ElementType::F32,
            },
            data: Vec::new(),
        })
        .collect();
    for run in runs {
        let (inputs, outputs) = run?;
        for (id, array) in from.iter().zip(&mut arrays) {
            match source.inputs.iter().position(|i| i == id) {
                Some(input) => array.data.extend(inputs[input].iter()),
                None => {
                    let output = computed.iter().position(|c| c == id).unwrap_or(0);
                    array.data.extend(&outputs[output]);
                }
            }
        }
    }
    Ok(arrays)
}

impl Source<'_> {
    /// The operators that compute these tensors from the model's inputs; all of them if there are
    /// variables, which operators anywhere may write.
    fn before(&self, tensors: &[usize]) -> Vec<usize> {
        let producers = self.producers();
        let mut operators = BTreeSet::new();
        let mut wanted = tensors.to_vec();
        while let Some(id) = wanted.pop() {
            if let Some(operator) = producers[id]
                && operators.insert(operator)
            {
                wanted.extend(ids(self.operators[operator].inputs()));
            }
        }
        if operators
            .iter()
            .any(|&operator| self.keeps_variable(operator))
        {
            return (0..self.operators.len()).collect();
        }
        operators.into_iter().collect()
    }
}
