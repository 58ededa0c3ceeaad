//! The file's operator that a node comes from, and the options that it has there.

use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::graph::Node;
use crate::tflite::write::Code;
use crate::tflite::write_options::{ARG_MAX_OPTIONS, ARG_MIN_OPTIONS, BuiltinOptions, Options};
use crate::tflite::{self, ActivationFunctionType, BuiltinOperator, TensorType};

use super::writer::{Index, Writer};

impl<'a> Writer<'a> {
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
