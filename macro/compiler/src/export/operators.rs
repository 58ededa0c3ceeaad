//! One step of the program becomes one operator of the file, or a few around one in float.

use crate::error::{Error, Result};
use crate::ir::graph::{ElementType, Node, Value, ValueId};
use crate::ir::quant_graph::Step;
use crate::rewrite::unary_chain;
use crate::tflite::write::{Quantization, TensorTable};
use crate::tflite::{BuiltinOperator, TensorType};

use super::forms::Form;
use super::runtime::Runtime;
use super::writer::{Index, Writer};

impl<'a> Writer<'a> {
    /// Writes one step of the program.
    pub(super) fn step(&mut self, step: &'a Step) -> Result<()> {
        if step.operator.starts_with('(') {
            return self.conversion(step);
        }
        let Some(value) = self.program.tensors[step.output()].value else {
            return Err(Error::internal(format!(
                "{} writes no value",
                step.operator
            )));
        };
        let position = self.producers[value];
        let position =
            position.ok_or_else(|| Error::internal("a step writes what no operator does"))?;
        let node = &self.graph.nodes[position];
        self.node(position, step)
            .map_err(|e| e.at(node.place(self.graph)))
    }

    /// Writes what the compiler has added between operators.
    fn conversion(&mut self, step: &Step) -> Result<()> {
        let (from, to) = (step.inputs[0], step.output());
        let [source, target] = [from, to].map(|id| &self.program.tensors[id]);
        let code = match (step.operator, source.element, target.element) {
            (_, ElementType::F32, ElementType::I8 | ElementType::I16) => BuiltinOperator::QUANTIZE,
            (_, ElementType::I8 | ElementType::I16, ElementType::F32) => {
                BuiltinOperator::DEQUANTIZE
            }
            ("(rescale)" | "(convert)", ..) => BuiltinOperator::QUANTIZE,
            ("(input)" | "(output)" | "(state)", ..) if source.params == target.params => {
                self.alias(to, from);
                return Ok(());
            }
            _ => {
                return Err(Error::model(format!(
                    "the program converts {:?} by a table, from the bytes that callers pass: the \
                     format has no operator for that; export with an i8 input",
                    source.name
                )));
            }
        };
        let (from, to) = (self.tensor(from), self.tensor(to));
        self.add_plain(code, &[from], to);
        Ok(())
    }

    fn node(&mut self, position: usize, step: &'a Step) -> Result<()> {
        let node = &self.graph.nodes[position];
        if node.in_uint8 {
            return Err(Error::model(
                "its file is uint8, whose kernels round in another way than those of int8; it is \
                 quantized already",
            ));
        }
        let traits = node.op.traits();
        if !traits.variables.is_empty() || step.results != 1 && !traits.is_joint {
            return Err(Error::model(
                "it keeps a state of its own, which cannot be exported yet",
            ));
        }
        if node.op.is_view() {
            return self.view(node, step);
        }
        if !traits.is_joint && self.is_one_of_several(node)? {
            return self.split(node, step);
        }
        let outputs: Vec<Index> = step.outputs.iter().map(|&id| self.tensor(id)).collect();
        self.check_one_type(step)?;
        match self.form(position, step)? {
            Form::Quantized if self.needs_convolution(node, step) => {
                self.pointwise(node, step, outputs[0])
            }
            Form::Quantized if node.op.name() == "SPACE_TO_BATCH_ND" => {
                self.space_to_batch(node, step, outputs[0])
            }
            Form::Quantized => {
                let inputs = self.quantized_operands(node, step)?;
                self.write(node, inputs, outputs)
            }
            Form::Real => self.chain(node, step, outputs),
            Form::Island => {
                self.note_undefined(position, step);
                let name = self.graph.values[node.output()].name.clone();
                let real: Vec<Index> = outputs
                    .iter()
                    .map(|&output| self.real_twin(output, &name))
                    .collect();
                self.chain(node, step, real.clone())?;
                for (from, to) in real.into_iter().zip(outputs) {
                    if from != to {
                        self.add_plain(BuiltinOperator::QUANTIZE, &[from], to);
                    }
                }
                Ok(())
            }
        }
    }

    /// Refuses weights between int8 and int16: runtimes have them for one type on both sides.
    fn check_one_type(&self, step: &Step) -> Result<()> {
        let [from, to] = [step.inputs.first().copied(), Some(step.output())]
            .map(|id| id.map(|id| self.program.tensors[id].element));
        let is_mixed = matches!(
            (from, to),
            (Some(ElementType::I8), Some(ElementType::I16))
                | (Some(ElementType::I16), Some(ElementType::I8))
        );
        if step.kernel.weights().is_some() && is_mixed {
            return Err(Error::model(
                "it has int8 on one side and int16 on the other, which the format's operators with \
                 weights do not: hold its input and its output in one type, by `tensors(..)`",
            ));
        }
        Ok(())
    }

