//! From the float graph to the int8 program, with the dataset where one is needed.

use std::path::{Path, PathBuf};

use super::sample_split::Split;
use super::warnings::wanted;
use super::{Session, bytes, widths};
use crate::cache::{Calibration, Slot};
use crate::calibrate::{
    Method, Ranges, Samples, Statistics, check as check_ways, clip_constants, counted, cut_inputs,
};
use crate::dataset::{self, Dataset};
use crate::error::{Blame, Error, Result};
use crate::ir::graph::{Graph, ValueId};
use crate::ir::quant_graph::QuantGraph;
use crate::limits::LIVE_ELEMENTS;
use crate::options::{Activations, Options, Request};
use crate::quantize::correct::{self, Corrections};
use crate::quantize::corrected::Corrected;
use crate::quantize::endless_loops;
use crate::quantize::equalize::{self, Factors};
use crate::quantize::lowering::{self, Elements};
use crate::quantize::round_weights::{Roundings, round_weights};
use crate::quantize::scales::Scales;
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
    /// What was measured for each clause of `require`.
    pub measured: Vec<f64>,
    /// What calibration has found.
    pub calibration: Calibration,
}

/// The int8 program with what the cache keeps of it.
struct Calibrated {
    program: QuantGraph,
    graph: Graph,
    calibration: Calibration,
}

/// What was seen of a model in the samples that calibrate: the ranges of any method, and so the
/// programs of many options, come from it. Which tensors are int16 makes no difference.
pub(crate) struct Observed {
    /// The float graph, channels equalized if that was asked for.
    pub graph: Graph,
    pub statistics: Statistics,
    factors: Factors,
    /// How weights are rounded by what operators read, if that was asked for.
    roundings: Roundings,
}

impl Session {
    /// The int8 program, which must reach what `require` asks for.
    pub(crate) fn quantize_as_required(
        &self,
        model: &[u8],
        request: &Request,
    ) -> Result<QuantizedModel> {
        let quantized = self.quantize(model, request)?;
        self.insist(&quantized, request)?;
        Ok(quantized)
    }

