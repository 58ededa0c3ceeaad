//! The whole analysis of one model with one set of options.

use serde::{Deserialize, Serialize};

use super::Analysis;
use super::left_out::left_out;
use super::memory::{MemoryReport, memory};
use super::metrics::{decibel, finite};
use super::operators::{OperatorReport, operators};
use super::outputs::{OutputReport, measured};
use super::progress::Progress;
use super::samples::SampleUse;
use super::tensors::{TensorReport, forms, tensors};
use super::weights::{WeightReport, weights};
use crate::calibrate::Samples;
use crate::error::Result;
use crate::options::Metric;
use crate::quantize::measure::Measurement;
use crate::warning::Warning;

/// Everything about one model, its program and its accuracy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Which samples were used for what.
    pub samples: SampleUse,
    /// The outputs, int8 against float.
    pub outputs: Vec<OutputReport>,
    /// What `require` asks for, measured.
    pub requirements: Vec<RequirementReport>,
    /// What the user should know, and the call does not allow.
    pub warnings: Vec<Warning>,
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
    /// What the report does not say, and why.
    pub left_out: Vec<String>,
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
    /// Runs the samples and reports on tensors, operators, outputs and memory. Of a quantized file
    /// without a dataset, it reports what needs no samples.
    pub fn report(&self, progress: &dyn Progress) -> Result<Report> {
        if self.has_no_samples()? {
            return self.report_without_samples(progress);
        }
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
        let measuring = sampled.measuring(&data, options);
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
            requirements: self.requirements(&measurement),
            warnings: quantized.warnings.clone(),
            outputs,
            tensors,
            weights: weights(graph, options.per_channel, quantization),
            operators: operators(graph, program, Some(&measurement)),
            mcu: memory(&mcu, &interface)?,
            simd: simd.map(|p| memory(&p, &interface)).transpose()?,
            left_out: left_out(program),
        })
    }

    /// What `require` asks for, by the macro's own rule.
    pub(super) fn requirements(&self, measurement: &Measurement) -> Vec<RequirementReport> {
        let clauses = self.request.options.require.iter();
        clauses
            .filter_map(|clause| {
                let port = self.session.output_called(&clause.output)?;
                let value = clause.metric.of(measurement, port.index);
                Some(RequirementReport {
                    output: clause.output.clone(),
                    metric: clause.metric.name().to_owned(),
                    measured: match clause.metric {
                        Metric::SqnrDb => decibel(value),
                        _ => Some(finite(value)),
                    },
                    bound: clause.bound,
                    met: clause.holds(value),
                })
            })
            .collect()
    }
}
