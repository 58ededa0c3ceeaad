//! The subgraph while it is written: the program's tensors, and the forms in which operators
//! read them.

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::graph::{Constant, ElementType, Graph, Value, ValueId};
use crate::ir::quant_graph::{QuantGraph, QuantTensor, Step, TensorId};
use crate::tflite::write::{Code, OperatorTable, Quantization, SubgraphTable, TensorTable};
use crate::tflite::write_options::Options;
use crate::tflite::{BuiltinOperator, Model, TensorType};

use super::runtime::Runtime;
use super::versions::version;

/// The number of a tensor in the subgraph that is written.
pub(super) type Index = usize;

/// A tensor in another form than the program's.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Form {
    /// The elements in another shape.
    Shape(Vec<usize>),
    /// The real numbers that a quantized tensor stands for.
    Real,
}

/// A program on its way into a subgraph.
pub(super) struct Writer<'a> {
    /// The file that the program was made from.
    pub model: &'a Model<'a>,
    pub graph: &'a Graph,
    pub program: &'a QuantGraph,
    pub subgraph: SubgraphTable<'a>,
    /// Whose bytes the file is to give.
    pub runtime: Runtime,
    /// What readers of the file should know.
    pub notes: Vec<String>,
    /// The position of the operator that writes each value of the graph.
    pub producers: Vec<Option<usize>>,
    tensors: HashMap<TensorId, Index>,
    forms: HashMap<(Index, Form), Index>,
    /// Constants as the file has them, by value.
    constants: HashMap<ValueId, Index>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        model: &'a Model<'a>,
        graph: &'a Graph,
        program: &'a QuantGraph,
        runtime: Runtime,
    ) -> Self {
        Self {
            runtime,
            model,
            graph,
            program,
            subgraph: SubgraphTable {
                name: "main".to_owned(),
                ..SubgraphTable::default()
            },
            notes: Vec::new(),
            producers: graph.producers(),
            tensors: HashMap::new(),
            forms: HashMap::new(),
            constants: HashMap::new(),
        }
    }

    /// Adds a note unless it is there.
    pub(super) fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    pub(super) fn add_tensor(&mut self, tensor: TensorTable) -> Index {
        self.subgraph.tensors.push(tensor);
        self.subgraph.tensors.len() - 1
    }

    /// Adds an operator without options of its own.
    pub(super) fn add_plain(&mut self, code: BuiltinOperator, inputs: &[Index], output: Index) {
        self.add_operator(
            Code::Builtin(code),
            inputs.iter().copied().map(Some).collect(),
            vec![output],
            Options::None,
        );
    }

    /// Adds an operator, in the version that its tensors need.
    pub(super) fn add_operator(
        &mut self,
        code: Code<'a>,
        inputs: Vec<Option<Index>>,
        outputs: Vec<Index>,
        options: Options<'a>,
    ) {
        let version = version(code, &inputs, &outputs, &self.subgraph.tensors);
        self.subgraph.operators.push(OperatorTable {
            code,
            version,
            inputs,
            outputs,
            options,
        });
    }

    /// The tensor's place in the subgraph; it is added on first use.
    pub(super) fn tensor(&mut self, id: TensorId) -> Index {
        if let Some(&index) = self.tensors.get(&id) {
            return index;
        }
        let tensor = &self.program.tensors[id];
        let table = TensorTable {
            name: tensor.name.clone(),
            shape: self.shape(tensor),
            element: self.element(tensor),
            quantization: tensor
                .params
                .map_or(Quantization::None, Quantization::Whole),
            data: tensor.constant.as_ref().map(Buffer::to_bytes),
        };
        let index = self.add_tensor(table);
        self.tensors.insert(id, index);
        index
    }

    /// Lets two of the program's tensors be one of the file's.
    pub(super) fn alias(&mut self, id: TensorId, of: TensorId) {
        let index = self.tensor(of);
        self.tensors.insert(id, index);
    }

    /// Makes a tensor of the file stand for one of the program's.
    pub(super) fn place(&mut self, id: TensorId, index: Index) {
        self.tensors.insert(id, index);
    }

    fn shape(&self, tensor: &QuantTensor) -> Vec<usize> {
        match tensor.value {
            Some(value) => self.graph.values[value].shape.clone(),
            None => vec![tensor.len],
        }
    }

    fn element(&self, tensor: &QuantTensor) -> TensorType {
        let value = tensor.value.map(|v| self.graph.values[v].element);
        match (tensor.element, value) {
            (ElementType::F32, _) => TensorType::FLOAT32,
            (ElementType::I16, _) => TensorType::INT16,
            (ElementType::U32, _) | (ElementType::I32, Some(ElementType::U32)) => {
                TensorType::UINT32
            }
            (ElementType::I32, _) => TensorType::INT32,
            (ElementType::Bool, _) | (_, Some(ElementType::Bool)) => TensorType::BOOL,
            // Bytes of callers are written less 128.
            (ElementType::I8 | ElementType::U8, _) => TensorType::INT8,
        }
    }

    /// The tensor that a step reads for a value of the graph, perhaps in another shape.
    pub(super) fn held(&self, step: &Step, value: ValueId) -> Option<TensorId> {
        let mut value = value;
        loop {
            let is_it = |id: &TensorId| {
                let tensor = &self.program.tensors[*id];
                tensor.value == Some(value) && tensor.constant.is_none()
            };
            if let Some(&id) = step.inputs.iter().find(|id| is_it(id)) {
                return Some(id);
            }
            let node = &self.graph.nodes[self.producers[value]?];
            value = node.inputs.first().copied().flatten()?;
            if !node.op.is_view() {
                return None;
            }
        }
    }

    /// A tensor with its elements in another shape.
    pub(super) fn reshaped(&mut self, index: Index, shape: &[usize]) -> Index {
        let tensor = &self.subgraph.tensors[index];
        if tensor.shape == shape {
            return index;
        }
        let key = (index, Form::Shape(shape.to_vec()));
        if let Some(&known) = self.forms.get(&key) {
            return known;
        }
        let table = TensorTable {
            name: format!("{}_reshaped", tensor.name),
            shape: shape.to_vec(),
            ..tensor.clone()
        };
        let output = self.add_tensor(table);
        self.reshape_to(index, output);
        self.forms.insert(key, output);
        output
    }

    /// Adds the RESHAPE from one tensor to another.
    pub(super) fn reshape_to(&mut self, index: Index, output: Index) {
        let tensor = &self.subgraph.tensors[output];
        let dimension = |&n: &usize| i32::try_from(n).unwrap_or(i32::MAX);
        let dims: Vec<i32> = tensor.shape.iter().map(dimension).collect();
        let name = format!("{}_shape", tensor.name);
        let shape = self.integers(name, vec![dims.len()], &dims);
        self.add_operator(
            Code::Builtin(BuiltinOperator::RESHAPE),
            vec![Some(index), Some(shape)],
            vec![output],
            Options::Shape(dims),
        );
    }

    /// Adds a constant of int32.
    pub(super) fn integers(&mut self, name: String, shape: Vec<usize>, data: &[i32]) -> Index {
        self.add_tensor(TensorTable {
            name,
            shape,
            element: TensorType::INT32,
            quantization: Quantization::None,
            data: Some(data.iter().flat_map(|x| x.to_le_bytes()).collect()),
        })
    }

    /// The real numbers of a tensor: itself, or what DEQUANTIZE makes of it.
    pub(super) fn real(&mut self, index: Index) -> Index {
        let tensor = &self.subgraph.tensors[index];
        if !matches!(tensor.quantization, Quantization::Whole(_)) {
            return index;
        }
        let key = (index, Form::Real);
        if let Some(&known) = self.forms.get(&key) {
            return known;
        }
        let table = TensorTable {
            name: format!("{}_dequantized", tensor.name),
            element: TensorType::FLOAT32,
            quantization: Quantization::None,
            ..tensor.clone()
        };
        let output = self.add_tensor(table);
        self.add_plain(BuiltinOperator::DEQUANTIZE, &[index], output);
        self.forms.insert(key, output);
        output
    }

    /// A constant as the float graph has it: real numbers in float32, integers, truth values.
    pub(super) fn constant(&mut self, id: ValueId) -> Result<Index> {
        if let Some(&known) = self.constants.get(&id) {
            return Ok(known);
        }
        let value = &self.graph.values[id];
        let (element, data) = match &value.constant {
            _ if value.element.is_real() => {
                let real = value.real().ok_or_else(|| unknown(value))?;
                let data = real.iter().flat_map(|x| x.to_le_bytes()).collect();
                (TensorType::FLOAT32, data)
            }
            Some(Constant::I32(data)) => {
                let element = match value.element {
                    ElementType::U32 => TensorType::UINT32,
                    _ => TensorType::INT32,
                };
                (element, data.iter().flat_map(|x| x.to_le_bytes()).collect())
            }
            Some(Constant::I64(data)) => {
                let data = data.iter().flat_map(|x| x.to_le_bytes()).collect();
                (TensorType::INT64, data)
            }
            Some(Constant::I8(data)) => {
                let data = data.iter().map(|&x| x.cast_unsigned()).collect();
                (TensorType::BOOL, data)
            }
            _ => return Err(unknown(value)),
        };
        let index = self.add_tensor(TensorTable {
            name: value.name.clone(),
            shape: value.shape.clone(),
            element,
            quantization: Quantization::None,
            data: Some(data),
        });
        self.constants.insert(id, index);
        Ok(index)
    }
}

/// The error about an operand that must be known at compile time.
fn unknown(value: &Value) -> Error {
    Error::model(format!(
        "its operand {:?} is computed at run time; only constants can be exported there",
        value.name
    ))
}
