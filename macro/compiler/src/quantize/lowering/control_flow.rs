//! Branches and loops: the program's regions, and the variables of loops.

use std::collections::HashSet;

use super::builder::Lowering;
use crate::error::{Error, Result};
use crate::ir::context::Target;
use crate::ir::control::Variable;
use crate::ir::graph::ValueId;
use crate::ir::quant_graph::TensorId;
use crate::ops::shared::strided::StridedKernel;

impl Lowering<'_> {
    /// Gives the program its regions, once all of its tensors are there.
    pub(super) fn regions(&mut self) -> Result<()> {
        let tensor = |value: ValueId| {
            let is_f32 = self.target(value).ok() == Some(Target::F32);
            let tensors = if is_f32 {
                &self.f32_tensors
            } else {
                &self.tensors
            };
            tensors.get(&value).copied()
        };
        let regions = self.graph.regions.map(tensor);
        self.program.regions = regions
            .ok_or_else(|| Error::model("a condition of a branch or loop is not computed"))?;
        Ok(())
    }

    /// Prepares the end of a loop's round, if the operator at `position` is the first to write a
    /// variable for the next round: converts what goes into variables, and copies what is a
    /// variable itself, which may be overwritten before it is read.
    pub(super) fn end_of_round(&mut self, position: usize) -> Result<()> {
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
            let in_f32 = self.target(variable.value)? == Target::F32;
            written.insert(self.tensor_in(variable.value, in_f32)?);
        }
        for Variable { next, .. } in variables {
            let mut nodes = graph.nodes.iter();
            let carried = nodes
                .find(|node| node.output() == *next)
                .and_then(|node| node.inputs.first().copied().flatten())
                .filter(|&from| graph.values[from].constant.is_none());
            let Some(from) = carried else { continue };
            let target = self.target(*next)?;
            let id = self.tensor_in(from, target == Target::F32)?;
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
}
