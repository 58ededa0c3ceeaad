//! The whole analysis of one model with one set of options.

use serde::{Deserialize, Serialize};

use super::Analysis;
use super::memory::{MemoryReport, memory};
use super::operators::{OperatorReport, operators};
use super::outputs::{OutputReport, measured};
use super::progress::Progress;
use super::samples::SampleUse;
use super::tensors::{TensorReport, forms, tensors};
use super::weights::{WeightReport, weights};
use crate::calibrate::Samples;
use crate::error::Result;
use crate::options::{Comparison, Metric};

/// Everything about one model, its program and its accuracy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Which samples were used for what.
    pub samples: SampleUse,
    /// The outputs, int8 against float.
    pub outputs: Vec<OutputReport>,
    /// What `require` asks for, measured.
    pub requirements: Vec<RequirementReport>,
    /// The tensors of the float model, after channels were equalized, in the order in which
    /// they are computed.
    pub tensors: Vec<TensorReport>,
    /// The constant weights of operators.
    pub weights: Vec<WeightReport>,
    /// The operators of the quantized program.
    pub operators: Vec<OperatorReport>,
    /// The program for small cores.
    pub mcu: MemoryReport,
    /// The program for wide SIMD registers, if it is another one.
    pub simd: Option<MemoryReport>,
}

/// One clause of `require(..)`, measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RequirementReport {
    /// The output that it names.
    pub output: String,
    /// The metric's keyword.
    pub metric: String,
    /// What was measured; `None` for an SQNR without any error.
    pub measured: Option<f64>,
    /// The bound of the clause.
    pub bound: f64,
    /// True if the clause holds.
    pub met: bool,
}

impl Analysis {
    /// Runs the samples and reports on tensors, operators, outputs and memory.
    pub fn report(&self, progress: &dyn Progress) -> Result<Report> {
        let options = &self.request.options;
        let data = self.data()?;
        progress.begin("calibrating", 0);
        let quantized = self.quantize(options)?;
        let sampled = self.split(&data, options)?;
        let samples = Samples {
            dataset: &data,
            numbers: &sampled.calibration,
            follow: options.samples_follow,
            cuts: &sampled.cuts,
        };
        let (graph, program) = (&quantized.graph, &quantized.program);
        let forms = forms(graph, program);
        progress.begin("running samples in float", samples.numbers.len() as u64);
        let tensors = tensors(graph, &forms, &samples, progress)?;
        let measuring = Samples {
            numbers: &sampled.measured,
            cuts: &[],
            ..samples
        };
        progress.begin("comparing int8 with float", measuring.numbers.len() as u64);
        let ports = &self.session.outputs;
        let file = &self.session.graph;
        let (outputs, measurement) =
            measured(file, program, ports, &measuring, Some(graph), progress)?;
        let quantization = |value| {
            let (element, params) = forms.get(&value)?;
            Some((*element, (*params)?))
        };
        progress.begin("planning memory", 0);
        let (mcu, simd) = program.clone().for_targets();
        let interface = self.session.interface(options.inputs_in_arena)?;
        Ok(Report {
            samples: SampleUse::from(&sampled),
            requirements: self.requirements(&outputs),
            outputs,
            tensors,
            weights: weights(graph, options.per_channel, quantization),
            operators: operators(graph, program, Some(&measurement)),
            mcu: memory(&mcu, &interface)?,
            simd: simd.map(|p| memory(&p, &interface)).transpose()?,
        })
    }

    /// What `require` asks for, against what was measured.
    pub(super) fn requirements(&self, outputs: &[OutputReport]) -> Vec<RequirementReport> {
        let clauses = self.request.options.require.iter();
        clauses
            .filter_map(|clause| {
                let output = outputs
                    .iter()
                    .find(|o| o.name == clause.output || o.model_name == clause.output)?;
                let measured = match clause.metric {
                    Metric::SqnrDb => output.metrics.sqnr_db,
                    Metric::Top1 => Some(output.metrics.top1.unwrap_or(1.0)),
                    Metric::MaxAbsError => Some(output.metrics.max_abs_error),
                };
                let value = measured.unwrap_or(f64::INFINITY);
                let met = match clause.comparison {
                    Comparison::AtLeast => value >= clause.bound,
                    Comparison::AtMost => value <= clause.bound,
                };
                Some(RequirementReport {
                    output: clause.output.clone(),
                    metric: clause.metric.name().to_owned(),
                    measured,
                    bound: clause.bound,
                    met,
                })
            })
            .collect()
    }
}
