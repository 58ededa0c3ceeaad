//! The int8 program ([`QuantGraph`]): tensors, steps (kernel calls), states.

use std::sync::Arc;

use niello_numeric::quantized;

use crate::arithmetic::quant_params::QuantParams;
use crate::ir::buffer::Buffer;
use crate::ir::byte_scale::ByteScale;
use crate::ir::control::{Cursor, Event, RegionId, Regions, Variable};
use crate::ir::graph::{ElementType, ValueId};
use crate::ir::kernel::{Accumulators, Kernel};

/// The position of a [`QuantTensor`].
pub(crate) type TensorId = usize;

/// A flat tensor of the quantized program.
#[derive(Clone)]
pub(crate) struct QuantTensor {
    pub name: String,
    pub len: usize,
    pub element: ElementType,
    /// Scale and zero point, which int8 and int16 tensors have.
    pub params: Option<QuantParams>,
    pub constant: Option<Buffer>,
    /// The float tensor that it stands for.
    pub value: Option<ValueId>,
}

impl QuantTensor {
    /// The size of the tensor in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.len * self.element.bytes()
    }
}

/// What a kernel does in place of the next operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fused {
    /// ADD of its output and another tensor.
    Add,
    /// CONCATENATION: it stores its channels between others.
    Concatenation,
}

/// One step of the program: a kernel call.
#[derive(Clone)]
pub(crate) struct Step {
    /// The operator's index in the file; `None` for steps of the compiler's own.
    pub index: Option<usize>,
    /// The operator's name, as the file has it, or what the compiler's own step does.
    pub operator: &'static str,
    /// What the kernel does besides, in place of the next operator.
    pub fused: Option<Fused>,
    pub inputs: Vec<TensorId>,
    /// The tensors that it writes: results, then scratch memory.
    pub outputs: Vec<TensorId>,
    /// The file's outputs, and what is kept for the next run.
    pub results: usize,
    pub kernel: Arc<dyn Kernel>,
    /// How many of how many output channels are computed, if channels were taken out.
    pub channels: Option<[usize; 2]>,
    /// When it runs: see [`crate::ir::control`].
    pub region: RegionId,
}

impl Step {
    /// What it computes, for readers: the operator, and what is fused to it.
    pub(crate) fn label(&self) -> String {
        let fused = match self.fused {
            None => "",
            Some(Fused::Add) => ", ADD",
            Some(Fused::Concatenation) => ", CONCATENATION",
        };
        format!("{}{fused}", self.operator)
    }

    /// The tensor that it writes first.
    pub(crate) fn output(&self) -> TensorId {
        self.outputs[0]
    }

    /// For bias correction, before the program is copied.
    pub(crate) fn accumulators(&mut self) -> Option<Accumulators<'_>> {
        Arc::get_mut(&mut self.kernel)?.accumulators()
    }
}

/// A variable of the quantized program.
#[derive(Clone)]
pub(crate) struct QuantState {
    pub name: String,
    pub value: TensorId,
    pub next: TensorId,
    pub initial: Buffer,
}

/// The quantized program, in order of execution.
#[derive(Clone, Default)]
pub(crate) struct QuantGraph {
    pub tensors: Vec<QuantTensor>,
    pub steps: Vec<Step>,
    /// The tensors of the graph's inputs.
    pub inputs: Vec<TensorId>,
    /// The tensors of the graph's outputs, which may be inputs or constants.
    pub outputs: Vec<TensorId>,
    /// The quantization of each input and output, also where callers see f32.
    pub input_params: Vec<Option<QuantParams>>,
    pub output_params: Vec<Option<QuantParams>>,
    pub states: Vec<QuantState>,
    /// The branches and loops of the program.
    pub regions: Regions,
    /// For targets with wide SIMD registers.
    pub vectorized: bool,
    /// By graph input: what a byte stands for, where callers pass bytes for real numbers.
    pub input_bytes: Vec<Option<ByteScale>>,
}

impl QuantGraph {
    /// True for the variables of loops, which steps of different rounds read and write.
    pub(crate) fn is_variable(&self, id: TensorId) -> bool {
        let mut variables = self.regions.variables();
        variables.any(|v| v.value == id || v.next == id)
    }

    /// True if callers see a tensor after the run.
    pub(crate) fn is_kept(&self, id: TensorId) -> bool {
        self.outputs.contains(&id) || self.states.iter().any(|s| s.next == id)
    }

    /// Places in the arena are multiples of this many bytes, but for int8 tensors that
    /// lie side by side in a concatenation.
    pub(crate) fn alignment(&self) -> usize {
        if self.vectorized {
            // Whole registers within one cache line.
            64
        } else {
            4
        }
    }

    /// Runs the program by the kernels' plain loops and keeps every tensor. Without
    /// `states`, they are fresh.
    pub(crate) fn simulate(&self, inputs: &[Buffer], states: &[Buffer]) -> Vec<Buffer> {
        let mut tensors = self.start(inputs, states);
        self.advance(&mut self.cursor(), usize::MAX, &mut tensors);
        tensors
    }

