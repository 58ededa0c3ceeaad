//! One step of the program becomes one operator of the file, or a few around one in float.

use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::graph::{ElementType, Node, Value, ValueId};
use crate::ir::quant_graph::{Step, TensorId};
use crate::ops::registry::{self, Micro};
use crate::ops::shared::broadcast;
use crate::rewrite::unary_chain;
use crate::tflite::write::{Code, Quantization, TensorTable};
use crate::tflite::write_options::{ARG_MAX_OPTIONS, ARG_MIN_OPTIONS, BuiltinOptions, Options};
use crate::tflite::{self, ActivationFunctionType, BuiltinOperator, TensorType};

use super::operands::int8_context;
use super::runtime::Runtime;
use super::same_kernel::is_same;
use super::writer::{Index, Writer};

/// How an operator of the program is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// On the program's own tensors, which are quantized or integers.
    Quantized,
    /// In float, from and to float32.
    Real,
    /// In float, with DEQUANTIZE in front and QUANTIZE behind.
    Island,
}

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
            ("(rescale)", ..) => BuiltinOperator::QUANTIZE,
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

    /// Chooses the form that computes the step's own bytes.
    fn form(&self, position: usize, step: &Step) -> Result<Form> {
        let node = &self.graph.nodes[position];
        let is_real = |id: &TensorId| self.program.tensors[*id].element == ElementType::F32;
        let reads_reals = step
            .inputs
            .iter()
            .filter(|&&id| self.program.tensors[id].constant.is_none())
            .any(is_real);
        if is_real(&step.output()) && step.kernel.weights().is_some() {
            return Err(Error::model(
                "its f32 output comes from int32 sums, for which the format has no operator; with \
                 an i8 output, the model can be exported",
            ));
        }
        if reads_reals || is_real(&step.output()) {
            return Ok(Form::Real);
        }
        if !node.record.parts.is_empty() {
            return Ok(Form::Island);
        }
        let real_operands = self.graph.real_operands(node).count() > 0;
        let writes_reals = self.graph.values[node.output()].element.is_real();
        if step.kernel.weights().is_some() || !node.in_float || !(real_operands || writes_reals) {
            return Ok(Form::Quantized);
        }
        let is_preferred = is_computed_in_int8(node, self.is_rescaled(step))
            && !self.compares_large_steps(node, step)?;
        let has_float_kernel = node.op.has_float_kernel();
        if (is_preferred || !has_float_kernel) && self.is_int8_kernel(position, step)? {
            return Ok(Form::Quantized);
        }
        if has_float_kernel {
            return Ok(Form::Island);
        }
        Err(Error::model(
            "no operator of the format computes the bytes that its kernel computes",
        ))
    }

    /// True if a step's first operand has another scale than its output.
    fn is_rescaled(&self, step: &Step) -> bool {
        let params = |id: &TensorId| self.program.tensors[*id].params;
        step.inputs.first().map(params) != step.outputs.first().map(params)
    }

    /// True for a comparison with a scale of 1 or more, which ends the process in LiteRT.
    fn compares_large_steps(&self, node: &Node, step: &Step) -> Result<bool> {
        if self.graph.values[node.output()].element != ElementType::Bool {
            return Ok(false);
        }
        let context = int8_context(self, node, step)?;
        let operands = 0..node.inputs.len().min(2);
        let scales = operands.filter_map(|i| broadcast::operand(&context, i).ok());
        Ok(scales.into_iter().any(|(params, _)| params.scale >= 1.0))
    }

    /// True if the operator of an int8 file would have the step's kernel.
    fn is_int8_kernel(&self, position: usize, step: &Step) -> Result<bool> {
        let node = &self.graph.nodes[position];
        let context = int8_context(self, node, step)?;
        let Ok(lowered) = node.op.lower(&context) else {
            return Ok(false);
        };
        let is_function = unary_chain::is_function(self.graph, position);
        Ok(is_same(
            self.program,
            step,
            lowered.kernel.as_ref(),
            is_function,
        ))
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

    /// Writes one operator with these tensors and its own options.
    pub(super) fn write(
        &mut self,
        node: &Node,
        inputs: Vec<Option<Index>>,
        outputs: Vec<Index>,
    ) -> Result<()> {
        let code = code(node.op.name());
        let options = self.options(node, code, &outputs)?;
        self.add_operator(code, inputs, outputs, options);
        Ok(())
    }

    /// The subgraph of the file that a node comes from.
    pub(super) fn source(&self, node: &Node) -> Option<tflite::SubGraph<'a>> {
        let subgraphs = self.model.subgraphs().unwrap_or_default();
        let mut subgraphs = subgraphs.iter();
        subgraphs.find(|subgraph| subgraph._tab.loc() == node.record.subgraph)
    }

    /// The operator of the file that a node comes from.
    pub(super) fn original(&self, node: &Node) -> Result<tflite::Operator<'a>> {
        let operators = self.source(node).and_then(|s| s.operators());
        operators
            .filter(|operators| node.index < operators.len())
            .map(|operators| operators.get(node.index))
            .ok_or_else(|| {
                Error::model(
                    "it is not an operator of the file: what the program computes here cannot \
                     be exported",
                )
            })
    }

    fn options(&self, node: &Node, code: Code<'a>, outputs: &[Index]) -> Result<Options<'a>> {
        let original = self.original(node)?;
        let name = match tflite::builtin_code(self.model, &original)? {
            BuiltinOperator::CUSTOM => tflite::custom_code(self.model, &original).to_owned(),
            builtin => tflite::operator_name(builtin),
        };
        let activation = fused_activation(node)?;
        let arithmetic = match node.op.name() {
            "ADD" => Some(BuiltinOptions::AddOptions),
            "SUB" => Some(BuiltinOptions::SubOptions),
            "MUL" => Some(BuiltinOptions::MulOptions),
            "DIV" => Some(BuiltinOptions::DivOptions),
            _ => None,
        };
        // A division by constants has become a multiplication.
        if let Some(kind) = arithmetic {
            return Ok(Options::Activated(kind, activation));
        }
        self.check_complex(node, &original)?;
        if name != node.op.name() {
            return Err(Error::model(format!(
                "it stands for {name} of the file and has no options there: it cannot be \
                 exported yet"
            )));
        }
        let index = |kind| Options::OutputType(kind, self.subgraph.tensors[outputs[0]].element);
        Ok(match code {
            Code::Custom(_) => {
                let options = original.custom_options();
                Options::Custom(options.map_or(&[], |o| o.bytes()))
            }
            Code::Builtin(BuiltinOperator::ARG_MAX) => index(ARG_MAX_OPTIONS),
            Code::Builtin(BuiltinOperator::ARG_MIN) => index(ARG_MIN_OPTIONS),
            Code::Builtin(BuiltinOperator::SPLIT_V) => Options::Splits(outputs.len()),
            Code::Builtin(_) => Options::Copied(original, activation),
        })
    }
}

