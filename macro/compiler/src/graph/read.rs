//! From the file's tables to a [`Graph`]: names, constants, operators, checks.

use std::collections::HashMap;

use super::state::Variable;
use super::{ElementType, Graph, Node, Value, ValueId, fold, ports, shape_text, tensor};
use crate::error::{Error, Result};
use crate::ops::{self, Operator, ParseContext};
use crate::tflite::{self, BuiltinOperator, Model, SubGraph, TensorType};

/// A list of tensor indices.
pub(super) fn ids(list: Option<flatbuffers::Vector<'_, i32>>) -> Vec<i32> {
    list.map(|l| l.iter().collect()).unwrap_or_default()
}

impl Graph {
    /// Reads one signature (or the only subgraph) of a `.tflite` file.
    pub(crate) fn read(bytes: &[u8], signature: Option<&str>) -> Result<Graph> {
        let model = tflite::open(bytes)?;
        let entry = ports::entry(&model, signature)?;
        let mut reader = Reader {
            bytes,
            model: &model,
            graph: Graph::default(),
            variables: Vec::new(),
            unsupported: Vec::new(),
            depth: 0,
        };
        let mut scope = reader.scope(&entry.subgraph)?;
        ports::ports(&mut reader.graph, &entry, &scope, false)?;
        reader.operators(&entry.subgraph, &mut scope)?;
        ports::ports(&mut reader.graph, &entry, &scope, true)?;
        reader.states();
        reader.supported()?;
        check_order(&reader.graph)?;
        Ok(reader.graph)
    }
}

/// Reads subgraphs into one graph.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    pub model: &'a Model<'a>,
    pub graph: Graph,
    /// What VAR_HANDLE names.
    pub variables: Vec<Variable>,
    /// The places of operators that no row of the table knows.
    unsupported: Vec<String>,
    /// How many subgraphs call each other here.
    pub depth: usize,
}

/// The tensors of one subgraph while it is read.
#[derive(Default)]
pub(super) struct Scope {
    /// The value that stands for each tensor.
    pub values: Vec<ValueId>,
    /// The variable of each resource tensor.
    pub handles: HashMap<usize, usize>,
}

/// One operator of the file, its tensors resolved.
pub(super) struct Record<'a> {
    pub operator: tflite::Operator<'a>,
    pub index: usize,
    pub place: String,
    /// Tensor indices, as the file has them.
    pub inputs: Vec<i32>,
    pub outputs: Vec<i32>,
}

impl Scope {
    pub(super) fn value(&self, id: i32) -> Option<ValueId> {
        usize::try_from(id)
            .ok()
            .and_then(|i| self.values.get(i))
            .copied()
    }
}

impl<'a> Reader<'a> {
    /// Gives every tensor of a subgraph a value.
    pub(super) fn scope(&mut self, subgraph: &SubGraph<'a>) -> Result<Scope> {
        let tensors = subgraph.tensors().unwrap_or_default();
        let mut scope = Scope::default();
        for i in 0..tensors.len() {
            let value = tensor::value(self.bytes, self.model, subgraph, &tensors.get(i), i)?;
            scope.values.push(self.value(value));
            // TensorFlow Lite Micro has no kernels for it.
            self.graph.needs_litert |= tensors.get(i).type_() == TensorType::INT2;
        }
        Ok(scope)
    }

    pub(super) fn value(&mut self, value: Value) -> ValueId {
        self.graph.values.push(value);
        self.graph.values.len() - 1
    }

    /// Reads all operators of a subgraph, in order.
    pub(super) fn operators(&mut self, subgraph: &SubGraph<'a>, scope: &mut Scope) -> Result<()> {
        let operators = subgraph.operators().unwrap_or_default();
        for index in 0..operators.len() {
            let operator = operators.get(index);
            let code = tflite::builtin_code(self.model, &operator)
                .map_err(|e| e.at(format!("operator #{index}")))?;
            let custom = tflite::custom_code(self.model, &operator);
            let name = if code == BuiltinOperator::CUSTOM {
                format!("CUSTOM ({custom})")
            } else {
                tflite::operator_name(code)
            };
            let (inputs, outputs) = (ids(operator.inputs()), ids(operator.outputs()));
            let first = outputs.first().and_then(|&id| scope.value(id));
            let of = first.map_or("", |v| self.graph.values[v].name.as_str());
            let record = Record {
                operator,
                index,
                place: format!("operator #{index} {name} ({of:?})"),
                inputs,
                outputs,
            };
            let place = record.place.clone();
            let read = if self.is_structural(code) {
                self.structural(code, record, scope)
            } else if ops::is_supported(code) || ops::is_supported_custom(code, custom) {
                self.operator(code, &record, scope)
            } else {
                self.unsupported.push(record.place);
                // What comes after is looked at, too, to list all of them at once.
                continue;
            };
            match read {
                // An error may be a consequence of what is missing.
                Err(_) if !self.unsupported.is_empty() => {}
                other => other.map_err(|e| e.at(place))?,
            }
        }
        Ok(())
    }

