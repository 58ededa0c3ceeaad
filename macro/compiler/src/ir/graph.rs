//! The float view of a model: values, operators in order of execution, and the
//! named ports through which data goes in and out.
//!
//! [`Graph::read`] takes one subgraph of the file, with all that it calls;
//! [`rewrite`] then folds what need not exist at run time.

pub(crate) use crate::arithmetic::quant_params::QuantParams;
pub(crate) use crate::error::shape_text;
use std::sync::Arc;

use ndarray::{ArrayD, IxDyn};

pub(crate) use crate::ir::byte_scale::ByteScale;

use crate::arithmetic::quant_params::asymmetric;
use crate::error::{Error, Result};
use crate::ir::control::{RegionId, Regions, Variable};
use crate::ir::operator::Operator;

/// The position of a [`Value`] in its graph.
pub(crate) type ValueId = usize;

/// The element type of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ElementType {
    /// 32-bit float.
    F32,
    /// 8-bit signed integer with a scale and a zero point.
    I8,
    /// The same, shifted by 128; a program holds it as [`ElementType::I8`].
    U8,
    /// 16-bit signed integer with a scale (16x8 quantization).
    I16,
    /// 32-bit integer: indices and counts. The file's int64 is this, too.
    I32,
    /// 32-bit integer without sign: spectra in integers. A program holds its bits as
    /// [`ElementType::I32`].
    U32,
    /// True or false; a program holds it as 1 or 0 in [`ElementType::I8`].
    Bool,
}

impl ElementType {
    /// The Rust name, which is also how users write it.
    pub fn name(self) -> &'static str {
        match self {
            ElementType::F32 => "f32",
            ElementType::I8 => "i8",
            ElementType::U8 => "u8",
            ElementType::I16 => "i16",
            ElementType::I32 => "i32",
            ElementType::U32 => "u32",
            ElementType::Bool => "bool",
        }
    }

    /// Bytes per element.
    pub fn bytes(self) -> usize {
        match self {
            ElementType::F32 | ElementType::I32 | ElementType::U32 => 4,
            ElementType::I16 => 2,
            ElementType::I8 | ElementType::U8 | ElementType::Bool => 1,
        }
    }

    /// The type in which kernels see it.
    pub(crate) fn storage_type(self) -> ElementType {
        match self {
            ElementType::U8 | ElementType::Bool => ElementType::I8,
            ElementType::U32 => ElementType::I32,
            other => other,
        }
    }

    /// True for tensors of real numbers, quantized or not.
    pub(crate) fn is_real(self) -> bool {
        !matches!(
            self,
            ElementType::I32 | ElementType::U32 | ElementType::Bool
        )
    }
}

/// What the file itself says about a tensor's quantization.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Quantization {
    /// One scale and zero point: an int8 activation.
    PerTensor(QuantParams),
    /// One scale per slice along `dimension`: int8 weights or an int32 bias.
    PerChannel { scales: Vec<f32>, dimension: usize },
    /// The range that training simulated (FAKE_QUANT).
    Range { min: f32, max: f32 },
}

/// The data of a constant tensor, in the file's type (float16 widened).
#[derive(Clone, Debug)]
pub(crate) enum Constant {
    F32(ArrayD<f32>),
    /// Also bool, as 0 and 1.
    I8(ArrayD<i8>),
    I16(ArrayD<i16>),
    I32(ArrayD<i32>),
    /// The biases of 16x8 quantization, and integers that do not fit 32 bits.
    I64(ArrayD<i64>),
}

/// Why a tensor stays in float.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kept {
    /// The user says so, by this clause of `tensors(..)`.
    Clause(usize),
    /// No int8 step lies in front of or behind it: it is only moved, cast to integers or
    /// compared ([`exact`]), a part of a float island ([`islands`]), or of an operator
    /// that has no other form.
    Exact,
}

/// A tensor of the graph.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    /// The file's name, or `tensor_<index>` where it has none.
    pub name: String,
    pub shape: Vec<usize>,
    /// The file's; after rewriting, int8 or int16 also where the file has a float
    /// tensor between conversions to and from them.
    pub element: ElementType,
    pub quantization: Option<Quantization>,
    pub constant: Option<Constant>,
    /// Set if the tensor is not quantized.
    pub kept: Option<Kept>,
    /// Training simulated its int8 form: the file rounds it, and goes on in float.
    pub trained: bool,
    /// The file has it in uint8; here everything is shifted by 128.
    pub unsigned: bool,
    /// Those of channels, unless all are 0. DEQUANTIZE reads them; kernels of int8 do not.
    pub channel_zero_points: Vec<i32>,
}

