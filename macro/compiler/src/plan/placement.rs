//! Where tensors live: blocks of tensors that share bytes, then a place for each
//! block.

use crate::ir::control::{RegionId, Variable};
use crate::ir::graph::ElementType;
use crate::ir::quant_graph::{QuantGraph, Step, TensorId};
use crate::plan::{ArenaPlan, Attempt, Lifetime, Location, Sharing, owned_by_caller};

/// Tensors that use the same bytes, one after the other, or overlapping ones, or
/// that lie side by side.
struct Block {
    tensors: Vec<Placed>,
    /// The range from the lowest place to the highest end.
    extent: (isize, isize),
}

/// A tensor of a block.
#[derive(Clone, Copy)]
struct Placed {
    tensor: TensorId,
    /// The offset at which it begins, counted from the block's first tensor.
    place: isize,
    bytes: usize,
    lifetime: Lifetime,
}

impl Placed {
    fn end(&self) -> isize {
        self.place + self.bytes as isize
    }

    /// True if both are alive at once and share bytes.
    fn disturbs(&self, other: &Self) -> bool {
        self.lifetime.overlaps(other.lifetime)
            && self.place < other.end()
            && other.place < self.end()
    }
}

impl Block {
    fn of(tensor: Placed) -> Self {
        Self {
            tensors: vec![tensor],
            extent: (tensor.place, tensor.end()),
        }
    }

    fn bytes(&self) -> usize {
        (self.extent.1 - self.extent.0).unsigned_abs()
    }

    /// The last tensor, if it is this one.
    fn ends_with(&self, tensor: TensorId) -> Option<Placed> {
        self.tensors.last().copied().filter(|t| t.tensor == tensor)
    }

    fn push(&mut self, tensor: Placed) {
        self.extent.0 = self.extent.0.min(tensor.place);
        self.extent.1 = self.extent.1.max(tensor.end());
        self.tensors.push(tensor);
    }

    fn shift(&mut self, by: isize) {
        self.extent = (self.extent.0 + by, self.extent.1 + by);
        for t in &mut self.tensors {
            t.place += by;
        }
    }
}

/// A plan in the making.
struct Planner<'a> {
    program: &'a QuantGraph,
    attempt: Attempt,
    last_use: Vec<usize>,
    blocks: Vec<Block>,
}

/// Plans one order of execution.
pub(super) fn attempt(program: &QuantGraph, order: Vec<usize>, attempt: Attempt) -> ArenaPlan {
    let mut plan = ArenaPlan {
        locations: owned_by_caller(program, attempt.inputs),
        lifetimes: vec![Lifetime::default(); program.tensors.len()],
        sharing: vec![Sharing::Apart; order.len()],
        order,
        bytes: 0,
    };
    let mut last_use = last_uses(program, &plan.order);
    for state in &program.states {
        last_use[state.next] = plan.order.len();
    }
    // Outputs that lie in the arena (inputs, variables of loops) are copied at the end.
    for &output in &program.outputs {
        if plan.locations[output] == Location::Unused {
            last_use[output] = plan.order.len();
        }
    }
    let mut planner = Planner {
        program,
        attempt,
        last_use,
        blocks: Vec::new(),
    };
    for &input in program.inputs.iter().filter(|_| attempt.inputs) {
        planner.blocks.push(Block::of(planner.placed(input, 0)));
    }
    let variables: Vec<Variable> = program.regions.variables().collect();
    for position in 0..plan.order.len() {
        let step = &program.steps[plan.order[position]];
        for (number, &output) in step.outputs.iter().enumerate() {
            if variables.iter().any(|v| v.next == output) {
                // It has the variable's place.
                plan.lifetimes[output] = planner.placed(output, position).lifetime;
                continue;
            }
            if plan.locations[output] == Location::Unused {
                plan.sharing[position] = match number {
                    0 => planner.first_output(step, position),
                    _ => {
                        let placed = planner.placed(output, position);
                        planner.blocks.push(Block::of(placed));
                        continue;
                    }
                };
            } else if program.tensors[output].element == ElementType::F32 && number == 0 {
                // f32 functions work on the output's own field.
                let same = |&i: &TensorId| plan.locations[i] == plan.locations[output];
                if let Some(operand) = step.inputs.iter().position(same) {
                    plan.sharing[position] = Sharing::InPlace(operand);
                }
            }
        }
    }
    for t in planner.blocks.iter().flat_map(|b| &b.tensors) {
        plan.lifetimes[t.tensor] = t.lifetime;
    }
    plan.bytes = place(
        &mut planner.blocks,
        &mut plan.locations,
        planner.program.alignment(),
    );
    for Variable { value, next } in variables {
        plan.locations[next] = plan.locations[value];
    }
    plan
}

