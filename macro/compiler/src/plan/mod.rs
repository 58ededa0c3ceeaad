//! Memory: where every tensor of the program lives.
//!
//! Activations share one arena. Tensors that callers own (inputs, outputs) and
//! constants need no place in it; an operator that can work in place takes over
//! its operand's. Offsets are chosen greedily by size (Pisarchyk and Lee,
//! "Efficient Memory Management for Deep Neural Net Inference", 2020).

use crate::graph::ElementType;
use crate::ops::Buffer;
use crate::quantize::{QuantGraph, Step, TensorId};

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
    /// Field number of the user's `State`.
    State(usize),
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
    /// By step: true if its output and operand 0 share memory in part.
    pub overlapping: Vec<bool>,
    pub bytes: usize,
}

/// Tensors that use the same bytes, one after the other, or overlapping ones.
struct Block {
    tensors: Vec<Placed>,
    /// From the lowest place to the highest end.
    extent: (isize, isize),
}

/// A tensor of a block.
#[derive(Clone, Copy)]
struct Placed {
    tensor: TensorId,
    /// Where it begins, counted from the block's first tensor.
    place: isize,
    bytes: usize,
    lifetime: Lifetime,
}

impl Block {
    fn bytes(&self) -> usize {
        (self.extent.1 - self.extent.0).unsigned_abs()
    }

    /// The last tensor, if it is this one.
    fn ends_with(&self, tensor: TensorId) -> Option<Placed> {
        self.tensors.last().copied().filter(|t| t.tensor == tensor)
    }
}

/// Plans the memory of `program`: with overlapping tensors where that needs less.
pub(crate) fn plan(program: &QuantGraph) -> ArenaPlan {
    let (apart, overlapping) = (attempt(program, false), attempt(program, true));
    if overlapping.bytes < apart.bytes {
        overlapping
    } else {
        apart
    }
}

fn attempt(program: &QuantGraph, overlaps: bool) -> ArenaPlan {
    let mut plan = ArenaPlan {
        locations: owned_by_caller(program),
        in_place: vec![None; program.steps.len()],
        overlapping: vec![false; program.steps.len()],
        bytes: 0,
    };
    let mut last_use = vec![0; program.tensors.len()];
    for (position, step) in program.steps.iter().enumerate() {
        for &input in &step.inputs {
            last_use[input] = position;
        }
    }
    for state in &program.states {
        last_use[state.next] = program.steps.len();
    }
    let mut blocks: Vec<Block> = Vec::new();
    for (position, step) in program.steps.iter().enumerate() {
        for (number, &output) in step.outputs.iter().enumerate() {
            let tensor = &program.tensors[output];
            if plan.locations[output] != Location::Unused {
                // f32 functions work on the output's own field.
                if tensor.element == ElementType::F32 && number == 0 {
                    plan.in_place[position] = step
                        .inputs
                        .iter()
                        .position(|&i| plan.locations[i] == plan.locations[output]);
                }
                continue;
            }
            let lifetime = Lifetime {
                first_use: position,
                last_use: last_use[output].max(position),
            };
            let taken = step.inputs.iter().enumerate().find_map(|(i, &input)| {
                let fits = number == 0
                    && step.kernel.in_place(i).is_some()
                    && last_use[input] == position
                    && program.tensors[input].bytes() == tensor.bytes()
                    && step.inputs.iter().filter(|other| **other == input).count() == 1;
                let block = blocks.iter().position(|b| b.ends_with(input).is_some())?;
                fits.then_some((i, block))
            });
            if let Some((operand, block)) = taken {
                plan.in_place[position] = Some(operand);
                let block = &mut blocks[block];
                let place = block.tensors.last().map_or(0, |t| t.place);
                block.tensors.push(Placed {
                    tensor: output,
                    place,
                    bytes: tensor.bytes(),
                    lifetime,
                });
                continue;
            }
            let size = tensor.bytes() as isize;
            let over = (overlaps && number == 0)
                .then(|| overlap(program, step, position, &last_use, &blocks))
                .flatten();
            if let Some((block, distance)) = over {
                let block = &mut blocks[block];
                let place = block.tensors.last().map_or(0, |t| t.place) - distance;
                let extent = (block.extent.0.min(place), block.extent.1.max(place + size));
                // One place of both is worth it only if they overlap.
                if (extent.1 - extent.0) < (block.extent.1 - block.extent.0) + size {
                    plan.overlapping[position] = true;
                    block.tensors.push(Placed {
                        tensor: output,
                        place,
                        bytes: tensor.bytes(),
                        lifetime,
                    });
                    block.extent = extent;
                    continue;
                }
            }
            blocks.push(Block {
                tensors: vec![Placed {
                    tensor: output,
                    place: 0,
                    bytes: tensor.bytes(),
                    lifetime,
                }],
                extent: (0, size),
            });
        }
    }
    plan.bytes = place(&mut blocks, &mut plan.locations);
    plan
}