    /// True for sums that LiteRT would round in another way.
    fn needs_convolution(&mut self, node: &Node, step: &Step) -> bool {
        if node.op.name() == "SUM" {
            self.note(
                "SUM of int8 is right in TensorFlow Lite Micro and in LiteRT's default kernels, not \
                 in LiteRT's reference kernels"
                    .to_owned(),
            );
        }
        if node.op.name() != "FULLY_CONNECTED" {
            return false;
        }
        let is_int8 = self.program.tensors[step.output()].element == ElementType::I8;
        if is_int8 && self.runtime == Runtime::TfliteMicro {
            self.note(
                "FULLY_CONNECTED has TensorFlow Lite Micro's rounding: LiteRT rounds once, and \
                 may differ by one step"
                    .to_owned(),
            );
        }
        is_int8 && self.runtime == Runtime::LiteRt && step.kernel.weights().is_some()
    }

    /// Notes where a float operator gives no number for some int8 operand: how QUANTIZE rounds
    /// that is left open.
    fn note_undefined(&mut self, position: usize, step: &Step) {
        let node = &self.graph.nodes[position];
        let name = node.op.name();
        let is_undefined = match unary_chain::function(self.graph, position) {
            Some((input, function)) => {
                let held = self.held(step, input).map(|id| &self.program.tensors[id]);
                let params = held.and_then(|tensor| tensor.params);
                params.is_some_and(|params| {
                    (-128..=127).any(|q| !function(params.dequantize(q)).is_finite())
                })
            }
            None => matches!(name, "DIV" | "POW" | "FLOOR_DIV" | "FLOOR_MOD"),
        };
        if is_undefined {
            self.note(format!(
                "{name} gives infinity or no number for some operands, which runtimes quantize \
                 each in its own way"
            ));
        }
    }

    /// A float32 tensor for what a quantized one gets; other tensors serve themselves.
    fn real_twin(&mut self, output: Index, name: &str) -> Index {
        let tensor = &self.subgraph.tensors[output];
        if tensor.quantization == Quantization::None {
            return output;
        }
        let table = TensorTable {
            name: format!("{name}_real"),
            element: TensorType::FLOAT32,
            quantization: Quantization::None,
            ..tensor.clone()
        };
        self.add_tensor(table)
    }

    /// Writes an operator that only changes the shape: where it has a step, also the scale.
    fn view(&mut self, node: &Node, step: &Step) -> Result<()> {
        let input = self.tensor(step.inputs[0]);
        let output = self.tensor(step.output());
        let shape = self.subgraph.tensors[output].shape.clone();
        let input = self.reshaped(input, &shape);
        let [from, to] = [input, output].map(|i| &self.subgraph.tensors[i]);
        if from.element != to.element {
            return Err(Error::model("it changes the element type"));
        }
        if from.quantization == to.quantization {
            self.place(step.output(), input);
        } else {
            self.add_plain(BuiltinOperator::QUANTIZE, &[input], output);
        }
        debug_assert!(node.op.is_view());
        Ok(())
    }

    /// Writes operators in float, one behind the other, down to `outputs`.
    fn chain(&mut self, node: &'a Node, step: &Step, outputs: Vec<Index>) -> Result<()> {
        let parts = match node.record.parts.as_slice() {
            [] => std::slice::from_ref(node),
            parts => parts,
        };
        let mut before = None;
        for (number, part) in parts.iter().enumerate() {
            let is_last = number + 1 == parts.len();
            let inputs = self.real_operands_of(part, step, before)?;
            let results = if is_last {
                outputs.clone()
            } else {
                let value = &self.graph.values[part.output()];
                vec![self.add_tensor(TensorTable {
                    name: value.name.clone(),
                    shape: value.shape.clone(),
                    element: TensorType::FLOAT32,
                    quantization: Quantization::None,
                    data: None,
                })]
            };
            before = Some((part.output(), results[0]));
            self.write(part, inputs, results)?;
        }
        Ok(())
    }

    /// The operands of an operator that moves elements, in whichever form the step reads them.
    pub(super) fn quantized_or_real_operands(
        &mut self,
        node: &Node,
        step: &Step,
    ) -> Result<Vec<Option<Index>>> {
        if self.program.tensors[step.output()].element == ElementType::F32 {
            self.real_operands_of(node, step, None)
        } else {
            self.quantized_operands(node, step)
        }
    }

    /// The operands of an operator in float; `before` is the value that the operator in front
    /// has written.
    fn real_operands_of(
        &mut self,
        node: &Node,
        step: &Step,
        before: Option<(ValueId, Index)>,
    ) -> Result<Vec<Option<Index>>> {
        let all = node.inputs.iter().chain(&node.record.parameters);
        all.map(|operand| {
            let Some(id) = *operand else { return Ok(None) };
            if let Some((_, index)) = before.filter(|(value, _)| *value == id) {
                return Ok(Some(index));
            }
            let value = &self.graph.values[id];
            if value.constant.is_some() {
                return self.constant(id).map(Some);
            }
            let held = self.held(step, id).ok_or_else(|| unread(value))?;
            let index = self.tensor(held);
            let index = if value.element.is_real() {
                self.real(index)
            } else {
                index
            };
            Ok(Some(self.reshaped(index, &value.shape)))
        })
        .collect()
    }
}

/// The error about an operand that the step does not read.
fn unread(value: &Value) -> Error {
    Error::model(format!(
        "the program does not read its operand {:?} as the file does",
        value.name
    ))
}
