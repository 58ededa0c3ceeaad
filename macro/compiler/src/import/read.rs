//! From the file's tables to a [`Graph`]: names, constants, operators, checks.

use std::collections::{HashMap, HashSet};

use ndarray::ArrayD;

use crate::error::shape_text;
use crate::error::{Error, Result};
use crate::import::shapes;
use crate::import::shapes::InputShapes;
use crate::import::state::Variable;
use crate::import::{ports, refused, tensor};
use crate::ir::context::ParseContext;
use crate::ir::control::{RegionId, WHOLE};
use crate::ir::graph::{ElementType, Graph, Kept, Node, Quantization, Value, ValueId};
use crate::ir::operator::Operator;
use crate::limits::{self, Budget, NODES_AFTER_INLINING, TENSORS_AFTER_INLINING};
use crate::ops;
use crate::ops::types;
use crate::rewrite::constant_fold;
use crate::tflite::{self, BuiltinOperator, Model, SubGraph, TensorType};

/// A list of tensor indices.
pub(crate) fn ids(list: Option<flatbuffers::Vector<'_, i32>>) -> Vec<i32> {
    list.map(|l| l.iter().collect()).unwrap_or_default()
}

impl Graph {
    /// Reads one signature (or the only subgraph) of a `.tflite` file, for inputs of
    /// `shapes` where it leaves them open.
    pub(crate) fn read(
        bytes: &[u8],
        signature: Option<&str>,
        shapes: &InputShapes<'_>,
    ) -> Result<Graph> {
        let model = tflite::open(bytes)?;
        let entry = ports::entry(&model, signature)?;
        let mut reader = Reader {
            bytes,
            model: &model,
            graph: Graph::default(),
            stated: Vec::new(),
            has_signature: Vec::new(),
            is_static: true,
            variables: Vec::new(),
            complex: HashSet::new(),
            long: HashSet::new(),
            unsupported: Vec::new(),
            custom: Vec::new(),
            refused: HashMap::new(),
            depth: 0,
            budget: Budget::new(bytes.len()),
            region: WHOLE,
            inlined: 0,
            constants: HashMap::new(),
        };
        let mut scope = reader.scope(&entry.subgraph)?;
        ports::ports(&mut reader.graph, &entry, &scope, false)?;
        reader.input_shapes(shapes)?;
        reader.operators(&entry.subgraph, &mut scope)?;
        ports::ports(&mut reader.graph, &entry, &scope, true)?;
        reader.states()?;
        reader.supported()?;
        check_order(&reader.graph, &reader.refused)?;
        Ok(reader.graph)
    }
}

/// Reads subgraphs into one graph.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    pub model: &'a Model<'a>,
    pub graph: Graph,
    /// By value, the dimensions that the file fixes.
    pub(crate) stated: Vec<Vec<Option<usize>>>,
    has_signature: Vec<bool>,
    /// The file's shapes hold: no input is open, or has another shape than there.
    pub(crate) is_static: bool,
    /// What VAR_HANDLE names.
    pub variables: Vec<Variable>,
    /// Tensors of complex numbers, which are held as pairs of real ones.
    complex: HashSet<ValueId>,
    /// Tensors of uint64, which are held as pairs of words.
    long: HashSet<ValueId>,
    /// The places of operators that no row of the table knows.
    pub(crate) unsupported: Vec<String>,
    /// The names of custom ones among them.
    pub(crate) custom: Vec<String>,
    /// Constants that cannot be read, and why.
    refused: HashMap<ValueId, String>,
    /// How many subgraphs call each other here.
    pub depth: usize,
    budget: Budget,
    /// Where operators that are read come to lie.
    pub(crate) region: RegionId,
    /// Operators and tensors of called subgraphs so far.
    pub(crate) inlined: usize,
    /// The constants of subgraphs that were read already, by the place of the subgraph in
    /// the file and the number of the tensor: an unrolled loop has its weights once.
    constants: HashMap<(usize, usize), ValueId>,
}

