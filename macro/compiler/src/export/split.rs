//! Operators with several outputs, each of which is an operator of its own in the program.

use crate::error::{Error, Result};
use crate::ir::graph::Node;
use crate::ir::quant_graph::Step;
use crate::tflite::write::TensorTable;

use super::writer::{Index, Writer};

impl<'a> Writer<'a> {
    /// True if the file's operator has more outputs than the node.
    pub(super) fn is_one_of_several(&self, node: &Node) -> Result<bool> {
        if !node.record.parts.is_empty() {
            return Ok(false);
        }
        let outputs = self.original(node)?.outputs();
        Ok(outputs.is_some_and(|outputs| outputs.len() > 1))
    }

    /// Writes the operator with all of its outputs where the first of them is computed.
    pub(super) fn split(&mut self, node: &'a Node, step: &'a Step) -> Result<()> {
        let is_sibling = |other: &&Node| {
            other.record.subgraph == node.record.subgraph
                && other.index == node.index
                && other.inputs == node.inputs
        };
        let siblings: Vec<&Node> = self.graph.nodes.iter().filter(is_sibling).collect();
        if siblings.first().map(|first| first.output()) != Some(node.output()) {
            return Ok(());
        }
        let original = self.original(node)?;
        let ids = original.outputs().unwrap_or_default();
        let tensors = self.source(node).and_then(|subgraph| subgraph.tensors());
        let own = self.tensor(step.output());
        let own = self.subgraph.tensors[own].clone();
        let mut outputs: Vec<Index> = Vec::new();
        for (number, id) in ids.iter().enumerate() {
            let sibling = siblings.iter().find(|s| s.record.number == number);
            let written = sibling.and_then(|sibling| {
                let steps = self.program.steps.iter();
                let mut ids = steps
                    .filter(|s| !s.operator.starts_with('('))
                    .map(Step::output);
                ids.find(|&id| self.program.tensors[id].value == Some(sibling.output()))
            });
            outputs.push(match written {
                Some(id) => self.tensor(id),
                // Nothing reads it.
                None => {
                    let unread = usize::try_from(id).ok().zip(tensors);
                    let unread = unread.filter(|(id, tensors)| *id < tensors.len());
                    let shape = unread.and_then(|(id, tensors)| tensors.get(id).shape());
                    let shape =
                        shape.ok_or_else(|| Error::model("one of its outputs does not exist"))?;
                    let dimension = |d: i32| usize::try_from(d).unwrap_or(1);
                    self.add_tensor(TensorTable {
                        name: format!("{}_unread_{number}", own.name),
                        shape: shape.iter().map(dimension).collect(),
                        ..own.clone()
                    })
                }
            });
        }
        let inputs = self.quantized_or_real_operands(node, step)?;
        self.write(node, inputs, outputs)
    }
}
