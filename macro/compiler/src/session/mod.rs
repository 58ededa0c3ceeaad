//! A model with its options, from the file to the int8 program.

mod bytes;
#[cfg(feature = "analysis")]
mod estimate;
pub(crate) mod int16_gain;
mod labels;
mod methods;
mod quantize;
mod requirements;
pub(crate) mod sample_split;
mod selftest;
mod spelling;
pub(crate) mod warnings;
mod widths;

use std::path::Path;

#[cfg(feature = "analysis")]
pub(crate) use quantize::Observed;
pub(crate) use quantize::QuantizedModel;

use crate::calibrate::Method;
use crate::emit::{self, RustPort, Side};
use crate::error::{Blame, Error, Result};
use crate::import::shapes::InputShapes;
use crate::ir::graph::{ElementType, Graph};
use crate::options::Options;
use crate::quantize::lowering::Elements;
use crate::rewrite;

/// Reads the bytes of the model's file.
pub(crate) fn read_model(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path)
        .map_err(|e| Error::model(format!("cannot read the model {}: {e}", path.display())))
}

/// The float graph with its interface.
pub(crate) struct Session {
    pub graph: Graph,
    pub inputs: Vec<RustPort>,
    pub outputs: Vec<RustPort>,
    elements: Elements,
    /// For each input, whether the user or the model says which real number a byte stands for.
    known_bytes: Vec<bool>,
}

impl Session {
    /// `dataset` decides about shapes that the file leaves open.
    pub(crate) fn new(model: &[u8], options: &Options, dataset: Option<&Path>) -> Result<Self> {
        options.check()?;
        let mut graph = Graph::read(
            model,
            options.signature.as_deref(),
            &InputShapes {
                chosen: &options.shapes,
                sampled: &|| dataset.map_or(Ok(Vec::new()), crate::dataset::shapes::shapes),
            },
        )?;
        let known_bytes = bytes::find(&mut graph, options);
        let inputs = emit::resolve(Side::Inputs, &graph.inputs, options.inputs.as_deref())?;
        let outputs = emit::resolve(Side::Outputs, &graph.outputs, options.outputs.as_deref())?;
        let by_index = |ports: &[RustPort]| {
            let mut elements: Vec<_> = ports.iter().map(|p| (p.index, p.element)).collect();
            elements.sort_by_key(|(index, _)| *index);
            elements
                .into_iter()
                .map(|(_, element)| element)
                .collect::<Vec<_>>()
        };
        let elements = Elements {
            inputs: by_index(&inputs),
            outputs: by_index(&outputs),
        };
        for (i, (name, method)) in options.tensors.iter().enumerate() {
            if *method == Method::Float {
                methods::keep_in_float(&mut graph, i, name)
                    .map_err(|message| Error::new(Blame::Tensor(i), message))?;
            }
        }
        let f32_inputs: Vec<bool> = elements.inputs.iter().map(|e| e.name() == "f32").collect();
        let f32_outputs: Vec<bool> = elements.outputs.iter().map(|e| e.name() == "f32").collect();
        rewrite::rewrite(&mut graph, &f32_inputs, &f32_outputs);
        widths::choose(&mut graph, options)?;
        Ok(Self {
            graph,
            inputs,
            outputs,
            elements,
            known_bytes,
        })
    }

    /// The inputs and outputs as callers see them.
    pub(crate) fn interface(&self, inputs_in_arena: bool) -> Result<emit::Interface<'_>> {
        let mut inputs = self.inputs.iter();
        if let (true, Some(port)) = (
            inputs_in_arena,
            inputs.find(|p| matches!(p.element, ElementType::Bool | ElementType::U32)),
        ) {
            return Err(Error::new(
                Blame::Option("inputs"),
                format!(
                    "the input `{}` is `{}`, which cannot live in the arena",
                    port.name,
                    port.element.name()
                ),
            ));
        }
        Ok(emit::Interface {
            inputs: &self.inputs,
            outputs: &self.outputs,
            inputs_in_arena,
        })
    }
}