/// For each tensor, the position of the last step that needs it. A tensor that exists when a
/// loop begins and is needed in one round is needed in all of them.
fn last_uses(program: &QuantGraph, order: &[usize]) -> Vec<usize> {
    let steps = || order.iter().map(|&number| &program.steps[number]);
    let mut last_use = vec![0; program.tensors.len()];
    let mut written = vec![0; program.tensors.len()];
    for (position, step) in steps().enumerate() {
        let conditions = program.regions.conditions(step.region);
        let conditions = conditions.into_iter().map(|(id, _)| id);
        for input in step.inputs.iter().copied().chain(conditions) {
            last_use[input] = position;
        }
        for &output in &step.outputs {
            written[output] = position;
        }
    }
    let regions: Vec<RegionId> = steps().map(|step| step.region).collect();
    for extent in program.regions.loops(&regions) {
        for (position, step) in steps().enumerate().take(extent.last + 1).skip(extent.first) {
            let conditions = program.regions.conditions(step.region);
            let conditions = conditions.into_iter().map(|(id, _)| id);
            for input in step.inputs.iter().copied().chain(conditions) {
                if written[input] < extent.first || written[input] > position {
                    last_use[input] = last_use[input].max(extent.last);
                }
            }
        }
        for variable in extent.variables {
            last_use[variable.value] = last_use[variable.value].max(extent.last);
        }
    }
    last_use
}

impl Planner<'_> {
    /// A tensor that a step makes, at the begin of its block.
    fn placed(&self, tensor: TensorId, position: usize) -> Placed {
        Placed {
            tensor,
            place: 0,
            bytes: self.program.tensors[tensor].bytes(),
            lifetime: Lifetime {
                first_use: position,
                last_use: self.last_use[tensor].max(position),
            },
        }
    }

    /// Finds a block for a step's first output.
    fn first_output(&mut self, step: &Step, position: usize) -> Sharing {
        let output = self.placed(step.output(), position);
        if self.attempt.joins && self.join(step, position, output) {
            return Sharing::Joined;
        }
        if let Some((operand, block)) = self.in_place(step, position) {
            let block = &mut self.blocks[block];
            let place = block.tensors.last().map_or(0, |t| t.place);
            block.push(Placed { place, ..output });
            return Sharing::InPlace(operand);
        }
        if let Some((block, distance)) = self.overlap(step, position) {
            let block = &mut self.blocks[block];
            let place = block.tensors.last().map_or(0, |t| t.place) - distance;
            let output = Placed { place, ..output };
            let begin = block.extent.0.min(place);
            let end = block.extent.1.max(output.end());
            // One place of both is worth it only if they overlap.
            if ((end - begin) as usize) < block.bytes() + output.bytes {
                block.push(output);
                return Sharing::Overlapping;
            }
        }
        self.blocks.push(Block::of(output));
        Sharing::Apart
    }

    /// The block that ends with a tensor that this step is the last to read.
    fn ending(&self, step: &Step, position: usize, tensor: TensorId) -> Option<usize> {
        let once = step.inputs.iter().filter(|i| **i == tensor).count() == 1;
        let ends = self.last_use[tensor] == position && once;
        let block = self
            .blocks
            .iter()
            .position(|b| b.ends_with(tensor).is_some());
        block.filter(|_| ends)
    }

    /// The operand that the output overwrites, and its block.
    fn in_place(&self, step: &Step, position: usize) -> Option<(usize, usize)> {
        let tensors = &self.program.tensors;
        step.inputs.iter().enumerate().find_map(|(i, &input)| {
            let fits = step.kernel.in_place(i).is_some()
                && tensors[input].bytes() == tensors[step.output()].bytes();
            let block = self.ending(step, position, input)?;
            fits.then_some((i, block))
        })
    }

    /// The block of operand 0, if the output may overlap it, and how far the output
    /// must begin in front of it.
    fn overlap(&self, step: &Step, position: usize) -> Option<(usize, isize)> {
        let overlap = step.kernel.overlap().filter(|_| self.attempt.overlaps)?;
        let input = *step.inputs.first()?;
        let block = self.ending(step, position, input)?;
        let int8 = self.program.tensors[input].element == ElementType::I8;
        let distance = overlap.distance.next_multiple_of(self.program.alignment()) as isize;
        int8.then_some((block, distance))
    }

    /// Makes one block of a concatenation's operands, if its result is nothing but
    /// them, side by side.
    fn join(&mut self, step: &Step, position: usize, output: Placed) -> bool {
        let Some(offsets) = step.kernel.joins() else {
            return false;
        };
        let mut shifts = Vec::new();
        for (&input, offset) in step.inputs.iter().zip(offsets) {
            let Some(block) = self.ending(step, position, input) else {
                return false;
            };
            let ends = &self.blocks[block];
            let by = offset as isize - ends.tensors.last().map_or(0, |t| t.place);
            let bytewise = |t: &Placed| self.program.tensors[t.tensor].element.bytes() == 1;
            let aligned = by.unsigned_abs().is_multiple_of(self.program.alignment());
            if shifts.iter().any(|(other, _)| *other == block)
                || !(aligned || ends.tensors.iter().all(bytewise))
            {
                return false;
            }
            shifts.push((block, by));
        }
        let moved: Vec<Vec<Placed>> = shifts
            .iter()
            .map(|&(block, by)| {
                let shifted = |t: &Placed| Placed {
                    place: t.place + by,
                    ..*t
                };
                self.blocks[block].tensors.iter().map(shifted).collect()
            })
            .collect();
        for (i, first) in moved.iter().enumerate() {
            for second in &moved[i + 1..] {
                if first.iter().any(|a| second.iter().any(|b| a.disturbs(b))) {
                    return false;
                }
            }
        }
        let mut joined = Block::of(output);
        for (block, by) in &shifts {
            self.blocks[*block].shift(*by);
            for t in std::mem::take(&mut self.blocks[*block].tensors) {
                joined.push(t);
            }
        }
        // The result stands last: it is what later steps read.
        joined.tensors.rotate_left(1);
        self.blocks.retain(|b| !b.tensors.is_empty());
        self.blocks.push(joined);
        true
    }
}

