//! What single operators do to the outputs: all in float but one, and all in int8 but one.
//!
//! The SQNR of an operator alone does not say this: an error may be masked by what follows, or
//! be the one that matters.

use ndarray::{ArrayD, IxDyn};
use serde::{Deserialize, Serialize};

use super::Analysis;
use super::metrics::OutputMetrics;
use super::progress::Progress;
use super::samples::SampleUse;
use super::suffix::{FloatChanges, ProgramChanges, float_suffix, program_suffix};
use crate::calibrate::{self, History, Samples, evaluate_from, evaluate_node, views};
use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::graph::{Graph, Node};
use crate::ir::quant_graph::{QuantGraph, Step};
use crate::parallel;
use crate::quantize::measure::{Noise, int8_histories};

/// The effect of every operator on the outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sensitivity {
    /// Which samples were used for what.
    pub samples: SampleUse,
    /// Samples that were measured; fewer than asked for if the user has stopped it.
    pub measured: usize,
    /// The names of the outputs.
    pub outputs: Vec<String>,
    /// The metrics of all outputs in float, with channels equalized: what equalization itself
    /// changes, which is more than rounding only if unseen samples reach what operators clip.
    pub equalized: Vec<OutputMetrics>,
    /// The metrics of all outputs with all operators in int8.
    pub all_int8: Vec<OutputMetrics>,
    /// The operators, those first whose exemption gains most at any output.
    pub operators: Vec<OperatorSensitivity>,
}

/// The effect of one operator on the outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperatorSensitivity {
    /// The operator's index in the file.
    pub index: Option<usize>,
    /// The operator's name.
    pub operator: String,
    /// The tensor that it computes, as `tensors("..": float)` takes it.
    pub tensor: String,
    /// Its effect on each output.
    pub outputs: Vec<OutputSensitivity>,
}

/// The effect of one operator on one output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutputSensitivity {
    /// All in float but this operator in int8, its inputs and its output rounded; against the
    /// float model with channels equalized.
    pub only_this_int8: OutputMetrics,
    /// All in int8 but this operator in float, between int8 tensors; against the model of the
    /// file. `None` where no single operator of the float model can take its place.
    pub all_but_this_int8: Option<OutputMetrics>,
    /// By how many dB the output's SQNR grows if this operator is computed in float.
    pub gain_db: Option<f64>,
}

/// Noise at each output: with all operators in int8, with only this one, with all but this one.
#[derive(Clone)]
struct Effects {
    base: Vec<Noise>,
    equalized: Vec<Noise>,
    /// For each examined step.
    only: Vec<Vec<Noise>>,
    without: Vec<Vec<Option<Noise>>>,
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
}

impl Analysis {
    /// Measures every operator on at most `limit` of the samples that measure.
    pub fn sensitivity(&self, limit: usize, progress: &dyn Progress) -> Result<Sensitivity> {
        let options = &self.request.options;
        let data = self.data()?;
        progress.begin("calibrating", 0);
        let quantized = self.quantize(options)?;
        let (graph, program) = (&quantized.graph, &quantized.program);
        if !graph.regions.is_empty() {
            return Err(Error::model(
                "the sensitivity of models with branches or loops that depend on data cannot be \
                 measured: int8 and float may take different ways. `report` has each operator's SQNR",
            ));
        }
        let mut sampled = self.split(&data, options)?;
        let all = std::mem::take(&mut sampled.measured);
        let wanted = all.len().min(limit.max(1));
        sampled.measured = (0..wanted).map(|i| all[i * all.len() / wanted]).collect();
        let samples = Samples {
            dataset: &data,
            numbers: &sampled.measured,
            follow: options.samples_follow,
            cuts: &[],
        };
        let examined = examined(graph, program);
        progress.begin(
            "exchanging operators",
            (examined.len() * samples.numbers.len()) as u64,
        );
        let both = (&self.session.graph, graph);
        let (effects, measured) = effects(both, program, &samples, &examined, progress)?;
        if measured == 0 {
            return Err(Error::dataset(
                "it was stopped before one sample was measured",
            ));
        }
        let ports = self.session.graph.outputs.iter();
        let elements: Vec<usize> = ports.map(|p| p.shape.iter().product()).collect();
        let metrics = |noise: &[Noise]| -> Vec<OutputMetrics> {
            let both = noise.iter().zip(&elements);
            both.map(|(n, &e)| OutputMetrics::new(n, e)).collect()
        };
        let mut operators: Vec<OperatorSensitivity> = examined
            .iter()
            .enumerate()
            .map(|(k, &(position, _))| {
                let step = &program.steps[position];
                let only = metrics(&effects.only[k]);
                let of_output = |(o, only_this_int8): (usize, OutputMetrics)| {
                    let without = effects.without[k][o];
                    OutputSensitivity {
                        only_this_int8,
                        gain_db: without.and_then(|noise| gain(&effects.base[o], &noise)),
                        all_but_this_int8: without.map(|n| OutputMetrics::new(&n, elements[o])),
                    }
                };
                OperatorSensitivity {
                    index: step.index,
                    operator: step.label(),
                    tensor: program.tensors[step.output()].name.clone(),
                    outputs: only.into_iter().enumerate().map(of_output).collect(),
                }
            })
            .collect();
        let gain = |operator: &OperatorSensitivity| {
            let gains = operator.outputs.iter().filter_map(|o| o.gain_db);
            gains.fold(f64::MIN, f64::max)
        };
        operators.sort_by(|a, b| gain(b).total_cmp(&gain(a)));
        Ok(Sensitivity {
            samples: SampleUse::from(&sampled),
            measured,
            outputs: self.output_names(),
            equalized: metrics(&effects.equalized),
            all_int8: metrics(&effects.base),
            operators,
        })
    }

    /// The outputs' names in the emitted code, in the graph's order.
    pub(super) fn output_names(&self) -> Vec<String> {
        let graph_outputs = self.session.graph.outputs.iter().enumerate();
        graph_outputs
            .map(|(index, port)| {
                let rust = self.session.outputs.iter().find(|p| p.index == index);
                rust.map_or(port.name.clone(), |p| {
                    p.ident.to_string().trim_start_matches("r#").to_owned()
                })
            })
            .collect()
    }
}

/// By how many dB an output gains; `None` if no error is left.
fn gain(base: &Noise, without: &Noise) -> Option<f64> {
    let gain = without.sqnr_db() - base.sqnr_db();
    gain.is_finite().then_some(gain)
}

/// The steps to examine, each with the float operator that it stands for: those that compute.
/// What only moves elements loses nothing by itself.
fn examined<'a>(graph: &'a Graph, program: &QuantGraph) -> Vec<(usize, &'a Node)> {
    let producers = graph.producers();
    let steps = program.steps.iter().enumerate();
    steps
        .filter_map(|(position, step)| {
            step.index?;
            let value = program.tensors[step.output()].value?;
            let node = &graph.nodes[producers[value]?];
            let computes = !node.op.only_moves() && graph.values[value].element.is_real();
            let is_own = step.operator == node.op.name();
            (computes && is_own).then_some((position, node))
        })
        .collect()
}

/// Runs all samples; returns sums and how many samples they are of.
fn effects(
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
            let got = program.simulate(&program.encode_sample(&inputs), int8_states);
            let run = Run {
                graph,
                program,
                reference,
                real,
                got,
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
        float_suffix(self.graph, &self.real, from, &mut changes)?;
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
        program_suffix(self.program, &self.got, position + 1, &mut changes);
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
