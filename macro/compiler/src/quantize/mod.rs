//! From float operators and ranges to int8 kernels ([`QuantGraph`]).

pub(crate) mod arithmetic;
mod correct;
pub(crate) mod equalize;
mod lower;
pub(crate) mod measure;
pub(crate) mod params;
mod scales;

use crate::graph::{ElementType, QuantParams, ValueId};
use crate::ops::{Buffer, Kernel};

pub(crate) use correct::{Corrections, apply, correct_biases};
pub(crate) use lower::{Elements, lower};
pub(crate) use scales::{Scales, calibrated_values};

/// The position of a [`QuantTensor`].
pub(crate) type TensorId = usize;

/// A flat tensor of the quantized program.
pub(crate) struct QuantTensor {
    pub name: String,
    pub len: usize,
    pub element: ElementType,
    /// Of int8 tensors.
    pub params: Option<QuantParams>,
    pub constant: Option<Vec<i8>>,
    /// The float tensor that it stands for.
    pub value: Option<ValueId>,
}

/// One kernel call.
pub(crate) struct Step {
    /// The operator's index in the file.
    pub index: usize,
    pub operator: &'static str,
    pub inputs: Vec<TensorId>,
    pub output: TensorId,
    pub kernel: Box<dyn Kernel>,
}

/// The quantized program, in order of execution.
#[derive(Default)]
pub(crate) struct QuantGraph {
    pub tensors: Vec<QuantTensor>,
    pub steps: Vec<Step>,
    /// By graph input.
    pub inputs: Vec<TensorId>,
    /// By graph output; may be an input or a constant.
    pub outputs: Vec<TensorId>,
    /// The quantization of each input and output, also where callers see f32.
    pub input_params: Vec<Option<QuantParams>>,
    pub output_params: Vec<Option<QuantParams>>,
}

impl QuantGraph {
    /// Runs the program by the kernels' plain loops and keeps every tensor.
    pub(crate) fn simulate(&self, inputs: &[Buffer]) -> Vec<Buffer> {
        let mut tensors = self.start(inputs);
        for step in &self.steps {
            tensors[step.output] = self.simulate_step(step, &tensors);
        }
        tensors
    }

    /// The tensors before the first step: constants and inputs.
    pub(crate) fn start(&self, inputs: &[Buffer]) -> Vec<Buffer> {
        let constant = |t: &QuantTensor| Buffer::I8(t.constant.clone().unwrap_or_default());
        let mut tensors: Vec<Buffer> = self.tensors.iter().map(constant).collect();
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
            if !later && self.tensors[id].constant.is_none() {
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

    pub(crate) fn simulate_step(&self, step: &Step, tensors: &[Buffer]) -> Buffer {
        let inputs: Vec<&Buffer> = step.inputs.iter().map(|&id| &tensors[id]).collect();
        step.kernel.simulate(&inputs)
    }

    /// A real sample in the element types that the program's inputs have.
    pub(crate) fn encode(&self, input: usize, real: impl Iterator<Item = f32>) -> Buffer {
        let tensor = &self.tensors[self.inputs[input]];
        match (tensor.element, tensor.params) {
            (ElementType::I8, Some(params)) => {
                Buffer::I8(real.map(|x| params.quantize(x)).collect())
            }
            _ => Buffer::F32(real.collect()),
        }
    }

    /// A tensor's real values.
    pub(crate) fn decode(&self, id: TensorId, buffer: &Buffer) -> Vec<f32> {
        match (buffer, self.tensors[id].params) {
            (Buffer::F32(data), _) => data.clone(),
            (Buffer::I8(data), Some(params)) => {
                data.iter().map(|&q| params.dequantize(q)).collect()
            }
            (Buffer::I8(data), None) => data.iter().map(|&q| f32::from(q)).collect(),
        }
    }
}