/// The tensors of one subgraph while it is read.
#[derive(Default)]
pub(crate) struct Scope {
    /// The value that stands for each tensor.
    pub values: Vec<ValueId>,
    /// The variable of each resource tensor.
    pub handles: HashMap<usize, usize>,
}

/// One operator of the file, its tensors resolved.
pub(crate) struct Record<'a> {
    pub operator: tflite::Operator<'a>,
    pub index: usize,
    pub place: String,
    /// Tensor indices, as the file has them.
    pub inputs: Vec<i32>,
    pub outputs: Vec<i32>,
}

impl Scope {
    pub(crate) fn value(&self, id: i32) -> Option<ValueId> {
        usize::try_from(id)
            .ok()
            .and_then(|i| self.values.get(i))
            .copied()
    }
}

impl<'a> Reader<'a> {
    /// Gives every tensor of a subgraph a value.
    pub(crate) fn scope(&mut self, subgraph: &SubGraph<'a>) -> Result<Scope> {
        let tensors = subgraph.tensors().unwrap_or_default();
        if self.graph.values.len() + tensors.len() > TENSORS_AFTER_INLINING {
            return Err(Error::model(format!(
                "the model has more than {TENSORS_AFTER_INLINING} tensors, those of repeated \
                 calls of subgraphs included"
            )));
        }
        let mut scope = Scope::default();
        let operators = subgraph.operators().unwrap_or_default();
        let written: HashSet<i32> = operators.iter().flat_map(|o| ids(o.outputs())).collect();
        for i in 0..tensors.len() {
            let place = (subgraph._tab.loc(), i);
            if let Some(&known) = self.constants.get(&place) {
                scope.values.push(known);
                continue;
            }
            let tensor = tensors.get(i);
            let budget = &mut self.budget;
            let value = tensor::value(self.bytes, self.model, subgraph, &tensor, i, budget)?;
            let id = self.value(value);
            self.stated[id] = tensor::stated(&tensor);
            self.has_signature[id] = tensor::has_signature(&tensor);
            let is_constant = tflite::buffer(self.bytes, self.model, &tensors.get(i))?.is_some();
            let reason =
                refused::constant(&tensors.get(i), self.graph.values[id].constant.is_some());
            if let Some(reason) = reason.filter(|_| is_constant) {
                self.refused.insert(id, reason);
            }
            if tensor.type_() == TensorType::COMPLEX64 {
                self.complex.insert(id);
            }
            if tensor.type_() == TensorType::UINT64 {
                self.long.insert(id);
            }
            // TensorFlow Lite Micro has no kernels for it.
            self.graph.needs_litert |= tensor.type_() == TensorType::INT2;
            let is_written = written.contains(&i32::try_from(i).unwrap_or(-1));
            if self.graph.values[id].constant.is_some() && !tensor.is_variable() && !is_written {
                self.constants.insert(place, id);
            }
            scope.values.push(id);
        }
        Ok(scope)
    }

    pub(crate) fn value(&mut self, value: Value) -> ValueId {
        self.stated
            .push(value.shape.iter().copied().map(Some).collect());
        self.has_signature.push(false);
        self.graph.values.push(value);
        self.graph.values.len() - 1
    }

    /// The dimensions of an operator's output that the file can be believed about;
    /// empty if there are none.
    fn stated(&self, value: ValueId) -> &[Option<usize>] {
        if self.is_static || self.has_signature[value] {
            &self.stated[value]
        } else {
            &[]
        }
    }

