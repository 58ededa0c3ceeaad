//! What a tensor in int16 would gain: the program with this tensor in int16, and all others as they
//! are, runs on the same samples.
//!
//! Nothing is estimated: it is the program of `tensors("name": int16)` beside the call's options,
//! with the same ranges and, in real numbers, the same corrections of biases. Only what differs
//! from the program without int16 is run.

use std::collections::HashMap;

use super::quantize::{lower, lower_again};
use super::{Session, widths};
use crate::cache::Calibration;
use crate::calibrate::{self, Samples, views};
use crate::error::Result;
use crate::ir::buffer::Buffer;
use crate::ir::control::WHOLE;
use crate::ir::graph::{ElementType, Graph, ValueId};
use crate::ir::quant_graph::{QuantGraph, QuantTensor, Step, TensorId};
use crate::options::Options;
use crate::parallel;
use crate::quantize::corrected::Corrected;
use crate::quantize::measure::{Noise, int8_histories};

/// The noise at each output, on the same samples.
pub(crate) struct Int16Gains {
    /// As it is.
    pub base: Vec<Noise>,
    /// With one tensor in int16, for each that was asked for; `None` where it cannot be int16 or
    /// is already.
    pub with: Vec<Option<Int16Noise>>,
}

/// The program with one tensor in int16.
#[derive(Clone)]
pub(crate) struct Int16Noise {
    /// The noise at each output.
    pub outputs: Vec<Noise>,
    /// Multiply-accumulates that read int16, and did not before.
    #[cfg_attr(
        not(feature = "analysis"),
        expect(dead_code, reason = "analysis shows it")
    )]
    pub macs: u64,
}

/// One sample, run by the program as it is.
struct Run {
    number: usize,
    reference: Vec<ndarray::ArrayD<f32>>,
    states: Vec<Buffer>,
    tensors: Vec<Buffer>,
}

impl Session {
    /// The noise at the outputs with each of `values` in int16; the rest is left out if `goes_on`
    /// says no.
    pub(crate) fn int16_gains(
        &self,
        (calibrated, own): (&Graph, &QuantGraph),
        calibration: &Calibration,
        options: &Options,
        samples: &Samples<'_>,
        values: &[ValueId],
        goes_on: &(dyn Fn() -> bool + Sync),
    ) -> Result<Int16Gains> {
        let (file, elements) = (&self.graph, &self.elements);
        let histories = samples.histories(file)?;
        let int8 = int8_histories(calibrated, own, samples)?;
        let both: Vec<_> = histories.into_iter().zip(int8).collect();
        let runs = parallel::map_within(file.live().0, &both, |((number, real), states)| {
            let inputs = samples.sample(*number);
            let inputs = views(&inputs);
            Ok(Run {
                number: *number,
                reference: calibrate::outputs(file, &inputs, &mut real.clone())?,
                states: states.clone(),
                tensors: own.simulate(&own.encode_sample(&inputs), states),
            })
        });
        let runs = runs.into_iter().collect::<Result<Vec<Run>>>()?;
        let base = sum(runs
            .iter()
            .map(|run| noise(own, run, |id| &run.tensors[id])));
        let (ranges, roundings) = (&calibration.ranges, &calibration.roundings);
        let mut fresh = lower(calibrated, ranges, roundings, elements, options)?;
        let corrected = Corrected::of(&mut fresh, &calibration.corrections);
        let candidates = widths::candidates(calibrated);
        let with = parallel::map(values, |value| {
            if !candidates.contains(value) || !goes_on() {
                return None;
            }
            let mut graph = calibrated.clone();
            widths::widen(&mut graph, &candidates, &[*value]);
            // What cannot be compiled gains nothing.
            let other = lower_again(&graph, calibration, &corrected, elements, options);
            let other = other.ok()?;
            let same = same_tensors(own, &other);
            let outputs = sum(runs.iter().map(|run| {
                let inputs = samples.sample(run.number);
                let inputs = other.encode_sample(&views(&inputs));
                let tensors = differing(&other, &same, run, &inputs);
                noise(&other, run, |id| tensor(&other, &same, run, &tensors, id))
            }));
            let macs = int16_macs(&other).saturating_sub(int16_macs(own));
            Some(Int16Noise { outputs, macs })
        });
        Ok(Int16Gains { base, with })
    }
}

impl Int16Gains {
    /// By how many dB one output gains with the tensor at `place` in int16; `None` if that is not
    /// known, or if no error is left.
    pub(crate) fn gain(&self, place: usize, output: usize) -> Option<f64> {
        let with = self.with.get(place)?.as_ref()?;
        let gain = with.outputs.get(output)?.sqnr_db() - self.base.get(output)?.sqnr_db();
        gain.is_finite().then_some(gain)
    }
}

