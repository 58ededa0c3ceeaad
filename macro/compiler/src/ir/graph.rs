//! The float view of a model: values, operators in order of execution, and the
//! named ports through which data goes in and out.

pub(crate) use crate::error::shape_text;
use std::sync::Arc;

use ndarray::ArrayD;

pub(crate) use crate::ir::byte_scale::ByteScale;
pub use crate::ir::element_type::ElementType;
pub(crate) use crate::ir::value::{Constant, FileQuantization, Kept, Value, array, contiguous};

use crate::error::{Error, Result};
use crate::ir::context::StateRule;
use crate::ir::control::{RegionId, Regions, Variable};
use crate::ir::operator::Operator;

/// The position of a [`Value`] in its graph.
pub(crate) type ValueId = usize;

/// What the file has of an operator, besides its index: whoever writes a file needs it.
#[derive(Clone, Default)]
#[cfg_attr(
    not(feature = "export"),
    expect(dead_code, reason = "only an export reads it")
)]
pub(crate) struct FileRecord {
    /// The place of its subgraph's table in the file.
    pub subgraph: usize,
    /// Which of the file's outputs it computes, if each is an operator of its own here.
    pub number: usize,
    /// The operands behind `inputs`, constants that the parser has read.
    pub parameters: Vec<Option<ValueId>>,
    /// The operators that have become this one, in order; empty if it is one of the file's.
    pub parts: Vec<Node>,
}

/// One operator of the graph.
#[derive(Clone)]
pub(crate) struct Node {
    /// The operator's index in the file's subgraph.
    pub index: usize,
    /// When it runs: see [`crate::ir::control`].
    pub region: RegionId,
    pub op: Arc<dyn Operator>,
    /// Operands; `None` where an optional one is left out.
    pub inputs: Vec<Option<ValueId>>,
    /// The file computes it in float32.
    pub in_float: bool,
    /// The file computes it in uint8, where LiteRT has kernels of their own.
    pub in_uint8: bool,
    /// At least one. What an operator keeps for the next run comes last.
    pub outputs: Vec<ValueId>,
    pub record: FileRecord,
}

impl Node {
    /// The first, and mostly the only, output.
    pub(crate) fn output(&self) -> ValueId {
        self.outputs[0]
    }

    /// Operand `i`, which must be there.
    pub(crate) fn input(&self, i: usize) -> Result<ValueId> {
        let missing = || Error::model(format!("input {i} is missing"));
        self.inputs.get(i).copied().flatten().ok_or_else(missing)
    }

    /// How messages name this operator.
    pub(crate) fn place(&self, graph: &Graph) -> String {
        format!(
            "operator #{} {} ({:?})",
            self.index,
            self.op.name(),
            graph.values[self.output()].name
        )
    }
}

/// A variable that outlives a run.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub name: String,
    /// Its content when a run begins.
    pub value: ValueId,
    /// What a run leaves in it.
    pub next: ValueId,
    /// What a fresh one contains; zeros if there is nothing.
    pub initial: Option<Constant>,
}

/// A named input or output.
#[derive(Clone, Debug)]
pub(crate) struct Port {
    /// The signature's name, else the tensor's without its decorations.
    pub name: String,
    /// The file's name of the tensor.
    pub tensor: String,
    pub value: ValueId,
    /// The shape, with the batch dimension.
    pub shape: Vec<usize>,
    /// The file's element type: what callers see unless they choose.
    pub element: ElementType,
    /// What a byte stands for, where callers pass bytes for real numbers.
    pub bytes: ByteScale,
}

impl Port {
    /// The shape without a batch of 1.
    pub(crate) fn without_batch(&self) -> &[usize] {
        self.shape.strip_prefix(&[1]).unwrap_or(&self.shape)
    }

    /// True for its name, and for the tensor's with or without decorations.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        let plain = crate::ir::port_names::plain_name(name);
        self.name == name
            || self.tensor == name
            || self.name == plain
            || crate::ir::port_names::plain_name(&self.tensor) == plain
    }
}

/// One subgraph, in order of execution.
#[derive(Clone, Default)]
pub(crate) struct Graph {
    pub values: Vec<Value>,
    pub nodes: Vec<Node>,
    pub inputs: Vec<Port>,
    pub outputs: Vec<Port>,
    /// What the model keeps from one run to the next.
    pub states: Vec<State>,
    /// The branches and loops of the graph.
    pub regions: Regions,
    /// An operator of the file has no kernel in TensorFlow Lite Micro, also if the operator is
    /// folded already.
    pub needs_litert: bool,
}

impl Graph {
    /// How many operators, output ports, states, branches and loops read each value.
    pub(crate) fn uses(&self) -> Vec<usize> {
        let mut uses = vec![0; self.values.len()];
        for node in &self.nodes {
            for &value in node.inputs.iter().flatten() {
                uses[value] += 1;
            }
        }
        for port in &self.outputs {
            uses[port.value] += 1;
        }
        for state in &self.states {
            uses[state.next] += 1;
        }
        for value in self.regions.tested() {
            uses[value] += 1;
        }
        for Variable { value, next } in self.regions.variables() {
            uses[value] += 1;
            uses[next] += 1;
        }
        uses
    }

