//! The few numbers of a model that should not become worse unnoticed.

use serde::{Deserialize, Serialize};

use super::Analysis;
use super::labels::LabelReport;
use super::memory::memory;
use super::metrics::OutputMetrics;
use super::outputs::measured;
use super::progress::Progress;
use super::report::RequirementReport;
use super::samples::SampleUse;
use crate::error::Result;

/// Accuracy and costs of a model in a few numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Bytes of the arena on small cores.
    pub arena_bytes: usize,
    /// Bytes of what the model keeps between runs.
    pub state_bytes: usize,
    /// Bytes of all constants on small cores.
    pub weight_bytes: usize,
    /// Multiply-accumulates of one run on small cores.
    pub macs: u64,
    /// Which samples were used for what; `None` without a dataset.
    pub samples: Option<SampleUse>,
    /// The outputs, int8 against float; empty without a dataset.
    pub outputs: Vec<OutputSummary>,
    /// What `require` asks for, measured.
    pub requirements: Vec<RequirementReport>,
}

/// Accuracy of one output over samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutputSummary {
    /// The name of the field in the emitted code.
    pub name: String,
    /// The metrics over all measuring samples.
    pub metrics: OutputMetrics,
    /// What it is beside its labels, if the dataset has any.
    pub labels: Option<LabelReport>,
}

impl Analysis {
    /// Measures the numbers of a model, with fewer runs than a whole report takes.
    pub fn summary(&self, progress: &dyn Progress) -> Result<Summary> {
        let options = &self.request.options;
        progress.begin("calibrating", 0);
        let quantized = self.quantize(options)?;
        let (mut samples_used, mut outputs) = (None, Vec::new());
        let mut requirements = Vec::new();
        if self.request.dataset.is_some() {
            let data = self.data()?;
            let sampled = self.split(&data, options)?;
            let samples = sampled.measuring(&data, options);
            progress.begin("comparing int8 with float", samples.numbers.len() as u64);
            let (graph, ports) = (&self.session.graph, &self.session.outputs);
            let program = &quantized.program;
            let measurement;
            (outputs, measurement) = measured(graph, program, ports, &samples, None, progress)?;
            requirements = self.requirements(&measurement);
            samples_used = Some(SampleUse::from(&sampled));
        }
        let (mcu, _) = quantized.program.for_targets();
        let interface = self.session.interface(options.inputs_in_arena)?;
        let memory = memory(&mcu, &interface)?;
        Ok(Summary {
            arena_bytes: memory.arena_bytes,
            state_bytes: memory.state_bytes,
            weight_bytes: memory.weight_bytes,
            macs: memory.macs,
            samples: samples_used,
            requirements,
            outputs: outputs
                .into_iter()
                .map(|output| OutputSummary {
                    name: output.name,
                    metrics: output.metrics,
                    labels: output.labels,
                })
                .collect(),
        })
    }
}