    /// The way of a run through the steps.
    pub(crate) fn cursor(&self) -> Cursor<'_> {
        let regions: Vec<RegionId> = self.steps.iter().map(|step| step.region).collect();
        Cursor::new(&self.regions, &regions)
    }

    /// Runs all that comes before the step at `limit`.
    pub(crate) fn advance(&self, cursor: &mut Cursor<'_>, limit: usize, tensors: &mut [Buffer]) {
        while let Some(event) = cursor.next(limit, |id| tensors[id].is_true()) {
            match event {
                Event::Run(position) => {
                    let step = &self.steps[position];
                    let results = self.simulate_step(step, tensors);
                    for (&id, result) in step.outputs.iter().zip(results) {
                        tensors[id] = result;
                    }
                }
                Event::Skip(position) => {
                    for &id in &self.steps[position].outputs {
                        let tensor = &self.tensors[id];
                        if tensors[id].len() != tensor.len {
                            tensors[id] = Buffer::zeros(tensor.element, tensor.len);
                        }
                    }
                }
                Event::Again(variables) => {
                    for &Variable { value, next } in variables {
                        tensors[value] = tensors[next].clone();
                    }
                }
            }
        }
    }

    /// True if a loop of the program does not end by itself.
    pub(crate) fn is_endless(&self, inputs: &[Buffer], states: &[Buffer]) -> bool {
        let mut tensors = self.start(inputs, states);
        let mut cursor = self.cursor();
        self.advance(&mut cursor, usize::MAX, &mut tensors);
        cursor.is_endless()
    }

    /// The tensors before the first step: constants, variables and inputs.
    pub(crate) fn start(&self, inputs: &[Buffer], states: &[Buffer]) -> Vec<Buffer> {
        let constant = |t: &QuantTensor| {
            let empty = Buffer::I8(Vec::new());
            t.constant.clone().unwrap_or(empty)
        };
        let mut tensors: Vec<Buffer> = self.tensors.iter().map(constant).collect();
        for state in &self.states {
            tensors[state.value] = state.initial.clone();
        }
        for (state, content) in self.states.iter().zip(states) {
            tensors[state.value] = content.clone();
        }
        for (&id, input) in self.inputs.iter().zip(inputs) {
            tensors[id] = input.clone();
        }
        tensors
    }

    /// Empties the computed tensors that no step after `position` reads.
    pub(crate) fn drop_dead(&self, tensors: &mut [Buffer], position: usize) {
        for &id in &self.steps[position].inputs {
            let later = self.steps[position + 1..]
                .iter()
                .any(|s| s.inputs.contains(&id));
            let kept = self.states.iter().any(|s| s.next == id);
            if !later && !kept && self.tensors[id].constant.is_none() {
                tensors[id] = Buffer::I8(Vec::new());
            }
        }
    }

    /// One sample of the dataset in the inputs' element types.
    pub(crate) fn encode_sample(&self, sample: &[ndarray::ArrayViewD<'_, f32>]) -> Vec<Buffer> {
        sample
            .iter()
            .enumerate()
            .map(|(i, data)| self.encode(i, data.iter().copied()))
            .collect()
    }

    pub(crate) fn simulate_step(&self, step: &Step, tensors: &[Buffer]) -> Vec<Buffer> {
        let inputs: Vec<&Buffer> = step.inputs.iter().map(|&id| &tensors[id]).collect();
        step.kernel.simulate_all(&inputs)
    }

    /// A real sample in the element types that the program's inputs have.
    pub(crate) fn encode(&self, input: usize, real: impl Iterator<Item = f32>) -> Buffer {
        self.encode_tensor(self.inputs[input], real)
    }

    /// Real values in a tensor's element type.
    pub(crate) fn encode_tensor(&self, id: TensorId, real: impl Iterator<Item = f32>) -> Buffer {
        let tensor = &self.tensors[id];
        let input = self.inputs.iter().position(|input| *input == id);
        if let Some(bytes) = input.and_then(|i| self.input_bytes.get(i).copied().flatten()) {
            return Buffer::I8(real.map(|x| (bytes.byte(x) ^ 0x80) as i8).collect());
        }
        match (tensor.element.storage_type(), tensor.params) {
            (ElementType::I8, Some(params)) => {
                Buffer::I8(quantized::quantize_i8(&real.collect::<Vec<_>>(), params))
            }
            (ElementType::I16, Some(params)) => {
                Buffer::I16(quantized::quantize_i16(&real.collect::<Vec<_>>(), params))
            }
            (ElementType::I8, None) => Buffer::I8(real.map(|x| x as i8).collect()),
            (ElementType::I32, _) if tensor.element == ElementType::U32 => {
                Buffer::I32(real.map(|x| x as u32 as i32).collect())
            }
            (ElementType::I32, _) => Buffer::I32(real.map(|x| x as i32).collect()),
            _ => Buffer::F32(real.collect()),
        }
    }

    /// The real values that a tensor's elements stand for.
    pub(crate) fn decode(&self, id: TensorId, buffer: &Buffer) -> Vec<f32> {
        match (buffer, self.tensors[id].params) {
            (Buffer::F32(data), _) => data.clone(),
            (Buffer::I8(data), Some(params)) => quantized::dequantize_i8(data, params),
            (Buffer::I8(data), None) => data.iter().map(|&q| f32::from(q)).collect(),
            (Buffer::I16(data), Some(params)) => quantized::dequantize_i16(data, params),
            (Buffer::I16(data), None) => data.iter().map(|&q| f32::from(q)).collect(),
            (Buffer::I32(data), _) if self.tensors[id].element == ElementType::U32 => {
                data.iter().map(|&q| q as u32 as f32).collect()
            }
            (Buffer::I32(data), _) => data.iter().map(|&q| q as f32).collect(),
        }
    }
}
