//! RAM and flash of the emitted programs: the arena over time, and what each operator costs.

use serde::{Deserialize, Serialize};

use crate::emit::{self, Interface};
use crate::error::Result;
use crate::ir::quant_graph::QuantGraph;
use crate::plan::{self, ArenaPlan, Location, Sharing};

/// The memory of the program for one kind of target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemoryReport {
    /// Bytes of working memory: `ARENA_BYTES`.
    pub arena_bytes: usize,
    /// Bytes of all constants, those that operators share counted once: `WEIGHT_BYTES`.
    pub weight_bytes: usize,
    /// Bytes of what the model keeps between runs.
    pub state_bytes: usize,
    /// Multiply-accumulates of one run, channels that do nothing left out: `MACS`.
    pub macs: u64,
    /// The operators in the order in which they run.
    pub steps: Vec<ArenaStep>,
    /// The tensors that live in the arena.
    pub tensors: Vec<ArenaTensor>,
}

/// One operator while it runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArenaStep {
    /// The operator's index in the file; `None` for conversions that the compiler adds.
    pub index: Option<usize>,
    /// The operator and what is fused to it.
    pub operator: String,
    /// Bytes of the arena that are in use while it runs.
    pub used_bytes: usize,
    /// How its output shares memory with what it reads: `apart`, `in place`, `overlapping` or
    /// `joined`.
    pub sharing: String,
    /// What it costs besides.
    pub cost: StepCost,
}

/// What one operator takes of time and flash.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepCost {
    /// Multiply-accumulates of one run.
    pub macs: u64,
    /// Bytes of its own constants; those that several operators share count for each.
    pub weight_bytes: usize,
    /// How many of how many output channels are computed, if channels were taken out.
    pub channels: Option<[usize; 2]>,
}

/// One tensor's place in the arena.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArenaTensor {
    /// The name in the file, or `scratch`.
    pub name: String,
    /// Where it begins.
    pub offset: usize,
    /// How long it is.
    pub bytes: usize,
    /// The position of the first operator that needs it.
    pub first_step: usize,
    /// The position of the last operator that needs it.
    pub last_step: usize,
}

/// Plans the memory of a program for one kind of target.
pub(super) fn memory(program: &QuantGraph, interface: &Interface<'_>) -> Result<MemoryReport> {
    let plan = plan::plan(program, interface.inputs_in_arena);
    let states = program.states.iter().map(|s| &program.tensors[s.value]);
    Ok(MemoryReport {
        arena_bytes: plan.bytes,
        weight_bytes: emit::constant_bytes(interface, program, &plan)?,
        state_bytes: states.map(|t| t.bytes()).sum(),
        macs: program.steps.iter().map(|s| s.kernel.macs()).sum(),
        steps: steps(program, &plan),
        tensors: tensors(program, &plan),
    })
}

fn steps(program: &QuantGraph, plan: &ArenaPlan) -> Vec<ArenaStep> {
    let order = plan.order.iter().enumerate();
    order
        .map(|(position, &number)| {
            let step = &program.steps[number];
            let sharing = match plan.sharing[position] {
                Sharing::Apart => "apart",
                Sharing::InPlace(_) => "in place",
                Sharing::Overlapping => "overlapping",
                Sharing::Joined => "joined",
            };
            ArenaStep {
                index: step.index,
                operator: step.label(),
                used_bytes: plan::diagram::used_at(program, plan, position),
                sharing: sharing.to_owned(),
                cost: StepCost {
                    macs: step.kernel.macs(),
                    weight_bytes: super::operators::constant_bytes(program, step),
                    channels: step.channels,
                },
            }
        })
        .collect()
}

fn tensors(program: &QuantGraph, plan: &ArenaPlan) -> Vec<ArenaTensor> {
    let all = program.tensors.iter().zip(&plan.locations);
    let all = all.zip(&plan.lifetimes);
    let mut tensors: Vec<ArenaTensor> = all
        .filter_map(|((tensor, location), lifetime)| match location {
            Location::Arena { offset } => Some(ArenaTensor {
                name: tensor.name.clone(),
                offset: *offset,
                bytes: tensor.bytes(),
                first_step: lifetime.first_use,
                last_step: lifetime.last_use,
            }),
            _ => None,
        })
        .collect();
    tensors.sort_by_key(|t| (t.first_step, t.offset));
    tensors
}
