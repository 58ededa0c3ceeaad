//! What single operators do to the outputs: all in float but one, and all in int8 but one.
//!
//! The SQNR of an operator alone does not say this: an error may be masked by what follows, or
//! be the one that matters.

use serde::{Deserialize, Serialize};

use super::Analysis;
use super::exchange::effects;
use super::left_out::{left_out, runs_once};
use super::metrics::OutputMetrics;
use super::progress::Progress;
use super::samples::SampleUse;
use crate::emit::RustPort;
use crate::error::{Error, Result};
use crate::ir::control::WHOLE;
use crate::ir::graph::{Graph, Node, ValueId};
use crate::ir::quant_graph::QuantGraph;
use crate::quantize::measure::Noise;
use crate::session::sample_split::evenly;

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
    /// What was not measured, and why.
    pub left_out: Vec<String>,
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
    /// Multiply-accumulates that would read int16 if that tensor was int16: 0 if no operator with
    /// weights reads it.
    #[serde(default)]
    pub int16_macs: u64,
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
    /// All in int8 but the tensor that the operator computes, which is int16; against the model of
    /// the file. `None` where it is int16 already, or cannot be.
    #[serde(default)]
    pub with_this_int16: Option<OutputMetrics>,
    /// By how many dB the output's SQNR grows if the tensor is int16: `tensors("..": int16)`.
    #[serde(default)]
    pub int16_gain_db: Option<f64>,
}

impl Analysis {
    /// Measures every operator on at most `limit` of the samples that measure.
    pub fn sensitivity(&self, limit: usize, progress: &dyn Progress) -> Result<Sensitivity> {
        let options = &self.request.options;
        let data = self.data()?;
        progress.begin("calibrating", 0);
        let quantized = self.quantize(options)?;
        let (graph, program) = (&quantized.graph, &quantized.program);
        let mut sampled = self.split(&data, options)?;
        let wanted = sampled.measured.len().min(limit.max(1));
        sampled.measured = evenly(&sampled.measured, wanted);
        let samples = sampled.measuring(&data, options);
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
        let value = |&(position, _): &(usize, &Node)| {
            let output = program.steps[position].output();
            program.tensors[output].value.unwrap_or(usize::MAX)
        };
        let values: Vec<ValueId> = examined.iter().map(value).collect();
        progress.begin("tensors in int16", values.len() as u64);
        let int16 = self.session.int16_gains(
            (graph, program),
            &quantized.calibration,
            options,
            &samples,
            &values,
            &|| {
                progress.advance(1);
                !progress.is_stopped()
            },
        )?;
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
                        with_this_int16: int16.with[k]
                            .as_ref()
                            .map(|with| OutputMetrics::new(&with.outputs[o], elements[o])),
                        int16_gain_db: int16.gain(k, o),
                    }
                };
                OperatorSensitivity {
                    index: step.index,
                    operator: step.label(),
                    tensor: program.tensors[step.output()].name.clone(),
                    int16_macs: int16.with[k].as_ref().map_or(0, |with| with.macs),
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
            left_out: left_out(program),
        })
    }

    /// The outputs' names in the emitted code, in the graph's order.
    fn output_names(&self) -> Vec<String> {
        let graph_outputs = self.session.graph.outputs.iter().enumerate();
        graph_outputs
            .map(|(index, port)| {
                let rust = self.session.outputs.iter().find(|p| p.index == index);
                rust.map_or(port.name.clone(), RustPort::plain_name)
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
pub(super) fn examined<'a>(graph: &'a Graph, program: &QuantGraph) -> Vec<(usize, &'a Node)> {
    let producers = graph.producers();
    let steps = program.steps.iter().enumerate();
    steps
        .filter_map(|(position, step)| {
            step.index?;
            let value = program.tensors[step.output()].value?;
            let node = &graph.nodes[producers[value]?];
            // What runs several times, or not at all, has no single content.
            let computes = runs_once(step)
                && node.region == WHOLE
                && !node.op.only_moves()
                && graph.values[value].element.is_real();
            let is_own = step.operator == node.op.name();
            (computes && is_own).then_some((position, node))
        })
        .collect()
}
