//! Runs a model with one operator exchanged after the other, and sums up what that does to the
//! outputs.

use ndarray::{ArrayD, ArrayViewD, IxDyn};

use super::progress::Progress;
use super::rerun::{float_rerun, program_rerun};
use super::suffix::{FloatChanges, ProgramChanges, float_suffix, program_suffix};
use crate::calibrate::{self, History, Samples, evaluate_from, evaluate_node, views};
use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::graph::{Graph, Node};
use crate::ir::quant_graph::{QuantGraph, Step};
use crate::parallel;
use crate::quantize::measure::{Noise, int8_histories};

/// Noise at each output: with all operators in int8, with only this one, with all but this one.
#[derive(Clone)]
pub(super) struct Effects {
    pub base: Vec<Noise>,
    pub equalized: Vec<Noise>,
    /// For each examined step.
    pub only: Vec<Vec<Noise>>,
    pub without: Vec<Vec<Option<Noise>>>,
}

/// One sample, run in float and in int8.
struct Run<'a> {
    /// The float model with channels equalized, which the program was made from.
    graph: &'a Graph,
    program: &'a QuantGraph,
    /// The outputs of the float model as the file has it.
    reference: Vec<ArrayD<f32>>,
    /// All tensors of `graph`, constants included.
    real: Vec<Option<ArrayD<f32>>>,
    got: Vec<Buffer>,
    /// What both began with: inputs and states.
    float: (&'a [ArrayViewD<'a, f32>], &'a [ArrayD<f32>]),
    int8: (&'a [Buffer], &'a [Buffer]),
}

/// Runs all samples; returns sums and how many samples they are of.
pub(super) fn effects(
    (file, graph): (&Graph, &Graph),
    program: &QuantGraph,
    samples: &Samples<'_>,
    examined: &[(usize, &Node)],
    progress: &dyn Progress,
) -> Result<(Effects, usize)> {
    let constants: Vec<Option<ArrayD<f32>>> = graph.values.iter().map(|v| v.real()).collect();
    // All tensors of a run are kept, changed ones twice.
    let elements: usize = graph.values.iter().map(|v| v.len() * 3).sum();
    let float = samples.histories(file)?;
    let equalized = samples.histories(graph)?;
    let int8 = int8_histories(graph, program, samples)?;
    let histories: Vec<((History, History), Vec<Buffer>)> =
        float.into_iter().zip(equalized).zip(int8).collect();
    let mut all: Option<Effects> = None;
    let mut measured = 0;
    const TOGETHER: usize = 16;
    for some in histories.chunks(TOGETHER) {
        let parts = parallel::map_within(elements, some, |((own, equalized), int8_states)| {
            let (number, states) = equalized;
            if progress.is_stopped() {
                return Ok(None);
            }
            let inputs = samples.sample(*number);
            let inputs = views(&inputs);
            let reference = calibrate::outputs(file, &inputs, &mut own.1.clone())?;
            let mut real = constants.clone();
            evaluate_from(graph, &inputs, states, |value, data| {
                real[value] = Some(data.clone());
            })?;
            let encoded = program.encode_sample(&inputs);
            let got = program.simulate(&encoded, int8_states);
            let run = Run {
                graph,
                program,
                reference,
                real,
                got,
                float: (&inputs, states),
                int8: (&encoded, int8_states),
            };
            run.effects(examined, progress)
        });
        for part in parts {
            let Some(part) = part? else { continue };
            measured += 1;
            match &mut all {
                Some(all) => all.merge(&part),
                None => all = Some(part),
            }
        }
    }
    let nothing = || Effects {
        base: Vec::new(),
        equalized: Vec::new(),
        only: Vec::new(),
        without: Vec::new(),
    };
    Ok((all.unwrap_or_else(nothing), measured))
}

impl Effects {
    /// Adds the sums of other samples.
    fn merge(&mut self, other: &Self) {
        let add = |a: &mut Vec<Noise>, b: &Vec<Noise>| {
            a.iter_mut().zip(b).for_each(|(a, b)| a.merge(b));
        };
        add(&mut self.base, &other.base);
        add(&mut self.equalized, &other.equalized);
        self.only
            .iter_mut()
            .zip(&other.only)
            .for_each(|(a, b)| add(a, b));
        for (a, b) in self.without.iter_mut().zip(&other.without) {
            for (a, b) in a.iter_mut().zip(b) {
                match (a, b) {
                    (Some(a), Some(b)) => a.merge(b),
                    (a, _) => *a = None,
                }
            }
        }
    }
}

