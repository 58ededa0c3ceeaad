//! The corrections of one program's biases, for another one of the same model that has other types
//! or ranges of single tensors.

use std::collections::HashMap;

use super::correct::Corrections;
use crate::ir::graph::ValueId;
use crate::ir::quant_graph::QuantGraph;

/// What was added to the biases of each operator with weights, in real numbers.
pub(crate) struct Corrected {
    /// By the value that the operator computes: other programs may have other steps beside it.
    by_output: HashMap<ValueId, Vec<f64>>,
}

impl Corrected {
    /// The corrections of this program, whether it has them or not. Its kernels are not shared
    /// with another one, which would hide their sums.
    pub(crate) fn of(program: &mut QuantGraph, corrections: &Corrections) -> Self {
        let mut by_output = HashMap::new();
        for (step, corrections) in program.steps.iter_mut().zip(corrections) {
            let value = program.tensors[step.output()].value;
            let (Some(value), Some(accumulators)) = (value, step.accumulators()) else {
                continue;
            };
            let both = corrections.iter().zip(&accumulators.scales);
            let real: Vec<f64> = both.map(|(steps, scale)| *steps as f64 * scale).collect();
            if !real.is_empty() {
                by_output.insert(value, real);
            }
        }
        Self { by_output }
    }

    /// Corrects the biases of a program that has none corrected.
    pub(crate) fn apply(&self, program: &mut QuantGraph) {
        for step in &mut program.steps {
            let value = program.tensors[step.output()].value;
            let Some(corrections) = value.and_then(|value| self.by_output.get(&value)) else {
                continue;
            };
            let Some(mut accumulators) = step.accumulators() else {
                continue;
            };
            if accumulators.bias.len() != corrections.len() {
                continue;
            }
            for (channel, real) in corrections.iter().enumerate() {
                accumulators.correct(channel, *real);
            }
        }
    }
}
