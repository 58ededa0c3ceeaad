//! What every operator of the program costs, and what its rounding loses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::left_out::runs_once;
use super::metrics::decibel;
use crate::ir::graph::Graph;
use crate::ir::quant_graph::{QuantGraph, Step, TensorId};
use crate::quantize::measure::Measurement;
use crate::tokens::constants::Constants;

/// One operator of the quantized program, before channels are taken out and kernels fused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperatorReport {
    /// The operator's index in the file; `None` for conversions that the compiler adds.
    pub index: Option<usize>,
    /// The operator's name.
    pub operator: String,
    /// The tensor that it writes first, as the file names it.
    pub output: String,
    /// The shape of that tensor.
    pub shape: Vec<usize>,
    /// Its element type in the program.
    pub element: String,
    /// The shapes of the computed tensors that it reads.
    pub inputs: Vec<Vec<usize>>,
    /// Multiply-accumulates of one run.
    pub macs: u64,
    /// Bytes of its constants on small cores: weights, biases, multipliers, tables.
    pub weight_bytes: usize,
    /// SQNR of its output in dB if its inputs were exact: what this operator itself loses.
    /// `None` if it loses nothing or was not measured.
    pub sqnr_alone_db: Option<f64>,
    /// SQNR of its output in dB with all operators before it.
    pub sqnr_total_db: Option<f64>,
    /// For each output, by how many dB its SQNR grows if the tensor is held in int16, on
    /// `int16_samples` samples; `None` where it is int16 already, cannot be, or was not tried.
    #[serde(default)]
    pub int16_gain_db: Vec<Option<f64>>,
    /// True if `sqnr_alone_db` and `sqnr_total_db` were measured: the operator runs on every sample, outside of branches
    /// and loops.
    pub measured: bool,
}

/// The shape of a tensor of the program.
pub(super) fn shape(graph: &Graph, program: &QuantGraph, id: TensorId) -> Vec<usize> {
    let tensor = &program.tensors[id];
    match tensor.value {
        Some(value) => graph.values[value].shape.clone(),
        None => vec![tensor.len],
    }
}

/// Bytes of the constants of one step.
pub(super) fn constant_bytes(program: &QuantGraph, step: &Step) -> usize {
    let mut constants = Constants::default();
    step.kernel.emit(&mut constants);
    let operands = step.inputs.iter().map(|&id| &program.tensors[id]);
    let operands = operands.filter(|t| t.constant.is_some());
    constants.size() + operands.map(|t| t.bytes()).sum::<usize>()
}

/// What single tensors in int16 gain at each output, by the position of the step.
pub(super) type Int16Columns = BTreeMap<usize, Vec<Option<f64>>>;

/// Reports on all operators of a program; without a measurement, on what they cost only.
pub(super) fn operators(
    graph: &Graph,
    program: &QuantGraph,
    measurement: Option<&Measurement>,
    int16: &Int16Columns,
) -> Vec<OperatorReport> {
    let report = |(position, step): (usize, &Step)| {
        let noise = measurement.and_then(|m| m.steps.get(position));
        let has_value = program.tensors[step.output()].value.is_some();
        let measured = noise.is_some() && runs_once(step) && has_value;
        let db = |which: usize| {
            let noise = noise.filter(|_| measured)?;
            decibel(noise[which].sqnr_db())
        };
        let output = &program.tensors[step.output()];
        let computed = step.inputs.iter();
        let computed = computed.filter(|&&id| program.tensors[id].constant.is_none());
        OperatorReport {
            index: step.index,
            operator: step.label(),
            output: output.name.clone(),
            shape: shape(graph, program, step.output()),
            element: output.element.name().to_owned(),
            inputs: computed.map(|&id| shape(graph, program, id)).collect(),
            macs: step.kernel.macs(),
            weight_bytes: constant_bytes(program, step),
            sqnr_alone_db: db(1),
            sqnr_total_db: db(0),
            int16_gain_db: int16.get(&position).cloned().unwrap_or_default(),
            measured,
        }
    };
    program.steps.iter().enumerate().map(report).collect()
}