    /// The int8 program: from the cache, else by calibration. What `require` asks for is measured,
    /// but not insisted on.
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
        let Calibrated {
            program,
            graph,
            calibration,
        } = match &request.dataset {
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
                let (ranges, roundings) = (Ranges::default(), Roundings::new());
                let program = lower(&self.graph, &ranges, &roundings, &self.elements, options)?;
                Calibrated {
                    program,
                    graph: self.graph.clone(),
                    calibration: Calibration::default(),
                }
            }
        };
        Ok(QuantizedModel {
            program,
            graph,
            files,
            warnings: wanted(calibration.warnings.clone(), options),
            measured: calibration.measured.clone(),
            calibration,
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
    ) -> Result<Calibrated> {
        self.check_require(options)?;
        let mut data = Dataset::read(dataset, &self.graph.inputs, &options.images)?;
        data.set_labels(self.required_labels(dataset, data.len(), options)?);
        let split = Split::new(data.len(), options)?;
        let uncut = Samples::uncut(&data, &split.calibration, options.samples_follow);
        check_ways(&self.graph, &uncut, methods)?;
        let cuts = cut_inputs(&self.graph, &uncut, methods);
        let samples = Samples {
            cuts: &cuts,
            ..uncut
        };
        let observed = self.observe(&samples, options, methods, &counted(methods))?;
        let (program, graph, mut calibration) =
            self.lower_observed(&observed, methods, options, &samples)?;
        if !methods.is_empty() {
            let statistics = &observed.statistics;
            let seen = statistics.observations(methods, &calibration.ranges);
            calibration.warnings = self.warnings(&observed.graph, &samples, &seen);
        }
        endless_loops::check(&program, &uncut)?;
        let held_out = Samples {
            numbers: &split.held_out,
            ..uncut
        };
        calibration.measured = self.measure_require(&program, &held_out, options)?;
        slot.store(&calibration);
        Ok(Calibrated {
            program,
            graph,
            calibration,
        })
    }

    /// Runs the float graph on the samples, with channels equalized if that is asked for; the
    /// tensors `counted` are observed in more detail, as some methods need it. Nothing of the
    /// `methods` counts but whether there are any.
    pub(crate) fn observe(
        &self,
        samples: &Samples<'_>,
        options: &Options,
        methods: &[(ValueId, Method)],
        counted: &[ValueId],
    ) -> Result<Observed> {
        let mut graph = self.graph.clone();
        let mut factors = Factors::new();
        let mut roundings = Roundings::new();
        if options.equalize && !methods.is_empty() {
            let is_int8 = options.activations == Activations::Int8;
            let rounded = is_int8 && options.weight_rounding && options.per_channel;
            factors = equalize::factors(&graph, samples, rounded)?;
            equalize::equalize(&mut graph, &factors);
        }
        let statistics = Statistics::of(&graph, samples, counted)?;
        if options.weight_rounding && !methods.is_empty() {
            let corrects = options.bias_correction;
            roundings = round_weights(&graph, samples, options.per_channel, corrects)?;
        }
        Ok(Observed {
            graph,
            statistics,
            factors,
            roundings,
        })
    }

    /// The program with ranges that `methods` choose from what was observed; biases are corrected
    /// on `samples` if the options ask for it.
    pub(crate) fn lower_observed(
        &self,
        observed: &Observed,
        methods: &[(ValueId, Method)],
        options: &Options,
        samples: &Samples<'_>,
    ) -> Result<(QuantGraph, Graph, Calibration)> {
        let mut graph = observed.graph.clone();
        widths::copy(&self.graph, &mut graph);
        let ranges = observed.statistics.ranges(&graph, samples.cuts, methods);
        clip_constants(&mut graph, &ranges);
        let roundings = &observed.roundings;
        let mut program = lower(&graph, &ranges, roundings, &self.elements, options)?;
        let corrections = if options.bias_correction && !methods.is_empty() {
            correct::correct_biases(&graph, &mut program, samples)?
        } else {
            Corrections::new()
        };
        let calibration = Calibration {
            factors: observed.factors.clone(),
            ranges,
            roundings: roundings.clone(),
            corrections,
            measured: Vec::new(),
            warnings: Vec::new(),
        };
        Ok((program, graph, calibration))
    }

    /// The program of an earlier run; what does not fit is as if it were not there.
    fn cached(&self, slot: &Slot, options: &Options) -> Option<Calibrated> {
        let stored = slot.load()?;
        let mut graph = self.graph.clone();
        equalize::equalize(&mut graph, &stored.factors);
        clip_constants(&mut graph, &stored.ranges);
        let (ranges, roundings) = (&stored.ranges, &stored.roundings);
        let mut program = lower(&graph, ranges, roundings, &self.elements, options).ok()?;
        let fits = (stored.corrections.is_empty()
            || correct::apply(&mut program, &stored.corrections))
            && stored.measured.len() == options.require.len();
        fits.then_some(Calibrated {
            program,
            graph,
            calibration: stored,
        })
    }
}

/// Lowers a graph with the scales that follow from calibrated ranges.
pub(super) fn lower(
    graph: &Graph,
    ranges: &Ranges,
    roundings: &Roundings,
    elements: &Elements,
    options: &Options,
) -> Result<QuantGraph> {
    lowering::lower(
        graph,
        &Scales::new(graph, ranges),
        elements,
        options.per_channel,
        roundings,
    )
}

/// The program of `graph`, a calibrated one with other types of tensors.
pub(super) fn lower_again(
    graph: &Graph,
    calibration: &Calibration,
    corrected: &Corrected,
    elements: &Elements,
    options: &Options,
) -> Result<QuantGraph> {
    let (ranges, roundings) = (&calibration.ranges, &calibration.roundings);
    let mut program = lower(graph, ranges, roundings, elements, options)?;
    corrected.apply(&mut program);
    Ok(program)
}
