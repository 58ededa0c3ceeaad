//! Branches and loops of the program.

use std::collections::HashSet;

use crate::calibrate::{Samples, views};
use crate::error::{Error, Result};
use crate::ir::context::Target;
use crate::ir::control::{RegionId, Variable};
use crate::ir::graph::ValueId;
use crate::ir::quant_graph::{QuantGraph, TensorId};
use crate::limits::ROUNDS;
use crate::ops::shared::strided::StridedKernel;
use crate::parallel;
use crate::quantize::lowering::Lowering;

/// A value's second form, beside the one that its operator writes.
pub(crate) struct Converted {
    pub value: ValueId,
    /// It is the one in f32.
    pub is_real: bool,
    pub region: RegionId,
}

impl Lowering<'_> {
    /// Goes on in another region: what was converted in one that is left may not be there.
    pub(crate) fn enter(&mut self, region: RegionId) {
        if region == self.region {
            return;
        }
        self.region = region;
        let regions = &self.graph.regions;
        let (tensors, reals) = (&mut self.tensors, &mut self.reals);
        self.converted.retain(|converted| {
            let is_there = regions.contains(converted.region, region);
            if !is_there {
                let forms = if converted.is_real {
                    &mut *reals
                } else {
                    &mut *tensors
                };
                forms.remove(&converted.value);
            }
            is_there
        });
    }

    /// Notes that a value has a second form from here on.
    pub(crate) fn convert(&mut self, value: ValueId, is_real: bool) {
        self.converted.push(Converted {
            value,
            is_real,
            region: self.region,
        });
    }

    /// The regions of the program, when all of its tensors are there.
    pub(crate) fn regions(&mut self) -> Result<()> {
        let tensor = |value: ValueId| {
            let is_real = self.target(value).ok() == Some(Target::F32);
            let forms = if is_real { &self.reals } else { &self.tensors };
            forms.get(&value).copied()
        };
        let regions = self.graph.regions.map(tensor);
        self.program.regions = regions
            .ok_or_else(|| Error::model("a condition of a branch or loop is not computed"))?;
        Ok(())
    }

    /// In front of the operator at `position`, if that is the first to write a variable for a
    /// loop's next round: all that goes into variables is there, and what is a variable itself
    /// is copied, as it may be overwritten before it is read.
    pub(crate) fn end_of_round(&mut self, position: usize) -> Result<()> {
        let graph = self.graph;
        let output = graph.nodes[position].output();
        let Some(variables) = graph.regions.handed_on(output) else {
            return Ok(());
        };
        if variables.first().is_none_or(|first| first.next != output) {
            return Ok(());
        }
        self.copied.clear();
        let mut written: HashSet<TensorId> = HashSet::new();
        for variable in variables {
            written.insert(self.form(variable.value)?);
        }
        for Variable { next, .. } in variables {
            let mut nodes = graph.nodes.iter();
            let carried = nodes
                .find(|node| node.output() == *next)
                .and_then(|node| node.inputs.first().copied().flatten())
                .filter(|&from| graph.values[from].constant.is_none());
            let Some(from) = carried else { continue };
            let target = self.target(*next)?;
            let id = if target == Target::F32 {
                self.tensor_f32(from)?
            } else {
                self.tensor_quantized(from)?
            };
            if written.contains(&id) && !self.copied.contains_key(&id) {
                let (element, params) = {
                    let tensor = &self.program.tensors[id];
                    (tensor.element, tensor.params)
                };
                let copy = self.tensor(from, element, params);
                let kernel = StridedKernel::copy(graph.values[from].len());
                self.push_compiler_step("(copy)", id, copy, kernel);
                self.copied.insert(id, copy);
            }
        }
        Ok(())
    }

    /// The tensor that a value's operator has written.
    fn form(&mut self, value: ValueId) -> Result<TensorId> {
        if self.target(value)? == Target::F32 {
            self.tensor_f32(value)
        } else {
            self.tensor_quantized(value)
        }
    }
}

/// Runs the quantized program on all samples: its loops must end, too.
pub(crate) fn check(program: &QuantGraph, samples: &Samples<'_>) -> Result<()> {
    if program.regions.variables().next().is_none() {
        return Ok(());
    }
    let endless = parallel::map(samples.numbers, |&number| {
        let inputs = program.encode_sample(&views(&samples.sample(number)));
        program.is_endless(&inputs, &[]).then_some(number)
    });
    match endless.into_iter().flatten().next() {
        Some(number) => Err(Error::dataset(format!(
            "the loops of the model end on sample {number} in float, but run more than {ROUNDS} \
             rounds when it is quantized: keep what their conditions depend on in float, by \
             `tensors(\"name\": float)`, or count in int32"
        ))),
        None => Ok(()),
    }
}
