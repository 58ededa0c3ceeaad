//! From the float graph to the int8 program, with the dataset where one is needed.

use std::path::{Path, PathBuf};

use super::sample_split::Split;
use super::warnings::wanted;
use super::{Session, bytes};
use crate::cache::{Calibration, Slot};
use crate::calibrate::{
    Method, Ranges, Samples, calibrate, check as check_ways, clip_constants, cut_inputs,
};
use crate::dataset::{self, Dataset};
use crate::error::{Blame, Error, Result};
use crate::ir::graph::{Graph, ValueId};
use crate::ir::quant_graph::QuantGraph;
use crate::limits::LIVE_ELEMENTS;
use crate::options::{Options, Request};
use crate::quantize::lowering::{self, Elements};
use crate::quantize::scales::Scales;
use crate::quantize::{correct, endless_loops, equalize};
use crate::warning::Warning;

/// The int8 program with what it was made from.
pub(crate) struct QuantizedModel {
    pub program: QuantGraph,
    /// The float graph that the program is made from, channels equalized.
    pub graph: Graph,
    /// The files of the dataset, on which the program depends.
    pub files: Vec<PathBuf>,
    /// What the user should know, and has not switched off.
    pub warnings: Vec<Warning>,
}

impl Session {
    /// The int8 program: from the cache, else by calibration.
    pub(crate) fn quantize(&self, model: &[u8], request: &Request) -> Result<QuantizedModel> {
        let options = &request.options;
        let methods = self.methods(options)?;
        let mut files = self.dataset_files(request, &methods)?;
        if !dataset::is_of_images(&files) {
            bytes::check(&self.inputs, &self.known_bytes)?;
        }
        if let Some(path) = &options.labels {
            files.extend(dataset::files(path).map_err(|e| e.about_option("labels"))?);
        }
        if options.samples_follow && self.graph.states.is_empty() {
            return Err(Error::new(
                Blame::Option("samples_follow"),
                "the model has no state: each of its runs stands alone",
            ));
        }
        let (program, graph, warnings) = match &request.dataset {
            Some(path) if !methods.is_empty() || !options.require.is_empty() => {
                self.check_memory()?;
                let slot = Slot::of_request(model, &files, request)?;
                match self.cached(&slot, options) {
                    Some(cached) => cached,
                    None => self.calibrated(&slot, path, options, &methods)?,
                }
            }
            _ if !options.require.is_empty() => {
                return Err(Error::new(
                    Blame::Require(0),
                    "`require` needs a dataset to measure on",
                ));
            }
            _ => {
                let program = lower(&self.graph, &Ranges::default(), &self.elements, options)?;
                (program, self.graph.clone(), Vec::new())
            }
        };
        Ok(QuantizedModel {
            program,
            graph,
            files,
            warnings: wanted(warnings, options),
        })
    }

    /// The files of the dataset, which there must be if tensors have to be calibrated.
    fn dataset_files(
        &self,
        request: &Request,
        methods: &[(ValueId, Method)],
    ) -> Result<Vec<PathBuf>> {
        match (&request.dataset, methods.first()) {
            (Some(path), _) => dataset::files(path),
            (None, None) => Ok(Vec::new()),
            (None, Some(&(first, _))) => Err(Error::model(format!(
                "tensor {:?} has no scale: a float model needs a representative dataset; \
                 add `dataset = \"samples.npz\"`, or a folder of .npy or image files",
                self.graph.values[first].name
            ))),
        }
    }

    /// Refuses a model whose tensors would take too much memory in a run on samples.
    pub(crate) fn check_memory(&self) -> Result<()> {
        if let (live @ LIVE_ELEMENTS.., position) = self.graph.live() {
            return Err(Error::model(format!(
                "a run holds {live} elements at once here; with a dataset, supported are less \
                 than {LIVE_ELEMENTS}: compile for a smaller input"
            ))
            .at(self.graph.nodes[position].place(&self.graph)));
        }
        Ok(())
    }

    /// Runs the float graph on the dataset, chooses ranges, corrects biases and measures what
    /// `require` asks for; stores the results in the cache.
    fn calibrated(
        &self,
        slot: &Slot,
        dataset: &Path,
        options: &Options,
        methods: &[(ValueId, Method)],
    ) -> Result<(QuantGraph, Graph, Vec<Warning>)> {
        let mut data = Dataset::read(dataset, &self.graph.inputs, &options.images)?;
        data.set_labels(self.required_labels(dataset, data.len(), options)?);
        let split = Split::new(data.len(), options)?;
        let uncut = Samples {
            dataset: &data,
            numbers: &split.calibration,
            follow: options.samples_follow,
            cuts: &[],
        };
        check_ways(&self.graph, &uncut, methods)?;
        let cuts = cut_inputs(&self.graph, &uncut, methods);
        let samples = Samples {
            cuts: &cuts,
            ..uncut
        };
        let mut graph = self.graph.clone();
        let mut calibration = Calibration::default();
        if options.equalize && !methods.is_empty() {
            calibration.factors = equalize::factors(&graph, &samples)?;
            equalize::equalize(&mut graph, &calibration.factors);
        }
        let seen;
        (calibration.ranges, seen) = calibrate(&graph, &samples, methods)?;
        if !methods.is_empty() {
            calibration.warnings = self.warnings(&graph, &samples, &seen);
        }
        clip_constants(&mut graph, &calibration.ranges);
        let mut program = lower(&graph, &calibration.ranges, &self.elements, options)?;
        if options.bias_correction && !methods.is_empty() {
            calibration.corrections = correct::correct_biases(&graph, &mut program, &samples)?;
        }
        endless_loops::check(&program, &uncut)?;
        let held_out = Samples {
            numbers: &split.held_out,
            ..uncut
        };
        calibration.measured = self.require(&graph, &program, &held_out, options)?;
        slot.store(&calibration);
        Ok((program, graph, calibration.warnings))
    }

    /// The program of an earlier run that met its requirements; what does not fit is as if
    /// it were not there.
    fn cached(&self, slot: &Slot, options: &Options) -> Option<(QuantGraph, Graph, Vec<Warning>)> {
        let stored = slot.load()?;
        let mut graph = self.graph.clone();
        equalize::equalize(&mut graph, &stored.factors);
        clip_constants(&mut graph, &stored.ranges);
        let mut program = lower(&graph, &stored.ranges, &self.elements, options).ok()?;
        let fits =
            stored.corrections.is_empty() || correct::apply(&mut program, &stored.corrections);
        let met = stored.measured.len() == options.require.len()
            && options
                .require
                .iter()
                .zip(&stored.measured)
                .all(|(r, m)| r.holds(*m));
        (fits && met).then_some((program, graph, stored.warnings))
    }
}

/// Lowers a graph with the scales that follow from calibrated ranges.
pub(super) fn lower(
    graph: &Graph,
    ranges: &Ranges,
    elements: &Elements,
    options: &Options,
) -> Result<QuantGraph> {
    lowering::lower(
        graph,
        &Scales::new(graph, ranges),
        elements,
        options.per_channel,
    )
}
