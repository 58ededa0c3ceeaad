//! The operators in front of an f32 output that compute in f32, so that no int8 rounding lies
//! between their accumulators and the output.

use super::builder::Lowering;
use crate::error::{Error, Result};
use crate::ir::context::{QuantRule, Target};
use crate::ir::graph::{ElementType, Graph, ValueId};
use crate::ir::kernel::{Kernel, Source};
use crate::ir::quant_graph::TensorId;
use crate::ops::shared::float_epilogue::FloatEpilogueKernel;
use crate::quantize::scales::Scales;

/// The operators in front of an f32 output that write f32, straight from the accumulators.
#[derive(Default)]
pub(super) struct FloatOutputChain {
    /// The positions of the operators.
    pub nodes: Vec<usize>,
    /// The values in front of the chain, which are dequantized.
    pub starts: Vec<ValueId>,
}

/// The chain in front of `output`, if there is one.
pub(super) fn float_output_chain(
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
    let mut chain = FloatOutputChain::default();
    walk.back(output, &mut chain);
    (!chain.nodes.is_empty()).then_some(chain)
}

/// The walk from an output back to the operators that compute it.
struct Walk<'a> {
    graph: &'a Graph,
    scales: &'a Scales,
    uses: Vec<usize>,
    producers: Vec<Option<usize>>,
}

impl Walk<'_> {
    /// Collects the operators that compute `value`.
    fn back(&self, value: ValueId, chain: &mut FloatOutputChain) {
        let tensor = &self.graph.values[value];
        // Quantization that the file prescribes is kept to the letter.
        let ours = self.uses[value] == 1
            && tensor.quantization.is_none()
            && tensor.element == ElementType::F32
            && tensor.kept.is_none();
        let Some(position) = self.producers[value].filter(|_| ours) else {
            chain.starts.push(value);
            return;
        };
        let node = &self.graph.nodes[position];
        if node.op.writes_f32() {
            chain.nodes.push(position);
        } else if node.op.is_view() || node.op.tail().is_some() {
            chain.nodes.push(position);
            if let Some(input) = node.inputs.first().copied().flatten() {
                self.back(input, chain);
            }
        } else if self.joins_scales(position) {
            chain.nodes.push(position);
            for &input in node.inputs.iter().flatten() {
                if self.is_computed_real(input) {
                    self.back(input, chain);
                }
            }
        } else {
            chain.starts.push(value);
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

    /// True for computed real numbers: not for constants, nor for indices, which have no scale.
    fn is_computed_real(&self, value: ValueId) -> bool {
        let value = &self.graph.values[value];
        value.constant.is_none() && value.element.is_real()
    }
}

impl Lowering<'_> {
    /// Adds the step of a chain's operator, which writes f32.
    pub(super) fn float_output_node(
        &mut self,
        position: usize,
        chain: &FloatOutputChain,
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
                    Source::Operand(i) => self.chain_operand(node.input(i)?, chain)?,
                    Source::Constant(data) => {
                        self.constant(self.graph.values[node.output()].name.clone(), data, None)
                    }
                });
            }
            self.push_f32_step(position, inputs, lowered.kernel);
            return Ok(());
        }
        let real = self.chain_operand(input, chain)?;
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

    /// Adds a step that writes f32.
    fn push_f32_step(&mut self, position: usize, inputs: Vec<TensorId>, kernel: Box<dyn Kernel>) {
        let node = &self.graph.nodes[position];
        let output = self.tensor(node.output(), ElementType::F32, None);
        self.tensors.insert(node.output(), output);
        self.push_step(
            Some(node.index),
            node.op.name(),
            inputs,
            vec![output],
            kernel,
        );
    }

    /// The tensor of an operand of a chain's operator: f32, but indices as they are.
    fn chain_operand(&mut self, value: ValueId, chain: &FloatOutputChain) -> Result<TensorId> {
        if !self.graph.values[value].element.is_real() {
            self.tensor_quantized(value)
        } else if chain.starts.contains(&value) {
            self.tensor_f32(value)
        } else {
            let missing = || Error::model("an operand is not there yet");
            self.tensors.get(&value).copied().ok_or_else(missing)
        }
    }
}
