//! Runs a whole model anew with one tensor exchanged: for models with branches and loops, where
//! it is not known which operators depend on it.

use ndarray::{ArrayD, ArrayViewD};

use super::suffix::{FloatChanges, ProgramChanges};
use crate::calibrate::Evaluation;
use crate::error::Result;
use crate::ir::buffer::Buffer;
use crate::ir::graph::Graph;
use crate::ir::quant_graph::QuantGraph;

/// Runs the float model; every tensor of `changes` has the content there once it is computed. The
/// model's outputs are added to `changes`.
pub(super) fn float_rerun(
    graph: &Graph,
    inputs: &[ArrayViewD<'_, f32>],
    states: &[ArrayD<f32>],
    changes: &mut FloatChanges,
) -> Result<()> {
    let mut evaluation = Evaluation::new(graph, inputs, states)?;
    let mut outputs = FloatChanges::new();
    while let Some(written) = evaluation.step(graph)? {
        for value in written {
            if let Some(data) = changes.get(&value) {
                evaluation.exchange(value, data.clone());
            }
            if let Some(data) = evaluation.tensor(value).filter(|_| graph.is_output(value)) {
                outputs.insert(value, data.clone());
            }
        }
        evaluation.drop_dead();
    }
    changes.extend(outputs);
    Ok(())
}

/// Runs the program; after the step at `position`, the tensors of `changes` have the contents
/// there. All tensors that differ from those of `base` are added to `changes`.
pub(super) fn program_rerun(
    program: &QuantGraph,
    (inputs, states): (&[Buffer], &[Buffer]),
    base: &[Buffer],
    position: usize,
    changes: &mut ProgramChanges,
) {
    let mut tensors = program.start(inputs, states);
    let mut cursor = program.cursor();
    program.advance(&mut cursor, position + 1, &mut tensors);
    for (&id, content) in changes.iter() {
        tensors[id] = content.clone();
    }
    program.advance(&mut cursor, usize::MAX, &mut tensors);
    for (id, content) in tensors.into_iter().enumerate() {
        if content != base[id] {
            changes.insert(id, content);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::suffix::{float_suffix, program_suffix};
    use super::*;
    use crate::calibrate::{evaluate_from, views};
    use crate::dataset::Dataset;
    use crate::options::{Options, Request};
    use crate::session::{QuantizedModel, Session};

    /// Where there are no branches, both ways give the same: all operators, or those that depend on
    /// the tensor.
    #[test]
    fn a_whole_run_gives_what_its_changed_part_gives() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/models");
        let request = Request {
            model: folder.join("digit_pair_f32.tflite"),
            dataset: Some(folder.join("digit_pair_calibration.npz")),
            options: Options {
                samples: Some(4),
                ..Options::default()
            },
            cache: None,
        };
        let bytes = std::fs::read(&request.model).expect("a file");
        let path = request.dataset.as_deref();
        let session = Session::new(&bytes, &request.options, path).expect("a model");
        let quantized = session.quantize(&bytes, &request).expect("calibrates");
        let QuantizedModel { program, graph, .. } = quantized;
        let path = request.dataset.as_ref().expect("a path");
        let data = Dataset::read(path, &graph.inputs, &request.options.images).expect("samples");
        let inputs: Vec<_> = data.sample(7).into_iter().map(Into::into).collect();
        let inputs = views(&inputs);
        let mut real: Vec<_> = graph.values.iter().map(|v| v.real()).collect();
        evaluate_from(&graph, &inputs, &[], |value, data| {
            real[value] = Some(data.clone());
        })
        .expect("runs");
        let mut changed = 0;
        for (position, node) in graph.nodes.iter().enumerate() {
            let value = node.output();
            let other = real[value]
                .as_ref()
                .expect("computed")
                .mapv(|x| x * 0.5 + 0.1);
            let mut part = FloatChanges::from([(value, other)]);
            let mut whole = part.clone();
            float_suffix(&graph, &real, position + 1, &mut part).expect("runs");
            float_rerun(&graph, &inputs, &[], &mut whole).expect("runs");
            for port in &graph.outputs {
                let of_part = part.get(&port.value).or(real[port.value].as_ref());
                assert_eq!(of_part, whole.get(&port.value), "{}", node.place(&graph));
                changed += usize::from(of_part != real[port.value].as_ref());
            }
        }
        assert!(changed > 5, "{changed}");
        let encoded = program.encode_sample(&inputs);
        let got = program.simulate(&encoded, &[]);
        for (position, step) in program.steps.iter().enumerate() {
            let id = step.output();
            let other = got[(id + 1) % got.len()].clone();
            let other = if other.len() == got[id].len() {
                other
            } else {
                continue;
            };
            let mut part = ProgramChanges::from([(id, other)]);
            let mut whole = part.clone();
            program_suffix(&program, &got, position + 1, &mut part);
            program_rerun(&program, (&encoded, &[]), &got, position, &mut whole);
            part.retain(|&id, content| *content != got[id]);
            whole.retain(|&id, content| *content != got[id]);
            assert_eq!(part, whole, "step {position}");
        }
    }
}
