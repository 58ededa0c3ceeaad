//! The samples that the emitted code can test itself with, and what it must compute.

use std::path::Path;

use super::Session;
use super::sample_split::{Split, evenly};
use crate::cache::Slot;
use crate::calibrate::{Samples, views};
use crate::dataset::Dataset;
use crate::emit::{RustPort, SelfTest};
use crate::error::{Blame, Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::graph::ElementType;
use crate::ir::quant_graph::{QuantGraph, Step};
use crate::options::{Options, Request};

fn refused(message: impl Into<String>) -> Error {
    Error::new(Blame::Option("selftest"), message)
}

impl Session {
    /// What `selftest` asks for, from the cache or computed; `None` if it is not asked for.
    pub(crate) fn selftest(
        &self,
        model: &[u8],
        request: &Request,
        program: &QuantGraph,
        files: &[std::path::PathBuf],
    ) -> Result<Option<SelfTest>> {
        let Some(wanted) = request.options.selftest else {
            return Ok(None);
        };
        let Some(dataset) = &request.dataset else {
            return Err(refused(
                "needs samples: add `dataset = \"samples.npz\"`, which a model with its own ranges otherwise does without",
            ));
        };
        if let Some(step) = program
            .steps
            .iter()
            .find(|step| rounds_floats(program, step))
        {
            let place = step.index.map_or(String::new(), |i| format!("#{i} "));
            return Err(refused(format!(
                "operator {place}{} makes integers of numbers that operators before it compute in float, whose last \
                 bits differ between processors: the outputs have no exact bytes; leave out `selftest`",
                step.label()
            )));
        }
        let slot = Slot::of_request(model, files, request)?.with_extension("selftest");
        let known = slot.load_text();
        let known = known.and_then(|text| serde_json::from_slice::<SelfTest>(&text).ok());
        if let Some(known) = known.filter(|k| k.numbers.len() == wanted) {
            return Ok(Some(known));
        }
        let test = self.reference_outputs(dataset, &request.options, wanted, program)?;
        if let Ok(text) = serde_json::to_vec(&test) {
            slot.store_text(&text);
        }
        Ok(Some(test))
    }

    /// Runs the program's plain loops on measuring samples. Each begins with a fresh state.
    fn reference_outputs(
        &self,
        dataset: &Path,
        options: &Options,
        wanted: usize,
        program: &QuantGraph,
    ) -> Result<SelfTest> {
        let data = Dataset::read(dataset, &self.graph.inputs, &options.images)?;
        let measuring = Split::new(data.len(), options)?
            .measured(data.len())
            .numbers;
        if wanted == 0 || wanted > measuring.len() {
            return Err(refused(format!(
                "takes from 1 to {} samples, as many as measure; it is {wanted}",
                measuring.len()
            )));
        }
        let numbers = evenly(&measuring, wanted);
        let samples = Samples::uncut(&data, &numbers, false);
        let mut test = SelfTest {
            numbers: numbers.clone(),
            inputs: vec![Vec::new(); program.inputs.len()],
            outputs: vec![Vec::new(); program.outputs.len()],
        };
        for &number in &numbers {
            let inputs = program.encode_sample(&views(&samples.sample(number)));
            if program.is_endless(&inputs, &[]) {
                return Err(refused(format!("a loop does not end on sample {number}")));
            }
            let tensors = program.simulate(&inputs, &[]);
            for port in &self.inputs {
                test.inputs[port.index].extend(bytes(&inputs[port.index], port)?);
            }
            for port in &self.outputs {
                let tensor = &tensors[program.outputs[port.index]];
                test.outputs[port.index].extend(bytes(tensor, port)?);
            }
        }
        Ok(test)
    }
}

/// A buffer's bytes as callers have them: uint8 is kept less 128.
fn bytes(buffer: &Buffer, port: &RustPort) -> Result<Vec<u8>> {
    let mut bytes = buffer.to_bytes();
    let wanted = port.shape.iter().product::<usize>() * port.element.bytes();
    if bytes.len() != wanted {
        let name = &port.name;
        return Err(Error::internal(format!(
            "{name:?} has {} bytes of {wanted}",
            bytes.len()
        )));
    }
    if port.element == ElementType::U8 {
        bytes.iter_mut().for_each(|b| *b ^= 0x80);
    }
    Ok(bytes)
}

/// True if a step makes something other than f32 of a computed f32 tensor.
fn rounds_floats(program: &QuantGraph, step: &Step) -> bool {
    let is_float = |id: &usize| program.tensors[*id].element == ElementType::F32;
    let is_computed = |id: &usize| program.steps.iter().any(|s| s.outputs.contains(id));
    let reads = step.inputs.iter().any(|id| is_float(id) && is_computed(id));
    reads && !step.outputs.iter().take(step.results).all(is_float)
}