/// Multiply-accumulates of a program that read int16.
pub(crate) fn int16_macs(program: &QuantGraph) -> u64 {
    let reads_int16 = |step: &&Step| {
        let mut inputs = step.inputs.iter().map(|&id| &program.tensors[id]);
        inputs.any(|t| t.constant.is_none() && t.element == ElementType::I16 && t.params.is_some())
    };
    let steps = program.steps.iter().filter(reads_int16);
    steps.map(|step| step.kernel.macs()).sum()
}

/// For each tensor of `other`, the one of `own` that has the same content on every sample.
fn same_tensors(own: &QuantGraph, other: &QuantGraph) -> Vec<Option<TensorId>> {
    let mut same = vec![None; other.tensors.len()];
    // States and regions: all of it is run.
    if !other.states.is_empty() || !other.regions.is_empty() {
        return same;
    }
    let is_alike = |a: &QuantTensor, b: &QuantTensor| {
        a.value == b.value && a.element == b.element && a.params == b.params && a.len == b.len
    };
    for (&id, &of_own) in other.inputs.iter().zip(&own.inputs) {
        if is_alike(&own.tensors[of_own], &other.tensors[id]) {
            same[id] = Some(of_own);
        }
    }
    let key = |program: &QuantGraph, step: &Step| {
        let value = program.tensors[step.output()].value;
        (step.index, step.operator, value)
    };
    let mut by_key: HashMap<_, Vec<&Step>> = HashMap::new();
    for step in own.steps.iter().filter(|step| step.region == WHOLE) {
        by_key.entry(key(own, step)).or_default().push(step);
    }
    for step in &other.steps {
        let reads_same = |found: &Step| {
            let mut inputs = step.inputs.iter().zip(&found.inputs);
            step.inputs.len() == found.inputs.len()
                && inputs.all(|(&id, &of_own)| {
                    let constants = (&own.tensors[of_own].constant, &other.tensors[id].constant);
                    match constants {
                        (Some(a), Some(b)) => a == b,
                        _ => same[id] == Some(of_own),
                    }
                })
        };
        let writes_same = |found: &Step| {
            let mut outputs = step.outputs.iter().zip(&found.outputs);
            step.outputs.len() == found.outputs.len()
                && outputs.all(|(&id, &of_own)| is_alike(&own.tensors[of_own], &other.tensors[id]))
        };
        let found = by_key.get(&key(other, step)).into_iter().flatten();
        let found = found
            .copied()
            .find(|found| writes_same(found) && reads_same(found));
        if let Some(found) = found {
            for (&id, &of_own) in step.outputs.iter().zip(&found.outputs) {
                same[id] = Some(of_own);
            }
        }
    }
    same
}

/// The tensors of `other` that are not those of `own` on one sample.
fn differing(
    other: &QuantGraph,
    same: &[Option<TensorId>],
    run: &Run,
    inputs: &[Buffer],
) -> Vec<Option<Buffer>> {
    if !other.states.is_empty() || !other.regions.is_empty() {
        let all = other.simulate(inputs, &run.states);
        return all.into_iter().map(Some).collect();
    }
    let mut tensors: Vec<Option<Buffer>> = vec![None; other.tensors.len()];
    for (&id, input) in other.inputs.iter().zip(inputs) {
        tensors[id] = Some(input.clone());
    }
    for step in &other.steps {
        if step.outputs.iter().all(|&id| same[id].is_some()) {
            continue;
        }
        let inputs = step.inputs.iter();
        let inputs: Vec<&Buffer> = inputs
            .map(|&id| tensor(other, same, run, &tensors, id))
            .collect();
        let results = step.kernel.simulate_all(&inputs);
        for (&id, result) in step.outputs.iter().zip(results) {
            tensors[id] = Some(result);
        }
    }
    tensors
}

/// The content of a tensor of `other`.
fn tensor<'a>(
    other: &'a QuantGraph,
    same: &[Option<TensorId>],
    run: &'a Run,
    tensors: &'a [Option<Buffer>],
    id: TensorId,
) -> &'a Buffer {
    const NOTHING: &Buffer = &Buffer::I8(Vec::new());
    let constant = other.tensors[id].constant.as_ref();
    let of_own = same[id].map(|id| &run.tensors[id]);
    constant
        .or(tensors[id].as_ref())
        .or(of_own)
        .unwrap_or(NOTHING)
}

/// The noise of one sample at all outputs.
fn noise<'a>(
    program: &QuantGraph,
    run: &Run,
    tensor: impl Fn(TensorId) -> &'a Buffer,
) -> Vec<Noise> {
    let outputs = run.reference.iter().zip(&program.outputs);
    outputs
        .map(|(reference, &id)| {
            let mut noise = Noise::default();
            noise.add(reference.iter(), &program.decode(id, tensor(id)));
            noise
        })
        .collect()
}

