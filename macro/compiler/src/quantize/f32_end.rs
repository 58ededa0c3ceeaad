//! What lies in front of an f32 output and needs no int8 step.

use super::lower::Lowering;
use crate::error::{Error, Result};
use crate::graph::{ElementType, Graph, ValueId};
use crate::ops::Target;
use crate::ops::tail::{Function, TailKernel};

/// The operators at the end of an f32 output that need no int8 step: they
/// write real values, straight from the accumulators.
pub(super) struct F32End {
    /// Positions, all before `value` exists as f32.
    pub nodes: Vec<usize>,
    /// The tensor whose int8 form is dequantized first, if no operator of the
    /// chain has accumulators.
    pub start: Option<ValueId>,
}

pub(super) fn f32_end(graph: &Graph, output: ValueId) -> Option<F32End> {
    let (uses, producers) = (graph.uses(), graph.producers());
    let mut end = F32End {
        nodes: Vec::new(),
        start: None,
    };
    let mut value = output;
    loop {
        let position = producers[value];
        // Quantization that the file prescribes is kept to the letter.
        let ours = uses[value] == 1
            && graph.values[value].quantization.is_none()
            && graph.values[value].element == ElementType::F32
            && graph.values[value].kept.is_none();
        let Some(position) = position.filter(|_| ours) else {
            end.start = Some(value);
            break;
        };
        let node = &graph.nodes[position];
        if node.op.writes_f32() {
            end.nodes.push(position);
            break;
        }
        if !(node.op.is_view() || node.op.tail().is_some()) {
            end.start = Some(value);
            break;
        }
        end.nodes.push(position);
        value = node.inputs.first().copied().flatten()?;
    }
    (!end.nodes.is_empty()).then_some(end)
}

impl Lowering<'_> {
    /// A node of an [`F32End`]: writes f32.
    pub(super) fn f32_node(&mut self, position: usize, end: &F32End) -> Result<()> {
        let node = &self.graph.nodes[position];
        let Some(input) = node.inputs.first().copied().flatten() else {
            return Err(Error::model("it has no input"));
        };
        if node.op.writes_f32() {
            let lowered = node
                .op
                .lower(&self.context(position, Target::F32, false)?)?;
            let inputs = self.sources(position, lowered.sources, false)?;
            let output = self.tensor(node.output(), ElementType::F32, None);
            self.tensors.insert(node.output(), output);
            self.step(
                node.index,
                node.op.name(),
                inputs,
                vec![output],
                lowered.kernel,
            );
            return Ok(());
        }
        let real = if end.start == Some(input) {
            self.real(input)?
        } else {
            self.tensors[&input]
        };
        if node.op.is_view() {
            self.tensors.insert(node.output(), real);
            return Ok(());
        }
        let function = node.op.tail().unwrap_or(Function::Logistic);
        let output = self.tensor(node.output(), ElementType::F32, None);
        self.tensors.insert(node.output(), output);
        self.step(
            node.index,
            node.op.name(),
            vec![real],
            vec![output],
            Box::new(TailKernel(function)),
        );
        Ok(())
    }
}
