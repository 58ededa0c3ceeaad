//! From the float graph to the int8 program, with the dataset where one is needed.

use std::path::PathBuf;

use super::sample_split::Split;
use super::{Session, bytes};
use crate::cache::{Calibration, Slot};
use crate::calibrate::{
    Ranges, Samples, calibrate, check as check_ways, clip_constants, cut_inputs,
};
use crate::dataset::{self, Dataset};
use crate::error::{Blame, Error, Result};
use crate::ir::graph::Graph;
use crate::ir::quant_graph::QuantGraph;
use crate::limits::LIVE_ELEMENTS;
use crate::options::{Options, Request};
use crate::quantize::lowering::{self, Elements};
use crate::quantize::scales::Scales;
use crate::quantize::{correct, endless_loops, equalize};

/// The int8 program with what it was made from.
pub(crate) struct Quantization {
    pub program: QuantGraph,
    /// The float graph that the program is made from, channels equalized.
    pub graph: Graph,
    /// The files of the dataset, on which the program depends.
    pub files: Vec<PathBuf>,
}

impl Session {
    /// The int8 program: from the cache, else by calibration.
    pub(crate) fn quantize(&self, model: &[u8], request: &Request) -> Result<Quantization> {
        let options = &request.options;
        let methods = self.methods(options)?;
        let files = match &request.dataset {
            Some(path) => dataset::files(path)?,
            None if methods.is_empty() => Vec::new(),
            None => {
                let first = &self.graph.values[methods[0].0].name;
                return Err(Error::model(format!(
                    "tensor {first:?} has no scale: a float model needs a representative dataset; \
                     add `dataset = \"samples.npz\"`, or a folder of .npy or image files"
                )));
            }
        };
        if !dataset::is_of_images(&files) {
            bytes::check(&self.inputs, &self.known_bytes)?;
        }
        if options.samples_follow && self.graph.states.is_empty() {
            return Err(Error::new(
                Blame::Option("samples_follow"),
                "the model has no state: each of its runs stands alone",
            ));
        }
        if request.dataset.is_none() || (methods.is_empty() && options.require.is_empty()) {
            if !options.require.is_empty() {
                return Err(Error::new(
                    Blame::Require(0),
                    "`require` needs a dataset to measure on",
                ));
            }
            let program = lower(&self.graph, &Ranges::default(), &self.elements, options)?;
            return Ok(Quantization {
                program,
                graph: self.graph.clone(),
                files,
            });
        }
        if let (live @ LIVE_ELEMENTS.., position) = self.graph.live() {
            return Err(Error::model(format!(
                "a run holds {live} elements at once here; with a dataset, supported are less \
                 than {LIVE_ELEMENTS}: compile for a smaller input"
            ))
            .at(self.graph.nodes[position].place(&self.graph)));
        }
        let slot = Slot::of_request(model, &files, request)?;
        if let Some((program, graph)) = self.cached(&slot, options) {
            return Ok(Quantization {
                program,
                graph,
                files,
            });
        }
        let path = request.dataset.as_deref();
        let path = path.ok_or_else(|| Error::internal("a dataset that is not there"))?;
        let data = Dataset::read(path, &self.graph.inputs, &options.images)?;
        let split = Split::new(data.len(), options)?;
        let whole = Samples {
            dataset: &data,
            numbers: &split.calibration,
            follow: options.samples_follow,
            cuts: &[],
        };
        check_ways(&self.graph, &whole, &methods)?;
        let cuts = cut_inputs(&self.graph, &whole, &methods);
        let samples = Samples {
            cuts: &cuts,
            ..whole
        };
        let mut graph = self.graph.clone();
        let mut found = Calibration::default();
        if options.equalize && !methods.is_empty() {
            found.factors = equalize::factors(&graph, &samples)?;
            equalize::equalize(&mut graph, &found.factors);
        }
        found.ranges = calibrate(&graph, &samples, &methods)?;
        clip_constants(&mut graph, &found.ranges);
        let mut program = lower(&graph, &found.ranges, &self.elements, options)?;
        if options.bias_correction && !methods.is_empty() {
            found.corrections = correct::correct_biases(&graph, &mut program, &samples)?;
        }
        endless_loops::check(&program, &whole)?;
        let held_out = Samples {
            numbers: &split.held_out,
            ..whole
        };
        found.measured = self.require(&graph, &program, &held_out, options)?;
        slot.store(&found);
        Ok(Quantization {
            program,
            graph,
            files,
        })
    }

    /// The program of an earlier run that met its requirements; what does not fit is as if
    /// it were not there.
    fn cached(&self, slot: &Slot, options: &Options) -> Option<(QuantGraph, Graph)> {
        let found = slot.load()?;
        let mut graph = self.graph.clone();
        equalize::equalize(&mut graph, &found.factors);
        clip_constants(&mut graph, &found.ranges);
        let mut program = lower(&graph, &found.ranges, &self.elements, options).ok()?;
        let fits = found.corrections.is_empty() || correct::apply(&mut program, &found.corrections);
        let met = found.measured.len() == options.require.len()
            && options
                .require
                .iter()
                .zip(&found.measured)
                .all(|(r, m)| r.holds(*m));
        (fits && met).then_some((program, graph))
    }
}

fn lower(
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