impl Run<'_> {
    /// Exchanges each of the examined operators; `None` if the user has stopped it.
    fn effects(
        &self,
        examined: &[(usize, &Node)],
        progress: &dyn Progress,
    ) -> Result<Option<Effects>> {
        let mut effects = Effects {
            base: self.int8_noise(&ProgramChanges::new()),
            equalized: self.equalized_noise(),
            only: Vec::new(),
            without: Vec::new(),
        };
        for &(position, node) in examined {
            if progress.is_stopped() {
                return Ok(None);
            }
            let step = &self.program.steps[position];
            effects.only.push(self.only(step)?);
            let without = self.without(position, step, node)?;
            let outputs = self.program.outputs.len();
            effects.without.push(match without {
                Some(noise) => noise.into_iter().map(Some).collect(),
                None => vec![None; outputs],
            });
            progress.advance(1);
        }
        Ok(Some(effects))
    }

    /// The float model with one operator in int8.
    fn only(&self, step: &Step) -> Result<Vec<Noise>> {
        let exact: Vec<Buffer> = step
            .inputs
            .iter()
            .map(|&id| {
                let tensor = &self.program.tensors[id];
                let real = tensor.value.and_then(|v| self.real[v].as_ref());
                match real.filter(|_| tensor.constant.is_none()) {
                    Some(real) => self.program.encode_tensor(id, real.iter().copied()),
                    None => self.got[id].clone(),
                }
            })
            .collect();
        let results = step.kernel.simulate_all(&exact.iter().collect::<Vec<_>>());
        let mut changes = FloatChanges::new();
        let mut from = 0;
        for (&id, result) in step.outputs.iter().zip(&results) {
            let Some(value) = self.program.tensors[id].value else {
                continue;
            };
            let shape = IxDyn(&self.graph.values[value].shape);
            let data = ArrayD::from_shape_vec(shape, self.program.decode(id, result))
                .map_err(Error::internal)?;
            changes.insert(value, data);
            let writes = |node: &Node| node.outputs.contains(&value);
            let producer = self.graph.nodes.iter().position(writes);
            from = from.max(producer.map_or(0, |p| p + 1));
        }
        if self.graph.regions.is_empty() {
            float_suffix(self.graph, &self.real, from, &mut changes)?;
        } else {
            let (inputs, states) = self.float;
            float_rerun(self.graph, inputs, states, &mut changes)?;
        }
        let noise = self.graph.outputs.iter().map(|port| {
            let mut noise = Noise::default();
            if let Some(reference) = &self.real[port.value] {
                let got = changes.get(&port.value).unwrap_or(reference);
                let got: Vec<f32> = got.iter().copied().collect();
                noise.add(reference.iter(), &got);
            }
            noise
        });
        Ok(noise.collect())
    }

    /// The program with one operator in float; `None` if that would change nothing.
    fn without(&self, position: usize, step: &Step, node: &Node) -> Result<Option<Vec<Noise>>> {
        let mut inputs: Vec<(usize, ArrayD<f32>)> = Vec::new();
        for &value in node.inputs.iter().flatten() {
            if self.graph.values[value].constant.is_some() {
                continue;
            }
            let holds = |id: &&usize| self.program.tensors[**id].value == Some(value);
            let Some(&id) = step.inputs.iter().find(holds) else {
                return Ok(None);
            };
            let shape = IxDyn(&self.graph.values[value].shape);
            let data = ArrayD::from_shape_vec(shape, self.program.decode(id, &self.got[id]))
                .map_err(Error::internal)?;
            inputs.push((value, data));
        }
        let tensor = |v: usize| {
            let found = inputs.iter().find(|(value, _)| *value == v);
            found.map(|(_, data)| data).or(self.real[v].as_ref())
        };
        let (outputs, _) = evaluate_node(self.graph, node, tensor, |_| None)
            .map_err(|e| e.at(node.place(self.graph)))?;
        let mut changes = ProgramChanges::new();
        for (value, output) in node.outputs.iter().zip(outputs) {
            let holds = |id: &&usize| self.program.tensors[**id].value == Some(*value);
            let Some(&id) = step.outputs.iter().find(holds) else {
                continue;
            };
            let encoded = self.program.encode_tensor(id, output.iter().copied());
            if encoded != self.got[id] {
                changes.insert(id, encoded);
            }
        }
        if self.program.regions.is_empty() {
            program_suffix(self.program, &self.got, position + 1, &mut changes);
        } else {
            program_rerun(self.program, self.int8, &self.got, position, &mut changes);
        }
        Ok(Some(self.int8_noise(&changes)))
    }

    /// The noise at the program's outputs.
    fn int8_noise(&self, changes: &ProgramChanges) -> Vec<Noise> {
        let outputs = self.reference.iter().zip(&self.program.outputs);
        outputs
            .map(|(reference, &id)| {
                let mut noise = Noise::default();
                let got = changes.get(&id).unwrap_or(&self.got[id]);
                noise.add(reference.iter(), &self.program.decode(id, got));
                noise
            })
            .collect()
    }

    /// The noise at the outputs of the float model with channels equalized.
    fn equalized_noise(&self) -> Vec<Noise> {
        let outputs = self.reference.iter().zip(&self.graph.outputs);
        outputs
            .map(|(reference, port)| {
                let mut noise = Noise::default();
                if let Some(got) = &self.real[port.value] {
                    let got: Vec<f32> = got.iter().copied().collect();
                    noise.add(reference.iter(), &got);
                }
                noise
            })
            .collect()
    }
}
