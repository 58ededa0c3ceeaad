//! The metrics of every output, their spread over samples, and the worst samples.

use serde::{Deserialize, Serialize};

use super::labels::LabelReport;
use super::metrics::{OutputMetrics, Spread, decibel};
use super::progress::Progress;
use crate::calibrate::Samples;
use crate::emit::RustPort;
use crate::error::Result;
use crate::ir::graph::Graph;
use crate::ir::quant_graph::QuantGraph;
use crate::quantize::measure::{Measurement, measure_each};

/// Samples that are listed as the worst.
const WORST: usize = 10;

/// How well one output of the program follows the float model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutputReport {
    /// The name of the field in the emitted code.
    pub name: String,
    /// The name that the model gives it.
    pub model_name: String,
    /// The shape, with the batch.
    pub shape: Vec<usize>,
    /// The element type that callers get.
    pub element: String,
    /// The metrics over all measuring samples.
    pub metrics: OutputMetrics,
    /// What it is beside its labels, if the dataset has any.
    pub labels: Option<LabelReport>,
    /// How the SQNR of single samples spreads; samples without any error count as the best of
    /// the others. `None` if no sample has an error.
    pub sqnr_db_spread: Option<Spread>,
    /// How the largest absolute error of single samples spreads.
    pub max_abs_error_spread: Option<Spread>,
    /// The samples with the lowest SQNR, worst first.
    pub worst_samples: Vec<SampleMetric>,
}

/// The metrics of one output on one sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleMetric {
    /// The sample's number in the dataset, from 0.
    pub sample: usize,
    /// SQNR of this sample alone in dB; `None` if there is no error.
    pub sqnr_db: Option<f64>,
    /// The largest absolute error of any element.
    pub max_abs_error: f64,
    /// True if the largest element is the float model's.
    pub same_top: bool,
}

/// Measures a program on samples: every output, and if there is the equalized graph, every
/// operator against that.
pub(super) fn measured(
    graph: &Graph,
    program: &QuantGraph,
    ports: &[RustPort],
    samples: &Samples<'_>,
    equalized: Option<&Graph>,
    progress: &dyn Progress,
) -> Result<(Vec<OutputReport>, Measurement)> {
    let mut by_sample: Vec<Vec<SampleMetric>> = vec![Vec::new(); graph.outputs.len()];
    let measurement = measure_each(graph, program, samples, equalized, |sample, measured| {
        for (all, noise) in by_sample.iter_mut().zip(&measured.outputs) {
            all.push(SampleMetric {
                sample,
                sqnr_db: decibel(noise.sqnr_db()),
                max_abs_error: noise.max_abs_error(),
                same_top: noise.top1() >= 1.0,
            });
        }
        progress.advance(1);
    })?;
    let report = |(index, all): (usize, Vec<SampleMetric>)| {
        let port = &graph.outputs[index];
        let resolved = ports.iter().find(|p| p.index == index);
        let elements = port.shape.iter().product();
        OutputReport {
            name: resolved.map_or(port.name.clone(), RustPort::plain_name),
            model_name: port.name.clone(),
            shape: port.shape.clone(),
            element: resolved
                .map_or(port.element, |p| p.element)
                .name()
                .to_owned(),
            metrics: OutputMetrics::new(&measurement.outputs[index], elements),
            labels: LabelReport::of(samples.dataset, index, &measurement.labels[index]),
            sqnr_db_spread: sqnr_spread(&all),
            max_abs_error_spread: Spread::of(all.iter().map(|m| m.max_abs_error).collect()),
            worst_samples: worst(all),
        }
    };
    let reports = by_sample.into_iter().enumerate().map(report).collect();
    Ok((reports, measurement))
}

/// The spread of the SQNR over samples.
fn sqnr_spread(all: &[SampleMetric]) -> Option<Spread> {
    let best = all.iter().filter_map(|m| m.sqnr_db).reduce(f64::max)?;
    Spread::of(all.iter().map(|m| m.sqnr_db.unwrap_or(best)).collect())
}

/// The worst samples, worst first; the smaller number first where two are as bad.
fn worst(mut all: Vec<SampleMetric>) -> Vec<SampleMetric> {
    let db = |m: &SampleMetric| m.sqnr_db.unwrap_or(f64::INFINITY);
    all.sort_by(|a, b| db(a).total_cmp(&db(b)));
    all.truncate(WORST);
    all
}
