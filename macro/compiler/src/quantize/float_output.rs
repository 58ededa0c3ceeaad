//! What lies in front of an f32 output and needs no int8 step.

use crate::error::{Error, Result};
use crate::ir::context::{QuantRule, Target};
use crate::ir::graph::{ElementType, Graph, ValueId};
use crate::ir::kernel::{Kernel, Source};
use crate::ir::quant_graph::TensorId;
use crate::ops::shared::float_epilogue::FloatEpilogueKernel;
use crate::quantize::lowering::Lowering;
use crate::quantize::scales::Scales;

/// The operators at the end of an f32 output that need no int8 step: they
/// write real values, straight from the accumulators.
#[derive(Default)]
pub(crate) struct FloatOutputChain {
    /// Positions, all before the output exists as f32.
    pub nodes: Vec<usize>,
    /// The tensors whose int8 form is dequantized first.
    pub starts: Vec<ValueId>,
}

/// The end of `output`, if it spares an int8 step.
pub(crate) fn float_output_chain(
    graph: &Graph,
    scales: &Scales,
    output: ValueId,
) -> Option<FloatOutputChain> {
    let walk = Walk {
        graph,
        scales,
        uses: graph.uses(),
        producers: graph.producers(),
    };
    let mut end = FloatOutputChain::default();
    walk.back(output, &mut end);
    (!end.nodes.is_empty()).then_some(end)
}

struct Walk<'a> {
    graph: &'a Graph,
    scales: &'a Scales,
    uses: Vec<usize>,
    producers: Vec<Option<usize>>,
}

impl Walk<'_> {
    /// Collects what computes `value`.
    fn back(&self, value: ValueId, end: &mut FloatOutputChain) {
        let tensor = &self.graph.values[value];
        // Quantization that the file prescribes is kept to the letter.
        let ours = self.uses[value] == 1
            && tensor.quantization.is_none()
            && tensor.element == ElementType::F32
            && tensor.kept.is_none();
        let Some(position) = self.producers[value].filter(|_| ours) else {
            end.starts.push(value);
            return;
        };
        let node = &self.graph.nodes[position];
        if node.op.writes_f32() {
            end.nodes.push(position);
        } else if node.op.is_view() || node.op.tail().is_some() {
            end.nodes.push(position);
            if let Some(input) = node.inputs.first().copied().flatten() {
                self.back(input, end);
            }
        } else if self.joins_scales(position) {
            end.nodes.push(position);
            for &input in node.inputs.iter().flatten() {
                if self.is_computed_real(input) {
                    self.back(input, end);
                }
            }
        } else {
            end.starts.push(value);
        }
    }

    /// True if the operator puts tensors of different scales side by side: in one int8
    /// scale, the smaller ones would lose bits.
    fn joins_scales(&self, position: usize) -> bool {
        let node = &self.graph.nodes[position];
        let own = self.scales.find(node.output());
        let is_other = |&v: &ValueId| self.is_computed_real(v) && self.scales.find(v) != own;
        let joins = node.op.rule() == QuantRule::SameAsAllInputs && !node.op.carries();
        joins && node.inputs.iter().flatten().any(is_other)
    }

    /// False for indices, too, which have no scale.
    fn is_computed_real(&self, value: ValueId) -> bool {
        let value = &self.graph.values[value];
        value.constant.is_none() && value.element.is_real()
    }
}

impl Lowering<'_> {
    /// A node of an [`FloatOutputChain`]: writes f32.
    pub(crate) fn float_output_node(
        &mut self,
        position: usize,
        end: &FloatOutputChain,
    ) -> Result<()> {
        let node = &self.graph.nodes[position];
        let input = node.input(0)?;
        if node.op.writes_f32() {
            let lowered = node
                .op
                .lower(&self.context(position, Target::F32, false)?)?;
            let inputs = self.sources(position, lowered.sources, false)?;
            self.push_f32_step(position, inputs, lowered.kernel);
            return Ok(());
        }
        if node.op.rule() == QuantRule::SameAsAllInputs {
            let lowered = node
                .op
                .lower_float(&self.context(position, Target::F32, true)?)?;
            let mut inputs = Vec::new();
            for source in lowered.sources {
                inputs.push(match source {
                    Source::Operand(i) => self.end_operand(node.input(i)?, end)?,
                    Source::Constant(data) => {
                        self.constant(self.graph.values[node.output()].name.clone(), data, None)
                    }
                });
            }
            self.push_f32_step(position, inputs, lowered.kernel);
            return Ok(());
        }
        let real = self.end_operand(input, end)?;
        if node.op.is_view() {
            self.tensors.insert(node.output(), real);
            return Ok(());
        }
        let none = || Error::internal("it has no f32 kernel");
        let function = node.op.tail().ok_or_else(none)?;
        self.push_f32_step(
            position,
            vec![real],
            Box::new(FloatEpilogueKernel(function)),
        );
        Ok(())
    }

    /// Adds the kernel of an [`FloatOutputChain`]'s node.
    fn push_f32_step(&mut self, position: usize, inputs: Vec<TensorId>, kernel: Box<dyn Kernel>) {
        let node = &self.graph.nodes[position];
        let output = self.tensor(node.output(), ElementType::F32, None);
        self.tensors.insert(node.output(), output);
        self.push_step(node.index, node.op.name(), inputs, vec![output], kernel);
    }

    /// An operand of an [`FloatOutputChain`]'s node, as f32; indices as they are.
    fn end_operand(&mut self, value: ValueId, end: &FloatOutputChain) -> Result<TensorId> {
        if !self.graph.values[value].element.is_real() {
            self.tensor_quantized(value)
        } else if end.starts.contains(&value) {
            self.tensor_f32(value)
        } else {
            let missing = || Error::model("an operand is not there yet");
            self.tensors.get(&value).copied().ok_or_else(missing)
        }
    }
}
