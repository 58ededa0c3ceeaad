//! Whether two kernels compute the same bytes: on all inputs if they are functions of one
//! element, else on many.

use crate::ir::buffer::Buffer;
use crate::ir::graph::ElementType;
use crate::ir::kernel::Kernel;
use crate::ir::quant_graph::{QuantGraph, Step};

use super::random::Random;

/// How many elements are compared at least.
const ELEMENTS: usize = 1 << 14;

/// How often a kernel runs at most.
const RUNS: usize = 1 << 9;

/// Compares the kernel of a step with another one that reads the same tensors.
pub(super) fn is_same(
    program: &QuantGraph,
    step: &Step,
    other: &dyn Kernel,
    is_function: bool,
) -> bool {
    let inputs: Vec<_> = step.inputs.iter().map(|&id| &program.tensors[id]).collect();
    if let (true, [input]) = (is_function, inputs.as_slice())
        && input.element == ElementType::I8
    {
        let all = Buffer::I8((-128..=127).collect());
        return step.kernel.simulate_all(&[&all]) == other.simulate_all(&[&all]);
    }
    let elements: usize = step.outputs.iter().map(|&id| program.tensors[id].len).sum();
    let mut random = Random(1);
    (0..(ELEMENTS / elements.max(1)).clamp(2, RUNS)).all(|_| {
        let data: Vec<Buffer> = inputs
            .iter()
            .map(|tensor| match &tensor.constant {
                Some(constant) => constant.clone(),
                None => random.elements(tensor),
            })
            .collect();
        let data: Vec<&Buffer> = data.iter().collect();
        step.kernel.simulate_all(&data) == other.simulate_all(&data)
    })
}