    /// True if a user may mean the value by this name: its own, or that of an input or output.
    pub(crate) fn is_called(&self, value: ValueId, name: &str) -> bool {
        let mut ports = self.inputs.iter().chain(&self.outputs);
        self.values[value].name == name || ports.any(|p| p.value == value && p.is_called(name))
    }

    /// Pairs of values that stay one variable: what a state or a loop's variable is before and
    /// after, also where an operator writes it in the form of its output.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (ValueId, ValueId)> {
        let states = self.states.iter().map(|state| (state.value, state.next));
        let loops = self.regions.variables().map(|v| (v.value, v.next));
        let written = self.nodes.iter().flat_map(|node| {
            let rules = node.op.state_rules().into_iter();
            let rules = rules.filter(|(_, rule)| *rule == StateRule::SameAsOutput);
            rules.filter_map(|(operand, _)| Some(((*node.inputs.get(operand)?)?, node.output())))
        });
        states.chain(loops).chain(written)
    }

    /// The computed operands of `node` that hold real numbers.
    pub(crate) fn real_operands<'a>(&'a self, node: &'a Node) -> impl Iterator<Item = ValueId> {
        node.inputs.iter().flatten().copied().filter(|&v| {
            let value = &self.values[v];
            value.constant.is_none() && value.element.is_real()
        })
    }

    /// The most elements that a run in float holds at once, and the operator that needs
    /// them; constants count while operators read them.
    pub(crate) fn live(&self) -> (usize, usize) {
        let mut uses = self.uses();
        let size = |&v: &ValueId| self.values[v].len();
        let begin = self.inputs.iter().map(|port| port.value);
        let begin = begin.chain(self.states.iter().map(|state| state.value));
        let mut is_live = vec![false; self.values.len()];
        let (mut live, mut most) = (0_usize, (0, 0));
        for value in begin {
            is_live[value] = true;
            live = live.saturating_add(size(&value));
        }
        for (position, node) in self.nodes.iter().enumerate() {
            for value in node.inputs.iter().flatten().chain(&node.outputs) {
                if !std::mem::replace(&mut is_live[*value], true) {
                    live = live.saturating_add(size(value));
                }
            }
            most = most.max((live, position));
            for &value in node.inputs.iter().flatten() {
                uses[value] = uses[value].saturating_sub(1);
                if uses[value] == 0 && std::mem::take(&mut is_live[value]) {
                    live = live.saturating_sub(size(&value));
                }
            }
        }
        most
    }

    /// The element type of what `node` reads: that of the first computed operand of real
    /// numbers. Without one it is the output's, where an operand has that type (indices or a
    /// mask choose from it), else the first computed operand's. `None` if it reads constants
    /// alone.
    pub(crate) fn element_read(&self, node: &Node) -> Option<ElementType> {
        let inputs = || node.inputs.iter().flatten().map(|&v| &self.values[v]);
        let mut computed = inputs().filter(|v| v.constant.is_none());
        let first = computed.clone().next()?;
        let output = &self.values[node.output()];
        let moves = inputs().any(|v| v.element == output.element);
        let value = match computed.find(|v| v.element.is_real()) {
            Some(real) => real,
            None if moves => output,
            None => first,
        };
        Some(match value.element {
            ElementType::I8 if value.unsigned => ElementType::U8,
            // As int64, it counts as int32.
            ElementType::U32 => ElementType::I32,
            element => element,
        })
    }

    /// The position of the operator that writes each value.
    pub(crate) fn producers(&self) -> Vec<Option<usize>> {
        let mut producers = vec![None; self.values.len()];
        for (position, node) in self.nodes.iter().enumerate() {
            for &output in &node.outputs {
                producers[output] = Some(position);
            }
        }
        producers
    }

    /// The real content of a fresh variable.
    pub(crate) fn initial(&self, state: &State) -> Result<ArrayD<f32>> {
        let value = &self.values[state.value];
        let content = Value {
            constant: state.initial.clone(),
            ..value.clone()
        };
        match content.real() {
            Some(real) if real.shape() == value.shape => Ok(real),
            Some(real) => Err(Error::internal(format!(
                "variable {:?} of shape {} begins with {}",
                value.name,
                shape_text(&value.shape),
                shape_text(real.shape())
            ))),
            None => Ok(ArrayD::zeros(value.shape.as_slice())),
        }
    }

    /// True if callers, the next run, or a branch or loop see `value`.
    pub(crate) fn is_output(&self, value: ValueId) -> bool {
        self.outputs.iter().any(|port| port.value == value)
            || self.states.iter().any(|state| state.next == value)
            || self.is_tested(value)
    }

    /// True if a branch or loop sees `value`.
    fn is_tested(&self, value: ValueId) -> bool {
        let mut variables = self.regions.variables();
        self.regions.tested().any(|tested| tested == value)
            || variables.any(|v| v.value == value || v.next == value)
    }
}
