//! What a program costs: one number out of flash, memory and time.

use serde::{Deserialize, Serialize};

use crate::emit::{self, Interface};
use crate::error::Result;
use crate::ir::graph::ElementType;
use crate::ir::quant_graph::{QuantGraph, Step};
use crate::plan;

/// Cycles that a multiply-accumulate of f32 counts for where one of int8 counts for 1.
pub(super) const FLOAT_FACTOR: u64 = 4;

/// Cycles that a multiply-accumulate of int16 inputs counts for.
pub(super) const INT16_FACTOR: u64 = 2;

/// What a program costs on small cores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Bytes of all constants.
    pub weight_bytes: usize,
    /// Bytes of the arena.
    pub arena_bytes: usize,
    /// Estimated work: one for each int8 multiply-accumulate, two for each of int16
    /// inputs, four for each of f32, and one for
    /// each element that an operator writes.
    pub cycles: u64,
}

impl Cost {
    /// The cost of a program.
    pub(super) fn of(program: &QuantGraph, interface: &Interface<'_>) -> Result<Self> {
        let small = program.clone().for_small_cores();
        let plan = plan::plan(&small, interface.inputs_in_arena);
        Ok(Self {
            weight_bytes: emit::constant_bytes(interface, &small, &plan)?,
            arena_bytes: plan.bytes,
            cycles: small.steps.iter().map(|step| cycles(&small, step)).sum(),
        })
    }

    /// The mean of the three numbers, each as a multiple of that of `other`: 1 for a program
    /// that costs the same. A thousandth is the smallest difference.
    pub(super) fn relative(&self, other: &Self) -> f64 {
        let ratio = |a: u64, b: u64| a.max(1) as f64 / b.max(1) as f64;
        let ratios = [
            ratio(self.weight_bytes as u64, other.weight_bytes as u64),
            ratio(self.arena_bytes as u64, other.arena_bytes as u64),
            ratio(self.cycles, other.cycles),
        ];
        (ratios.iter().sum::<f64>() / 3.0 * 1000.0).round() / 1000.0
    }
}

/// The estimated work of one step.
fn cycles(program: &QuantGraph, step: &Step) -> u64 {
    let macs = step.kernel.macs();
    let factor = if reads(program, step, ElementType::F32) {
        FLOAT_FACTOR
    } else if reads(program, step, ElementType::I16) {
        INT16_FACTOR
    } else {
        1
    };
    macs * factor + program.tensors[step.output()].len as u64
}

/// True if the step computes on this type: one that only ends in it sums up others.
fn reads(program: &QuantGraph, step: &Step, element: ElementType) -> bool {
    step.inputs.iter().any(|&id| {
        let tensor = &program.tensors[id];
        tensor.constant.is_none() && tensor.element == element
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_is_the_mean_of_three_ratios() {
        let base = Cost {
            weight_bytes: 1000,
            arena_bytes: 0,
            cycles: 300,
        };
        assert_eq!(base.relative(&base), 1.0);
        let arena = Cost {
            arena_bytes: 200,
            ..base
        };
        let more = Cost {
            weight_bytes: 1300,
            cycles: 600,
            ..arena
        };
        assert_eq!(arena.relative(&arena), 1.0);
        assert_eq!(more.relative(&arena), 1.433);
    }
}