impl Value {
    pub(crate) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    pub(crate) fn params(&self) -> Option<QuantParams> {
        match self.quantization {
            Some(Quantization::PerTensor(params)) => Some(params),
            _ => None,
        }
    }

    /// Why a constant with int64 values beyond 32 bits cannot be computed with.
    pub(crate) fn too_wide(&self) -> Error {
        Error::model(format!(
            "{:?} holds int64 values beyond 32 bits; supported are those that fit",
            self.name
        ))
    }

    /// The scale and zero point, also of a simulated range.
    pub(crate) fn given_params(&self) -> Option<QuantParams> {
        match self.quantization {
            Some(Quantization::PerTensor(params)) => Some(params),
            Some(Quantization::Range { min, max }) => Some(asymmetric(min, max)),
            _ => None,
        }
    }

    /// Rounds computed values where training did.
    pub(crate) fn simulate(&self, data: &mut ArrayD<f32>) {
        let Some(params) = self.given_params().filter(|_| self.trained) else {
            return;
        };
        data.mapv_inplace(|x| match self.element {
            ElementType::I16 => {
                params.scale * (i32::from(params.quantize_i16(x)) - params.zero_point) as f32
            }
            _ => params.dequantize(params.quantize(x)),
        });
    }

    /// A constant's real values.
    pub(crate) fn real(&self) -> Option<ArrayD<f32>> {
        Some(match (self.constant.as_ref()?, &self.quantization) {
            (Constant::F32(data), _) => data.clone(),
            (Constant::I8(data), Some(Quantization::PerTensor(params))) => {
                data.mapv(|q| params.dequantize(q))
            }
            (Constant::I8(data), Some(Quantization::PerChannel { scales, dimension })) => {
                let mut real = data.mapv(f32::from);
                let channels = real.axis_iter_mut(ndarray::Axis(*dimension));
                for (channel, (scale, mut slice)) in scales.iter().zip(channels).enumerate() {
                    let zero_points = &self.channel_zero_points;
                    let zero_point = zero_points.get(channel).map_or(0.0, |&z| z as f32);
                    slice.mapv_inplace(|q| (q - zero_point) * scale);
                }
                real
            }
            (Constant::I64(data), Some(Quantization::PerTensor(params))) => {
                data.mapv(|q| q as f32 * params.scale)
            }
            (Constant::I64(data), Some(Quantization::PerChannel { scales, .. })) => {
                let mut real = data.mapv(|q| q as f32);
                for (value, scale) in real.iter_mut().zip(scales) {
                    *value *= scale;
                }
                real
            }
            (Constant::I32(data), Some(Quantization::PerTensor(params))) => {
                data.mapv(|q| q as f32 * params.scale)
            }
            (Constant::I32(data), Some(Quantization::PerChannel { scales, .. })) => {
                let mut real = data.mapv(|q| q as f32);
                for (value, scale) in real.iter_mut().zip(scales) {
                    *value *= scale;
                }
                real
            }
            (Constant::I16(data), Some(Quantization::PerTensor(params))) => {
                data.mapv(|q| params.scale * (i32::from(q) - params.zero_point) as f32)
            }
            (Constant::I8(data), _) => data.mapv(f32::from),
            (Constant::I16(data), _) => data.mapv(f32::from),
            (Constant::I32(data), _) if self.element == ElementType::U32 => {
                data.mapv(|q| q as u32 as f32)
            }
            (Constant::I32(data), _) => data.mapv(|q| q as f32),
            (Constant::I64(data), _) => data.mapv(|q| q as f32),
        })
    }
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
    /// With the batch dimension.
    pub shape: Vec<usize>,
    /// The file's element type: what callers see unless they choose.
    pub element: ElementType,
    /// Of an input of real numbers: what a byte stands for.
    pub bytes: ByteScale,
}

impl Port {
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
    /// Branches and loops.
    pub regions: Regions,
    /// An operator of the file, be it computed already, has no kernel in
    /// TensorFlow Lite Micro.
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

/// An array of `shape` from flat data, as much as the shape says.
pub(crate) fn array<T>(shape: &[usize], data: Vec<T>) -> Result<ArrayD<T>> {
    ArrayD::from_shape_vec(IxDyn(shape), data).map_err(Error::internal)
}
