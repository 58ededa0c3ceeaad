//! The whole analysis of one model with one set of options.

use serde::{Deserialize, Serialize};

use super::Analysis;
use super::left_out::left_out;
use super::memory::{MemoryReport, memory};
use super::metrics::{decibel, finite};
use super::operators::{Int16Columns, OperatorReport, operators};
use super::outputs::{OutputReport, measured};
use super::progress::Progress;
use super::samples::SampleUse;
use super::sensitivity::examined;
use super::tensors::{TensorReport, forms, tensors};
use super::weights::{WeightReport, weights};
use crate::calibrate::Samples;
use crate::error::Result;
use crate::ir::graph::ValueId;
use crate::options::{Metric, Options};
use crate::quantize::measure::Measurement;
use crate::session::QuantizedModel;
use crate::session::sample_split::evenly;
use crate::warning::Warning;

/// Samples that int16 is tried on at most, for each operator.
const INT16_SAMPLES: usize = 4;

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
    /// Samples that `int16_gain_db` of the operators was measured on.
    #[serde(default)]
    pub int16_samples: usize,
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
        let (int16, int16_samples) =
            self.int16_columns(&quantized, options, &measuring, progress)?;
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
            operators: operators(graph, program, Some(&measurement), &int16),
            mcu: memory(&mcu, &interface)?,
            simd: simd.map(|p| memory(&p, &interface)).transpose()?,
            int16_samples,
            left_out: left_out(program),
        })
    }

    /// What the tensor of each operator would gain in int16, on a few of the samples that measure.
    fn int16_columns(
        &self,
        quantized: &QuantizedModel,
        options: &Options,
        measuring: &Samples<'_>,
        progress: &dyn Progress,
    ) -> Result<(Int16Columns, usize)> {
        let (graph, program) = (&quantized.graph, &quantized.program);
        let numbers = evenly(
            measuring.numbers,
            measuring.numbers.len().min(INT16_SAMPLES),
        );
        let samples = Samples {
            numbers: &numbers,
            ..*measuring
        };
        let value = |position: usize| program.tensors[program.steps[position].output()].value;
        let (positions, values): (Vec<usize>, Vec<ValueId>) = examined(graph, program)
            .into_iter()
            .filter_map(|(position, _)| Some((position, value(position)?)))
            .unzip();
        progress.begin("tensors in int16", values.len() as u64);
        let goes_on = || {
            progress.advance(1);
            !progress.is_stopped()
        };
        let calibration = &quantized.calibration;
        let both = (graph, program);
        let gains =
            self.session
                .int16_gains(both, calibration, options, &samples, &values, &goes_on)?;
        let outputs = program.outputs.len();
        let row = |(k, position)| (position, (0..outputs).map(|o| gains.gain(k, o)).collect());
        let rows = positions.into_iter().enumerate().map(row);
        Ok((rows.collect(), numbers.len()))
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
