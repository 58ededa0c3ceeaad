//! Operands of operators on quantized tensors: weights, biases and other constants in steps.

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, Operand, QuantRule, Reference, Target, constant_source};
use crate::ir::graph::{ElementType, Node, Value, ValueId};
use crate::ir::kernel::{Source, StoredBias, StoredWeights};
use crate::ir::quant_graph::{QuantTensor, Step};
use crate::ops::shared::broadcast;
use crate::ops::shared::weights::bias_values;
use crate::tflite::TensorType;
use crate::tflite::write::{Quantization, TensorTable};

use super::writer::{Index, Writer};

/// What an operator of an int8 file sees where it is lowered.
pub(super) fn int8_context<'c>(
    writer: &'c Writer<'_>,
    node: &'c Node,
    step: &Step,
) -> Result<LowerContext<'c>> {
    let graph = writer.graph;
    let operand = |v: &Option<ValueId>| {
        v.map(|v| {
            let value = &graph.values[v];
            let held = writer.held(step, v).map(|id| &writer.program.tensors[id]);
            let held = held.filter(|_| value.constant.is_none());
            Operand {
                value,
                params: held.and_then(|t| t.params),
                element: match (held, value.element) {
                    (Some(tensor), _) => tensor.element.storage_type(),
                    (None, ElementType::F32) => ElementType::I8,
                    (None, other) => other.storage_type(),
                },
                rounding: None,
            }
        })
    };
    let operands = node.inputs.iter().chain(&node.record.parameters);
    let mut targets = step
        .outputs
        .iter()
        .map(|&id| target(writer, &writer.program.tensors[id]));
    let none = || Error::internal("a step without outputs");
    Ok(LowerContext {
        target: targets.next().ok_or_else(none)?,
        other_targets: targets.collect(),
        inputs: operands.map(operand).collect(),
        output: &graph.values[node.output()],
        in_float: false,
        in_uint8: false,
        per_channel: true,
        reference: Reference::TfliteMicro,
    })
}

/// What a tensor of the program is to the operator that writes it.
fn target(writer: &Writer<'_>, tensor: &QuantTensor) -> Target {
    let value = tensor.value.map(|v| writer.graph.values[v].element);
    match (tensor.element.storage_type(), tensor.params) {
        (ElementType::I8, Some(params)) => Target::I8(params),
        (ElementType::I16, Some(params)) => Target::I16(params),
        (ElementType::F32, _) => Target::F32,
        _ if value == Some(ElementType::Bool) => Target::Bool,
        _ => Target::I32,
    }
}

