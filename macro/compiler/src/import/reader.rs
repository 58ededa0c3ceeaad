//! The reader's state: subgraphs become one graph, and each tensor of a subgraph a value.

use std::collections::{HashMap, HashSet};

use crate::error::{Error, Result};
use crate::import::{messages, tensor};
use crate::ir::control::RegionId;
use crate::ir::graph::{Constant, Graph, Value, ValueId};
use crate::limits::{Budget, TENSORS_AFTER_INLINING};
use crate::tflite::{self, Model, SubGraph, TensorType};

/// A list of tensor indices.
pub(crate) fn ids(list: Option<flatbuffers::Vector<'_, i32>>) -> Vec<i32> {
    list.map(|l| l.iter().collect()).unwrap_or_default()
}

/// Reads subgraphs into one graph.
pub(crate) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    pub model: &'a Model<'a>,
    pub graph: Graph,
    /// For each value, the dimensions that the file fixes.
    pub(crate) file_shapes: Vec<Vec<Option<usize>>>,
    pub(super) has_signature: Vec<bool>,
    /// The file's shapes hold: no input is open, or has another shape than there.
    pub(crate) is_static: bool,
    /// The variables that VAR_HANDLE names.
    pub variables: Vec<Variable>,
    /// Tensors of complex numbers, which are held as pairs of real ones.
    pub(super) complex_pairs: HashSet<ValueId>,
    /// Tensors of uint64, which are held as pairs of words.
    pub(super) uint64_pairs: HashSet<ValueId>,
    /// The places of operators that no row of the table knows.
    pub(crate) unsupported: Vec<String>,
    /// The names of custom ones among them.
    pub(crate) custom: Vec<String>,
    /// Constants that cannot be read, and why.
    pub(super) unreadable_constants: HashMap<ValueId, String>,
    /// The number of calls that the subgraph being read is nested in.
    pub depth: usize,
    pub(super) budget: Budget,
    /// The place of the table of the subgraph that is being read, and the number of the output.
    pub(super) place: (usize, usize),
    /// The region that operators are added to.
    pub(crate) region: RegionId,
    /// Operators and tensors of called subgraphs so far.
    pub(crate) inlined: usize,
    /// The constants of subgraphs that were read already, by the place of the subgraph in
    /// the file and the number of the tensor: an unrolled loop has its weights once.
    pub(super) constants: HashMap<(usize, usize), ValueId>,
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
    /// The value of a tensor, by the tensor's index in the file.
    pub(crate) fn value(&self, id: i32) -> Option<ValueId> {
        usize::try_from(id)
            .ok()
            .and_then(|i| self.values.get(i))
            .copied()
    }
}

/// A variable while operators are read in order.
#[derive(Clone)]
pub(crate) struct Variable {
    pub(crate) name: String,
    /// Its content at the beginning, once something has read it.
    pub(super) first: Option<ValueId>,
    /// The value that is its content now.
    pub(super) current: Option<ValueId>,
    pub(super) initial: Option<Constant>,
    /// It is a tensor that its operator reads and writes.
    pub(super) is_tensor: bool,
}

impl Variable {
    /// The value that an operator has assigned to it, if any.
    pub(crate) fn assigned(&self) -> Option<ValueId> {
        self.current.filter(|_| self.current != self.first)
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
            self.file_shapes[id] = tensor::file_shape(&tensor);
            self.has_signature[id] = tensor::has_signature(&tensor);
            let is_constant = tflite::buffer(self.bytes, self.model, &tensors.get(i))?.is_some();
            let reason =
                messages::constant(&tensors.get(i), self.graph.values[id].constant.is_some());
            if let Some(reason) = reason.filter(|_| is_constant) {
                self.unreadable_constants.insert(id, reason);
            }
            if tensor.type_() == TensorType::COMPLEX64 {
                self.complex_pairs.insert(id);
            }
            if tensor.type_() == TensorType::UINT64 {
                self.uint64_pairs.insert(id);
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

    /// Adds a value to the graph, whose shape is known.
    pub(crate) fn value(&mut self, value: Value) -> ValueId {
        self.file_shapes
            .push(value.shape.iter().copied().map(Some).collect());
        self.has_signature.push(false);
        self.graph.values.push(value);
        self.graph.values.len() - 1
    }

    /// The dimensions of an operator's output that the file can be believed about;
    /// empty if there are none.
    pub(super) fn file_shape(&self, value: ValueId) -> &[Option<usize>] {
        if self.is_static || self.has_signature[value] {
            &self.file_shapes[value]
        } else {
            &[]
        }
    }
}