    /// Reads all operators of a subgraph, in order.
    pub(crate) fn operators(&mut self, subgraph: &SubGraph<'a>, scope: &mut Scope) -> Result<()> {
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
            let plain = if code == BuiltinOperator::CUSTOM {
                custom
            } else {
                &name
            };
            let typed = self.typed(plain, subgraph, &record);
            let read = if let Err(error) = typed {
                Err(error)
            } else if self.is_structural(code) {
                self.structural(code, record, scope)
            } else if ops::registry::is_supported(code)
                || ops::registry::is_supported_custom(code, custom)
            {
                self.operator(code, &record, scope)
            } else {
                let plain = tflite::operator_name(code);
                let known = match code {
                    BuiltinOperator::CUSTOM => ops::refused::reason(custom),
                    _ => ops::refused::reason(&plain),
                };
                self.unsupported.push(match known {
                    Some(reason) => format!("{}: {reason}", record.place),
                    None => record.place,
                });
                if code == BuiltinOperator::CUSTOM {
                    self.custom.push(custom.to_owned());
                }
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

    /// Compares the element types of an operator's tensors with what it computes.
    fn typed(&self, name: &str, subgraph: &SubGraph<'a>, record: &Record<'a>) -> Result<()> {
        let tensors = subgraph.tensors().unwrap_or_default();
        let typed = |&id: &i32| {
            let index = usize::try_from(id).ok().filter(|&i| i < tensors.len())?;
            let tensor = tensors.get(index);
            Some((tensor::name(&tensor, index), tensor.type_()))
        };
        let inputs: Vec<_> = record.inputs.iter().map(typed).collect();
        let outputs: Vec<_> = record.outputs.iter().filter_map(typed).collect();
        types::check(name, &inputs, &outputs)
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
                (_, Some(value)) => {
                    if let Some(reason) = self.refused.get(&value) {
                        let name = &self.graph.values[value].name;
                        return Err(Error::model(format!("its operand {name:?} {reason}")));
                    }
                    Some(self.current(value))
                }
                _ => {
                    let message = format!("reads tensor {id}, which does not exist");
                    return Err(Error::model(message));
                }
            });
        }
        let is_complex = operands.iter().flatten().any(|v| self.complex.contains(v));
        let outputs: Option<Vec<ValueId>> =
            record.outputs.iter().map(|&id| scope.value(id)).collect();
        let outputs = outputs
            .filter(|o| !o.is_empty())
            .ok_or_else(|| Error::model("has no outputs, or ones that do not exist"))?;
        let constants = operands.iter().flatten().map(|&v| &self.graph.values[v]);
        let constants = constants.filter(|v| v.constant.is_some()).map(Value::len);
        let read = limits::sum(constants).saturating_mul(outputs.len());
        self.budget.read(read)?;
        // Each output of e.g. SPLIT is an operator of its own.
        for number in 0..outputs.len() {
            let context = ParseContext {
                operator: record.operator,
                number,
                inputs: operands
                    .iter()
                    .map(|v| v.map(|v| &self.graph.values[v]))
                    .collect(),
                output: self.graph.values[outputs[number]].element,
                stated: self.stated(outputs[number]),
                outputs: outputs.len(),
                is_complex,
            };
            let custom = tflite::custom_code(self.model, &record.operator);
            let mut op = ops::registry::parse(code, custom, &context)?;
            let parts = [
                BuiltinOperator::COMPLEX_ABS,
                BuiltinOperator::REAL,
                BuiltinOperator::IMAG,
            ];
            if is_complex && !parts.contains(&code) && !op.take_pairs() {
                return Err(Error::model(
                    "it reads complex numbers; supported are COMPLEX_ABS, REAL, IMAG and \
                     operators that only move them",
                ));
            }
            self.check_unsigned(op.as_ref(), custom, &operands, &outputs)?;
            let operands = self.with_own_states(op.as_ref(), &operands, outputs[number])?;
            let joint = op.is_joint();
            let own = if joint {
                outputs.clone()
            } else {
                vec![outputs[number]]
            };
            self.push(record.index, op, operands, own)?;
            if joint {
                break;
            }
        }
        Ok(())
    }

    /// Integers without sign reach only operators that take them.
    fn check_unsigned(
        &self,
        op: &dyn Operator,
        custom: &str,
        operands: &[Option<ValueId>],
        outputs: &[ValueId],
    ) -> Result<()> {
        let mut all = operands.iter().flatten().chain(outputs);
        if all.clone().any(|v| self.long.contains(v)) && !ops::registry::takes_long(custom) {
            return Err(Error::model(
                "it has a tensor of uint64; supported are those from SignalFilterBank to \
                 SignalFilterBankSquareRoot",
            ));
        }
        let takes = op.takes_unsigned();
        if !takes && all.any(|&v| self.graph.values[v].element == ElementType::U32) {
            return Err(Error::model(
                "it has a tensor of uint32, which it does not compute with; supported are CAST, \
                 operators that only move values, and those of the signal library",
            ));
        }
        Ok(())
    }

    /// The operands of an operator and what it keeps for the next run.
    fn with_own_states(
        &mut self,
        op: &dyn Operator,
        operands: &[Option<ValueId>],
        output: ValueId,
    ) -> Result<Vec<Option<ValueId>>> {
        let mut operands = operands.to_vec();
        let shapes: Vec<&[usize]> = operands
            .iter()
            .map(|v| v.map_or(&[][..], |v| self.graph.values[v].shape.as_slice()))
            .collect();
        let states = op.own_states(&shapes)?;
        if !states.is_empty() && self.depth > 0 {
            return Err(Error::model(
                "it keeps a state of its own, which is supported in the main subgraph only",
            ));
        }
        for state in states {
            let name = format!("{}_{}", self.graph.values[output].name, state.name);
            let value = Value {
                name,
                shape: state.shape,
                element: state.element,
                quantization: (state.element == ElementType::I16)
                    .then_some(Quantization::PerTensor(tensor::UNIT)),
                constant: state.initial,
                unsigned: false,
                channel_zero_points: Vec::new(),
                kept: (state.element == ElementType::F32).then_some(Kept::Exact),
                trained: false,
            };
            operands.push(Some(self.value(value)));
        }
        Ok(operands)
    }

    /// Checks shapes and adds the operator, or what it computes if that is known.
    pub(crate) fn push(
        &mut self,
        index: usize,
        op: Box<dyn Operator>,
        mut operands: Vec<Option<ValueId>>,
        mut outputs: Vec<ValueId>,
    ) -> Result<()> {
        if (self.graph.inputs.iter()).any(|port| outputs.contains(&port.value)) {
            return Err(Error::model(WRITTEN_ALREADY));
        }
        operands.truncate(op.operands());
        while operands.last() == Some(&None) {
            operands.pop();
        }
        let values = &self.graph.values;
        let is_empty = |v: &Option<ValueId>| v.is_some_and(|v| values[v].len() == 0);
        if op.ignores_empty() && !operands.iter().all(is_empty) {
            operands.retain(|v| !is_empty(v));
        }
        if operands.first().is_none_or(Option::is_none) && op.operands() > 0 && !op.is_static() {
            return Err(Error::model("input 0 is missing"));
        }
        let shapes: Vec<&[usize]> = operands
            .iter()
            .map(|v| v.map_or(&[][..], |v| values[v].shape.as_slice()))
            .collect();
        let computed = op.output_shapes(&shapes)?;
        let read_empty = shapes.iter().find(|s| s.contains(&0));
        if let (Some(empty), false) = (read_empty, computed.iter().all(|s| s.contains(&0))) {
            return Err(Error::model(format!(
                "reads a tensor of shape {}, without elements",
                shape_text(empty)
            )));
        }
        for shape in &computed {
            limits::elements(shape).map_err(|e| e.at("its output"))?;
        }
        let work = op.work(&shapes, &computed);
        for (shape, &output) in computed.iter().zip(&outputs) {
            shapes::check(shape, self.stated(output))?;
        }
        let in_uint8 = outputs.iter().any(|&v| values[v].unsigned);
        // TensorFlow Lite Micro converts uint8, but does not compute in it.
        let computes = op.cast().is_none() && !op.is_view();
        self.graph.needs_litert |=
            !ops::registry::in_tflite_micro(op.name()) || (in_uint8 && computes);
        let variables = op.variables();
        for (shape, &output) in computed.into_iter().zip(&outputs) {
            let value = &mut self.graph.values[output];
            value.shape = shape;
            // What has no elements needs no operator.
            value.constant = if value.len() == 0 {
                Some(constant_fold::constant(
                    value,
                    ArrayD::zeros(value.shape.as_slice()),
                )?)
            } else {
                None
            };
        }
        if (outputs.iter()).all(|&v| self.graph.values[v].constant.is_some()) {
            return Ok(());
        }
        for position in variables {
            if let Some(value) = operands.get(position).copied().flatten() {
                outputs.push(self.own_variable(value));
            }
        }
        let first = operands.first().copied().flatten();
        let is_float = first.is_some_and(|v| self.graph.values[v].kept == Some(Kept::Exact));
        if op.is_float_only() || (op.is_view() && is_float) {
            for &output in &outputs {
                let value = &mut self.graph.values[output];
                value.kept = value.element.is_real().then_some(Kept::Exact);
            }
        }
        let floats = operands.iter().flatten().chain(&outputs);
        let in_float = floats.into_iter().any(|&v| {
            self.graph.values[v].element == ElementType::F32
                && self.graph.values[v].constant.is_none()
        });
        let node = Node {
            index,
            region: self.region,
            in_float,
            in_uint8,
            op: op.into(),
            inputs: operands,
            outputs,
        };
        for &output in &node.outputs {
            tensor::check_per_channel(&self.graph.values[output])?;
        }
        if constant_fold::is_known(&self.graph, &node) {
            let made = node.outputs.iter().map(|&v| self.graph.values[v].len());
            self.budget.fold(work, limits::sum(made))?;
        } else {
            if let Some(element) = self.graph.element_read(&node) {
                types::check_support(node.op.name(), element)?;
            }
            self.budget.run(work)?;
        }
        if !constant_fold::fold(&mut self.graph, &node)? {
            if self.graph.nodes.len() == NODES_AFTER_INLINING {
                return Err(Error::model(format!(
                    "the model has more than {NODES_AFTER_INLINING} operators, those of repeated \
                     calls of subgraphs included"
                )));
            }
            if let Some(output) = node.outputs.iter().find(|&&v| {
                let quantization = &self.graph.values[v].quantization;
                matches!(quantization, Some(Quantization::PerChannel { .. }))
            }) {
                return Err(Error::model(format!(
                    "its output {:?} has a scale per channel, which only constants can have",
                    self.graph.values[*output].name
                )));
            }
            self.graph.nodes.push(node);
        }
        Ok(())
    }

    /// The list of all operators that are not supported, if there are any.
    fn supported(&self) -> Result<()> {
        if self.unsupported.is_empty() {
            return Ok(());
        }
        Err(Error::model(refused::operators(
            &self.unsupported,
            &self.custom,
        )))
    }
}

/// What is wrong with an operator that writes to a tensor with a value.
const WRITTEN_ALREADY: &str =
    "its output is already an input, a constant or another operator's output";

/// Every operand must be an input, a constant or written earlier.
fn check_order(graph: &Graph, refused: &HashMap<ValueId, String>) -> Result<()> {
    let mut ready: Vec<bool> = graph.values.iter().map(|v| v.constant.is_some()).collect();
    for port in &graph.inputs {
        ready[port.value] = true;
    }
    for state in &graph.states {
        ready[state.value] = true;
    }
    for node in &graph.nodes {
        if let Some(&value) = node.inputs.iter().flatten().find(|&&v| !ready[v]) {
            let name = &graph.values[value].name;
            let message = match refused.get(&value) {
                Some(reason) => format!("its operand {name:?} {reason}"),
                None => format!("reads {name:?} before any operator writes it"),
            };
            return Err(Error::model(message).at(node.place(graph)));
        }
        for &output in &node.outputs {
            if std::mem::replace(&mut ready[output], true) {
                return Err(Error::model(WRITTEN_ALREADY).at(node.place(graph)));
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