impl Writer<'_> {
    /// The operands of an operator on quantized tensors, constants in the steps that its kernel
    /// has.
    pub(super) fn quantized_operands(
        &mut self,
        node: &Node,
        step: &Step,
    ) -> Result<Vec<Option<Index>>> {
        let all: Vec<Option<ValueId>> = node
            .inputs
            .iter()
            .chain(&node.record.parameters)
            .copied()
            .collect();
        let mut operands = Vec::new();
        for (i, operand) in all.into_iter().enumerate() {
            let Some(id) = operand else {
                operands.push(None);
                continue;
            };
            let value = &self.graph.values[id];
            operands.push(Some(if value.constant.is_none() {
                self.computed(step, id)?
            } else if !value.element.is_real() {
                self.constant(id)?
            } else if step.kernel.weights().is_some() {
                // Weights and biases follow.
                0
            } else {
                self.steps(node, step, i, value)?
            }));
        }
        if let Some(weights) = step.kernel.weights() {
            self.weights(node, step, &weights, &mut operands)?;
        }
        Ok(operands)
    }

    /// A computed operand in the shape that the operator reads.
    fn computed(&mut self, step: &Step, id: ValueId) -> Result<Index> {
        let value = &self.graph.values[id];
        let held = self.held(step, id).ok_or_else(|| {
            Error::model(format!(
                "the program does not read its operand {:?} as the file does",
                value.name
            ))
        })?;
        let index = self.tensor(held);
        Ok(self.reshaped(index, &value.shape))
    }

    /// A constant of real numbers in the steps in which the kernel has it.
    fn steps(&mut self, node: &Node, step: &Step, i: usize, value: &Value) -> Result<Index> {
        let context = int8_context(self, node, step)?;
        let output = context.target.params();
        let is_observed = matches!(
            node.op.rule(),
            QuantRule::Observed | QuantRule::Fixed { .. }
        );
        // What the parser has read is written by the operator as it is.
        let takes_output = !is_observed || i >= node.inputs.len();
        let is_bias = node.op.name() == "FULLY_CONNECTED" && i == 2;
        let (data, quantization) = if is_bias {
            let scale = |i| broadcast::operand(&context, i).map(|(params, _)| params.scale);
            let scale = scale(0)? * scale(1)?;
            let data = bias_values(value, f64::from(scale), value.len())?;
            let params = crate::arithmetic::quant_params::QuantParams {
                scale,
                zero_point: 0,
            };
            (Buffer::I32(data), Quantization::Whole(params))
        } else if takes_output {
            match constant_source(&context, i)? {
                Source::Constant(data) => {
                    (data, output.map_or(Quantization::None, Quantization::Whole))
                }
                Source::Operand(_) => return Err(Error::internal("a constant is computed")),
            }
        } else {
            // The alpha of PRELU is int8 whatever its input is.
            let element = match node.op.name() {
                "PRELU" => ElementType::I8,
                _ => context.element(1 - i.min(1))?,
            };
            match broadcast::operand_of_type(&context, i, element)? {
                (params, Source::Constant(data)) => (data, Quantization::Whole(params)),
                _ => return Err(Error::internal("a constant is computed")),
            }
        };
        let element = match data.element() {
            ElementType::I16 => TensorType::INT16,
            ElementType::I32 => TensorType::INT32,
            ElementType::F32 => TensorType::FLOAT32,
            _ => TensorType::INT8,
        };
        Ok(self.add_tensor(TensorTable {
            name: value.name.clone(),
            shape: value.shape.clone(),
            element,
            quantization,
            data: Some(data.to_bytes()),
        }))
    }

    /// Puts weights and biases, as the kernel has them, into the list of operands.
    fn weights(
        &mut self,
        node: &Node,
        step: &Step,
        stored: &StoredWeights<'_>,
        operands: &mut Vec<Option<Index>>,
    ) -> Result<()> {
        let places = match node.op.name() {
            "TRANSPOSE_CONV" => [2, 1, 3],
            _ => [0, 1, 2],
        };
        let [input, filter, bias] = places;
        let axis = match node.op.name() {
            "DEPTHWISE_CONV_2D" => 3,
            _ => 0,
        };
        let value = &self.graph.values[node.input(filter)?];
        let input = node.input(input)?;
        let held = self.held(step, input).map(|id| &self.program.tensors[id]);
        let params = held
            .and_then(|tensor| tensor.params)
            .ok_or_else(|| Error::internal("sums of an input without a scale"))?;
        let channels =
            |scales: Vec<f32>, dimension: usize| Quantization::Channels { scales, dimension };
        let table = TensorTable {
            name: value.name.clone(),
            shape: value.shape.clone(),
            element: TensorType::INT8,
            quantization: channels(stored.scales.to_vec(), axis),
            data: Some(stored.filter.iter().map(|&w| w.cast_unsigned()).collect()),
        };
        operands[filter] = Some(self.add_tensor(table));
        let (element, data, count, is_zero): (_, Vec<u8>, _, _) = match stored.bias {
            StoredBias::I32(bias) => (
                TensorType::INT32,
                bias.iter().flat_map(|b| b.to_le_bytes()).collect(),
                bias.len(),
                bias.iter().all(|&b| b == 0),
            ),
            StoredBias::I64(bias) => (
                TensorType::INT64,
                bias.iter().flat_map(|b| b.to_le_bytes()).collect(),
                bias.len(),
                bias.iter().all(|&b| b == 0),
            ),
        };
        let given = operands.get(bias).copied().flatten();
        // LiteRT asks for the bias of a convolution.
        if given.is_none() && is_zero && node.op.name() == "TRANSPOSE_CONV" {
            return Ok(());
        }
        operands.resize(operands.len().max(bias + 1), None);
        let original = node.inputs.get(bias).copied().flatten();
        let name = match original {
            Some(original) => self.graph.values[original].name.clone(),
            None => format!("{}_bias", value.name),
        };
        let scales = stored.scales.iter().map(|&scale| params.scale * scale);
        let table = TensorTable {
            name,
            shape: vec![count],
            element,
            quantization: channels(scales.collect(), 0),
            data: Some(data),
        };
        operands[bias] = Some(self.add_tensor(table));
        Ok(())
    }
}