    /// Reads one operator of the table.
    fn operator(
        &mut self,
        code: BuiltinOperator,
        record: &Record<'a>,
        scope: &mut Scope,
    ) -> Result<()> {
        let mut operands: Vec<Option<ValueId>> = Vec::new();
        for &id in &record.inputs {
            // -1 stands for an optional input that is left out.
            operands.push(match (id, scope.value(id)) {
                (-1, _) => None,
                (_, Some(value)) => Some(self.current(value)),
                _ => {
                    let message = format!("reads tensor {id}, which does not exist");
                    return Err(Error::model(message));
                }
            });
        }
        let outputs: Option<Vec<ValueId>> =
            record.outputs.iter().map(|&id| scope.value(id)).collect();
        let outputs = outputs
            .filter(|o| !o.is_empty())
            .ok_or_else(|| Error::model("has no outputs, or ones that do not exist"))?;
        // Each output of e.g. SPLIT is an operator of its own.
        for number in 0..outputs.len() {
            let context = ParseContext {
                operator: record.operator,
                number,
                inputs: operands
                    .iter()
                    .map(|v| v.map(|v| &self.graph.values[v]))
                    .collect(),
                output: &self.graph.values[outputs[number]],
                outputs: outputs.len(),
            };
            let custom = tflite::custom_code(self.model, &record.operator);
            let op = ops::parse(code, custom, &context)?;
            let joint = op.is_joint();
            let own = if joint {
                outputs.clone()
            } else {
                vec![outputs[number]]
            };
            self.push(record.index, op, operands.clone(), own)?;
            if joint {
                break;
            }
        }
        Ok(())
    }

    /// Checks shapes and adds the operator, or what it computes if that is known.
    fn push(
        &mut self,
        index: usize,
        op: Box<dyn Operator>,
        mut operands: Vec<Option<ValueId>>,
        mut outputs: Vec<ValueId>,
    ) -> Result<()> {
        operands.truncate(op.operands());
        while operands.last() == Some(&None) {
            operands.pop();
        }
        let values = &self.graph.values;
        let shapes: Vec<&[usize]> = operands
            .iter()
            .map(|v| v.map_or(&[][..], |v| values[v].shape.as_slice()))
            .collect();
        if let Some(empty) = shapes.iter().find(|s| s.contains(&0)) {
            return Err(Error::model(format!(
                "reads a tensor of shape {}, without elements",
                shape_text(empty)
            )));
        }
        let computed = op.output_shapes(&shapes)?;
        for (shape, &output) in computed.iter().zip(&outputs) {
            let stated = &values[output].shape;
            // Files may leave a scalar or dynamic shape empty; ours is then right.
            if stated != shape && !stated.is_empty() {
                return Err(Error::model(format!(
                    "its output has shape {} in the file, but its inputs give {}",
                    shape_text(stated),
                    shape_text(shape)
                )));
            }
        }
        let in_uint8 = outputs.iter().any(|&v| values[v].unsigned);
        // TensorFlow Lite Micro converts uint8, but does not compute in it.
        let computes = op.cast().is_none() && !op.is_view();
        self.graph.needs_litert |= !op.in_tflite_micro() || (in_uint8 && computes);
        let variables = op.variables();
        for (shape, &output) in computed.into_iter().zip(&outputs) {
            self.graph.values[output].shape = shape;
        }
        for position in variables {
            if let Some(value) = operands.get(position).copied().flatten() {
                outputs.push(self.own_variable(value));
            }
        }
        let floats = operands.iter().flatten().chain(&outputs);
        let in_float = floats.into_iter().any(|&v| {
            self.graph.values[v].element == ElementType::F32
                && self.graph.values[v].constant.is_none()
        });
        let node = Node {
            index,
            in_float,
            in_uint8,
            op: op.into(),
            inputs: operands,
            outputs,
        };
        if !fold::fold(&mut self.graph, &node) {
            self.graph.nodes.push(node);
        }
        Ok(())
    }

    /// The list of all operators that are not supported, if there are any.
    fn supported(&self) -> Result<()> {
        if self.unsupported.is_empty() {
            return Ok(());
        }
        let what = if self.unsupported.len() == 1 {
            "1 operator is"
        } else {
            "these operators are"
        };
        Err(Error::model(format!(
            "{what} not supported:\n  {}\nSupported: {}",
            self.unsupported.join("\n  "),
            ops::SUPPORTED.join(", ")
        )))
    }
}

/// Every operand must be an input, a constant or written earlier.
fn check_order(graph: &Graph) -> Result<()> {
    let mut ready: Vec<bool> = graph.values.iter().map(|v| v.constant.is_some()).collect();
    for port in &graph.inputs {
        ready[port.value] = true;
    }
    for state in &graph.states {
        ready[state.value] = true;
    }
    for node in &graph.nodes {
        if let Some(&value) = node.inputs.iter().flatten().find(|&&v| !ready[v]) {
            return Err(Error::model(format!(
                "reads {:?} before any operator writes it",
                graph.values[value].name
            ))
            .at(node.place(graph)));
        }
        for &output in &node.outputs {
            if std::mem::replace(&mut ready[output], true) {
                return Err(Error::model(
                    "its output is already an input, a constant or another operator's output",
                )
                .at(node.place(graph)));
            }
        }
    }
    match graph.outputs.iter().find(|port| !ready[port.value]) {
        Some(port) => Err(Error::model(format!(
            "no operator writes the output {:?}",
            port.name
        ))),
        None if graph.outputs.is_empty() => Err(Error::model("the model has no outputs")),
        None => Ok(()),
    }
}
