//! Memory: where every tensor of the program lives.
//!
//! Activations share one arena. Tensors that callers own (inputs, outputs) and
//! constants need no place in it; an operator that can work in place takes over
//! its operand's. Offsets are chosen greedily by size (Pisarchyk and Lee,
//! "Efficient Memory Management for Deep Neural Net Inference", 2020).

use crate::graph::ElementType;
use crate::ops::Buffer;
use crate::quantize::{QuantGraph, TensorId};

/// Arena offsets are multiples of this many bytes.
const ALIGNMENT: usize = 4;

/// Where a tensor lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// Argument number.
    Input(usize),
    /// Field number of the returned struct.
    Output(usize),
    /// A `static`.
    Constant,
    /// Bytes of the arena.
    Arena { offset: usize },
    /// Nothing reads it.
    Unused,
}

/// From the step that writes a tensor to the last one that reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetime {
    pub first_use: usize,
    pub last_use: usize,
}

impl Lifetime {
    fn overlaps(self, other: Lifetime) -> bool {
        self.first_use <= other.last_use && other.first_use <= self.last_use
    }
}

/// The memory of one program.
#[derive(Clone, Debug)]
pub(crate) struct ArenaPlan {
    pub locations: Vec<Location>,
    /// By step: the operand that its output overwrites.
    pub in_place: Vec<Option<usize>>,
    pub bytes: usize,
}

/// Tensors that use the same bytes, one after the other.
struct Block {
    tensors: Vec<TensorId>,
    bytes: usize,
    lifetime: Lifetime,
}

/// Plans the memory of `program`.
pub(crate) fn plan(program: &QuantGraph) -> ArenaPlan {
    let mut plan = ArenaPlan {
        locations: owned_by_caller(program),
        in_place: vec![None; program.steps.len()],
        bytes: 0,
    };
    let mut last_use = vec![0; program.tensors.len()];
    for (position, step) in program.steps.iter().enumerate() {
        for &input in &step.inputs {
            last_use[input] = position;
        }
    }
    let mut blocks: Vec<Block> = Vec::new();
    for (position, step) in program.steps.iter().enumerate() {
        let tensor = &program.tensors[step.output];
        if plan.locations[step.output] != Location::Unused {
            // f32 functions work on the output's own field.
            if tensor.element == ElementType::F32 {
                plan.in_place[position] = step
                    .inputs
                    .iter()
                    .position(|&i| plan.locations[i] == plan.locations[step.output]);
            }
            continue;
        }
        let lifetime = Lifetime {
            first_use: position,
            last_use: last_use[step.output].max(position),
        };
        let taken = step.inputs.iter().enumerate().find_map(|(i, &input)| {
            let fits = step.kernel.in_place(i).is_some()
                && last_use[input] == position
                && program.tensors[input].len == tensor.len
                && step.inputs.iter().filter(|other| **other == input).count() == 1;
            let block = blocks
                .iter()
                .position(|b| b.tensors.last() == Some(&input))?;
            fits.then_some((i, block))
        });
        match taken {
            Some((operand, block)) => {
                plan.in_place[position] = Some(operand);
                blocks[block].tensors.push(step.output);
                blocks[block].lifetime.last_use = lifetime.last_use;
            }
            None => blocks.push(Block {
                tensors: vec![step.output],
                bytes: tensor.len,
                lifetime,
            }),
        }
    }
    plan.bytes = place(&mut blocks, &mut plan.locations);
    plan
}

/// Inputs, outputs and constants.
fn owned_by_caller(program: &QuantGraph) -> Vec<Location> {
    let mut locations = vec![Location::Unused; program.tensors.len()];
    for (location, tensor) in locations.iter_mut().zip(&program.tensors) {
        if tensor.constant.is_some() {
            *location = Location::Constant;
        }
    }
    for (i, &id) in program.inputs.iter().enumerate() {
        locations[id] = Location::Input(i);
    }
    for (i, &id) in program.outputs.iter().enumerate() {
        if locations[id] == Location::Unused {
            locations[id] = Location::Output(i);
        }
    }
    // What an f32 function reads lies in the same output.
    for step in program.steps.iter().rev() {
        for &input in &step.inputs {
            let in_output = matches!(locations[step.output], Location::Output(_));
            if in_output
                && program.tensors[input].element == ElementType::F32
                && locations[input] == Location::Unused
            {
                locations[input] = locations[step.output];
            }
        }
    }
    locations
}

/// Chooses offsets; returns the arena's size.
fn place(blocks: &mut [Block], locations: &mut [Location]) -> usize {
    blocks.sort_by_key(|b| std::cmp::Reverse(b.bytes));
    let mut placed: Vec<(usize, usize, Lifetime)> = Vec::new();
    let mut total = 0;
    for block in blocks {
        let bytes = block.bytes.next_multiple_of(ALIGNMENT);
        let mut busy: Vec<(usize, usize)> = placed
            .iter()
            .filter(|(_, _, lifetime)| lifetime.overlaps(block.lifetime))
            .map(|(start, end, _)| (*start, *end))
            .collect();
        busy.sort_unstable();
        let mut offset = 0;
        for (start, end) in busy {
            if start >= offset + bytes {
                break;
            }
            offset = offset.max(end);
        }
        placed.push((offset, offset + bytes, block.lifetime));
        total = total.max(offset + bytes);
        for &tensor in &block.tensors {
            locations[tensor] = Location::Arena { offset };
        }
    }
    total
}

/// Checks a plan by running the program inside its arena; for tests.
///
/// Every tensor is written to and read from its place, so two tensors that are
/// alive at once and overlap give another result than [`QuantGraph::simulate`].
pub(crate) fn simulate_in_arena(
    program: &QuantGraph,
    plan: &ArenaPlan,
    inputs: &[Buffer],
) -> Vec<Buffer> {
    let mut arena = vec![0_i8; plan.bytes];
    let mut outside: Vec<Buffer> = program
        .tensors
        .iter()
        .map(|t| Buffer::I8(t.constant.clone().unwrap_or_default()))
        .collect();
    for (&id, input) in program.inputs.iter().zip(inputs) {
        outside[id] = input.clone();
    }
    let read = |arena: &[i8], outside: &[Buffer], id: TensorId| match plan.locations[id] {
        Location::Arena { offset } => {
            Buffer::I8(arena[offset..][..program.tensors[id].len].to_vec())
        }
        _ => outside[id].clone(),
    };
    for step in &program.steps {
        let operands: Vec<Buffer> = step
            .inputs
            .iter()
            .map(|&id| read(&arena, &outside, id))
            .collect();
        let result = step.kernel.simulate(&operands.iter().collect::<Vec<_>>());
        match plan.locations[step.output] {
            Location::Arena { offset } => {
                arena[offset..][..result.i8().len()].copy_from_slice(result.i8())
            }
            _ => outside[step.output] = result,
        }
    }
    program
        .outputs
        .iter()
        .map(|&id| read(&arena, &outside, id))
        .collect()
}