impl Writer<'_> {
    /// Refuses tensors that the program holds as pairs.
    fn check_complex(&self, node: &Node, original: &tflite::Operator<'_>) -> Result<()> {
        let tensors = self.source(node).and_then(|subgraph| subgraph.tensors());
        let tensors = tensors.unwrap_or_default();
        let lists = [original.inputs(), original.outputs()];
        let mut ids = lists.into_iter().flatten().flatten();
        let is_pair = |id: i32| {
            let id = usize::try_from(id).ok().filter(|&id| id < tensors.len());
            let pairs = [TensorType::COMPLEX64, TensorType::UINT64];
            id.is_some_and(|id| pairs.contains(&tensors.get(id).type_()))
        };
        if ids.any(is_pair) {
            return Err(Error::model(
                "it has complex numbers or uint64, which the program holds as pairs: these cannot \
                 be exported yet",
            ));
        }
        Ok(())
    }
}

/// The activation that an operator has taken over, or had from the beginning.
pub(super) fn fused_activation(node: &Node) -> Result<ActivationFunctionType> {
    let activation = node.op.traits().clips.unwrap_or(Activation::None);
    Ok(match activation {
        Activation::None => ActivationFunctionType::NONE,
        Activation::Relu => ActivationFunctionType::RELU,
        Activation::ReluN1To1 => ActivationFunctionType::RELU_N1_TO_1,
        Activation::Relu6 => ActivationFunctionType::RELU6,
        Activation::Relu0To1 => {
            return Err(Error::model(
                "it clamps to 0 and 1 by itself, which the format has as an operator only",
            ));
        }
    })
}

/// The code of an operator, by its name.
fn code<'a>(name: &'static str) -> Code<'a> {
    let builtin = BuiltinOperator::ENUM_VALUES
        .iter()
        .find(|code| code.variant_name() == Some(name));
    builtin.map_or(Code::Custom(name), |&code| Code::Builtin(code))
}

/// True if both runtimes have a kernel of int8 tensors for the operator, which computes the same
/// in both. CAST takes steps for plain integers, and TensorFlow Lite Micro's RELU6 does not
/// change the scale.
fn is_computed_in_int8(node: &Node, is_rescaled: bool) -> bool {
    let name = node.op.name();
    let Some(row) = registry::row(name) else {
        return false;
    };
    row.micro == Micro::Int8
        && row.support.chars().nth(1) == Some('y')
        && name != "CAST"
        && !(name == "RELU6" && is_rescaled)
}

/// The error about an operand that the step does not read.
fn unread(value: &Value) -> Error {
    Error::model(format!(
        "the program does not read its operand {:?} as the file does",
        value.name
    ))
}