/// The block of operand 0, if the output may overlap it, and how far the output
/// must begin in front of it.
fn overlap(
    program: &QuantGraph,
    step: &Step,
    position: usize,
    last_use: &[usize],
    blocks: &[Block],
) -> Option<(usize, isize)> {
    let overlap = step.kernel.overlap()?;
    let input = *step.inputs.first()?;
    let once = step.inputs.iter().filter(|i| **i == input).count() == 1;
    let ends = last_use[input] == position && program.tensors[input].element == ElementType::I8;
    let block = blocks.iter().position(|b| b.ends_with(input).is_some())?;
    (once && ends).then(|| (block, overlap.distance.next_multiple_of(ALIGNMENT) as isize))
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
    for (i, state) in program.states.iter().enumerate() {
        locations[state.value] = Location::State(i);
    }
    for (i, &id) in program.outputs.iter().enumerate() {
        if locations[id] == Location::Unused {
            locations[id] = Location::Output(i);
        }
    }
    // What an f32 function reads lies in the same output.
    for step in program.steps.iter().rev() {
        for &input in &step.inputs {
            let in_output = matches!(locations[step.output()], Location::Output(_));
            if in_output
                && step.kernel.in_place(0).is_some()
                && program.tensors[input].element == ElementType::F32
                && locations[input] == Location::Unused
            {
                locations[input] = locations[step.output()];
            }
        }
    }
    locations
}

/// Chooses offsets; returns the arena's size. The tensors of a block keep their
/// places to each other; tensors of two blocks may share memory if they are not
/// alive at once.
fn place(blocks: &mut [Block], locations: &mut [Location]) -> usize {
    blocks.sort_by_key(|b| std::cmp::Reverse(b.bytes()));
    let mut placed: Vec<(isize, isize, Lifetime)> = Vec::new();
    let mut total = 0;
    for block in blocks {
        let end = |t: &Placed| t.place + t.bytes.next_multiple_of(ALIGNMENT) as isize;
        // Where a block can begin: at the arena's begin, or where one of its
        // tensors touches the end of one that is alive with it.
        let mut offsets = vec![-block.extent.0];
        for t in &block.tensors {
            let alive = placed.iter().filter(|p| p.2.overlaps(t.lifetime));
            offsets.extend(alive.map(|p| p.1 - t.place));
        }
        offsets.sort_unstable();
        let fits = |offset: &isize| {
            *offset >= -block.extent.0
                && block.tensors.iter().all(|t| {
                    let (from, to) = (offset + t.place, offset + end(t));
                    let mut alive = placed.iter().filter(|p| p.2.overlaps(t.lifetime));
                    alive.all(|p| to <= p.0 || p.1 <= from)
                })
        };
        let behind_all = total - block.extent.0;
        let offset = offsets.into_iter().find(fits).unwrap_or(behind_all);
        for t in &block.tensors {
            placed.push((offset + t.place, offset + end(t), t.lifetime));
            total = total.max(offset + end(t));
            locations[t.tensor] = Location::Arena {
                offset: (offset + t.place).unsigned_abs(),
            };
        }
    }
    total.unsigned_abs()
}

/// Checks a plan by running the program inside its arena; for tests.
///
/// Every tensor is written to and read from its place, so two tensors that are
/// alive at once and overlap give another result than [`QuantGraph::simulate`].
pub(crate) fn simulate_in_arena(
    program: &QuantGraph,
    plan: &ArenaPlan,
    inputs: &[Buffer],
    states: &mut Vec<Buffer>,
) -> Vec<Buffer> {
    let mut arena = vec![0_u8; plan.bytes];
    let mut outside = program.start(inputs);
    for (state, content) in program.states.iter().zip(states.iter()) {
        outside[state.value] = content.clone();
    }
    let range = |id: TensorId| match plan.locations[id] {
        Location::Arena { offset } => Some(offset..offset + program.tensors[id].bytes()),
        _ => None,
    };
    let read = |arena: &[u8], outside: &[Buffer], id: TensorId| match range(id) {
        Some(range) => Buffer::from_bytes(program.tensors[id].element, &arena[range]),
        None => outside[id].clone(),
    };
    for step in &program.steps {
        let operands: Vec<Buffer> = step
            .inputs
            .iter()
            .map(|&id| read(&arena, &outside, id))
            .collect();
        let results = step
            .kernel
            .simulate_all(&operands.iter().collect::<Vec<_>>());
        for (&id, result) in step.outputs.iter().zip(results) {
            match range(id) {
                Some(range) => arena[range].copy_from_slice(&result.to_bytes()),
                None => outside[id] = result,
            }
        }
        // Scratch memory holds anything afterwards.
        for &id in &step.outputs {
            if let (Some(range), None) = (range(id), program.tensors[id].value) {
                arena[range].fill(0x55);
            }
        }
    }
    *states = program
        .states
        .iter()
        .map(|state| read(&arena, &outside, state.next))
        .collect();
    program
        .outputs
        .iter()
        .map(|&id| read(&arena, &outside, id))
        .collect()
}