/// Chooses offsets; returns the arena's size. The tensors of a block keep their
/// places to each other; tensors of two blocks may share memory if they are not
/// alive at once. Greedily by size (Pisarchyk and Lee, "Efficient Memory Management
/// for Deep Neural Net Inference", 2020).
fn place(blocks: &mut [Block], locations: &mut [Location], alignment: usize) -> usize {
    let rounded = |x: isize| (x.max(0) as usize).next_multiple_of(alignment) as isize;
    blocks.sort_by_key(|b| std::cmp::Reverse(b.bytes()));
    let mut placed: Vec<(isize, isize, Lifetime)> = Vec::new();
    let mut total = 0;
    for block in blocks {
        let lowest = rounded(-block.extent.0);
        // Where a block can begin: at the arena's begin, or where one of its
        // tensors touches the end of one that is alive with it.
        let mut offsets = vec![lowest];
        for t in &block.tensors {
            let alive = placed.iter().filter(|p| p.2.overlaps(t.lifetime));
            offsets.extend(alive.map(|p| rounded(p.1 - t.place)));
        }
        offsets.sort_unstable();
        let fits = |offset: &isize| {
            *offset >= lowest
                && block.tensors.iter().all(|t| {
                    let (from, to) = (offset + t.place, offset + t.end());
                    let mut alive = placed.iter().filter(|p| p.2.overlaps(t.lifetime));
                    alive.all(|p| to <= p.0 || p.1 <= from)
                })
        };
        let behind_all = rounded(total) + lowest;
        let offset = offsets.into_iter().find(fits).unwrap_or(behind_all);
        for t in &block.tensors {
            placed.push((offset + t.place, offset + t.end(), t.lifetime));
            total = total.max(offset + t.end());
            locations[t.tensor] = Location::Arena {
                offset: (offset + t.place).unsigned_abs(),
            };
        }
    }
    total.unsigned_abs().next_multiple_of(alignment)
}