/// The sums over samples, in their order.
fn sum(samples: impl Iterator<Item = Vec<Noise>>) -> Vec<Noise> {
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::calibrate::Method;
    use crate::dataset::Dataset;
    use crate::options::Request;
    use crate::session::QuantizedModel;

    /// The model with these tensors in int16, calibrated on ten samples.
    fn quantized(tensors: &[&str], bias_correction: bool) -> (Session, QuantizedModel, Request) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/models");
        let int16 = |name: &&str| ((*name).to_owned(), Method::Int16);
        let request = Request {
            model: folder.join("photo_locator_f32.tflite"),
            dataset: Some(folder.join("photo_locator_calibration.npz")),
            options: Options {
                samples: Some(10),
                bias_correction,
                tensors: tensors.iter().map(int16).collect(),
                ..Options::default()
            },
            cache: None,
        };
        let bytes = std::fs::read(&request.model).expect("a file");
        let path = request.dataset.as_deref();
        let session = Session::new(&bytes, &request.options, path).expect("a model");
        let quantized = session.quantize(&bytes, &request).expect("calibrates");
        (session, quantized, request)
    }

    fn samples_of(request: &Request, session: &Session) -> Dataset {
        let path = request.dataset.as_ref().expect("a path");
        Dataset::read(path, &session.graph.inputs, &request.options.images).expect("samples")
    }

    /// Each tensor alone: the figures are those of a build with this tensor in int16.
    #[test]
    fn gains_are_those_of_a_build() {
        let (session, own, request) = quantized(&[], false);
        let data = samples_of(&request, &session);
        let numbers = [3, 40];
        let samples = Samples::uncut(&data, &numbers, false);
        let nodes = session.graph.nodes.iter();
        let values = nodes.map(|node| node.output());
        // Names of outputs stand for several tensors.
        let values: Vec<ValueId> = values.filter(|&v| !session.graph.is_output(v)).collect();
        let both = (&own.graph, &own.program);
        let options = &request.options;
        let gains = session
            .int16_gains(both, &own.calibration, options, &samples, &values, &|| true)
            .expect("runs");
        let mut compared = 0;
        for (&value, with) in values.iter().zip(&gains.with).step_by(5) {
            let Some(with) = with else { continue };
            let name = &session.graph.values[value].name;
            let (other_session, other, _) = quantized(&[name], false);
            let measured = crate::quantize::measure::measure(
                &other_session.graph,
                &other.program,
                &samples,
                false,
            );
            let measured = measured.expect("runs").outputs;
            for (a, b) in with.outputs.iter().zip(&measured) {
                assert_eq!(a.sqnr_db(), b.sqnr_db(), "{name}");
            }
            assert_eq!(with.macs, int16_macs(&other.program), "{name}");
            compared += 1;
        }
        assert!(compared > 3, "{compared}");
    }

    /// The other programs have the corrections of this one: a tensor that changes hardly anything
    /// in int16 leaves what they have gained.
    #[test]
    fn corrections_are_kept() {
        let (session, own, request) = quantized(&[], true);
        let data = samples_of(&request, &session);
        let samples = Samples::uncut(&data, &[3, 40], false);
        let mut own_program = lower(
            &own.graph,
            &own.calibration.ranges,
            &own.calibration.roundings,
            &session.elements,
            &request.options,
        )
        .expect("lowers");
        let corrections = &own.calibration.corrections;
        let corrected = Corrected::of(&mut own_program, corrections);
        corrected.apply(&mut own_program);
        let both = [&own.program, &own_program].map(|program| {
            crate::quantize::measure::measure(&session.graph, program, &samples, false)
                .expect("runs")
                .outputs
                .iter()
                .map(Noise::sqnr_db)
                .collect::<Vec<f64>>()
        });
        assert_eq!(both[0], both[1]);
        assert!(corrections.iter().flatten().any(|steps| *steps != 0));
    }

    /// An operator with weights reads either type and writes either: none of its tensors is
    /// converted.
    #[test]
    fn weights_between_types_cost_no_copy() {
        let (session, own, _) = quantized(&[], false);
        let weighted = session.graph.nodes.iter().filter(|n| n.op.writes_f32());
        let is_computed = |v: &ValueId| session.graph.values[*v].constant.is_none();
        let ports: Vec<ValueId> = session.graph.outputs.iter().map(|p| p.value).collect();
        let mut seen = 0;
        for node in weighted {
            let value = node.output();
            let mut readers = session.graph.nodes.iter();
            let mut readers = readers.by_ref().filter(|n| n.inputs.contains(&Some(value)));
            if !readers.all(|n| n.op.writes_f32()) || ports.contains(&value) || !is_computed(&value)
            {
                continue;
            }
            let (_, other, _) = quantized(&[&session.graph.values[value].name], false);
            let names = |program: &QuantGraph| -> Vec<&str> {
                program.steps.iter().map(|step| step.operator).collect()
            };
            assert_eq!(names(&own.program), names(&other.program));
            let is_wide = |t: &QuantTensor| t.value == Some(value) && t.element == ElementType::I16;
            assert!(other.program.tensors.iter().any(is_wide));
            seen += 1;
        }
        assert!(seen > 2, "{seen}");
    }
}
