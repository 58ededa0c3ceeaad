//! Memory: in which order the program runs, and where every tensor of it lives.
//!
//! Activations share one arena. Tensors that callers own (inputs, outputs) and
//! constants need no place in it; an operator that can work in place takes over
//! its operand's, a concatenation those of all its operands.

pub(crate) mod check;
pub(crate) mod diagram;
pub(crate) mod order;
pub(crate) mod placement;

use crate::ir::graph::ElementType;
use crate::ir::quant_graph::QuantGraph;

pub(crate) use check::simulate_in_arena;
pub(crate) use diagram::peak;

/// The place where a tensor lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// An argument of the function, by number.
    Input(usize),
    /// Field number of the returned struct.
    Output(usize),
    /// A `static` of the emitted module.
    Constant,
    /// Field number of the user's `State`.
    State(usize),
    /// A range of the arena that begins at this byte.
    Arena { offset: usize },
    /// Nowhere, since nothing reads the tensor.
    Unused,
}

/// The steps from the one that writes a tensor to the last one that reads it, counted in the
/// order of execution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lifetime {
    pub first_use: usize,
    pub last_use: usize,
}

impl Lifetime {
    /// True if both tensors are needed at the same time.
    fn overlaps(self, other: Lifetime) -> bool {
        self.first_use <= other.last_use && other.first_use <= self.last_use
    }

    /// True if the tensor is needed while this step runs.
    fn contains(self, position: usize) -> bool {
        (self.first_use..=self.last_use).contains(&position)
    }
}

/// The way in which an operator's output and operands share memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// Output and operands lie apart.
    #[default]
    Apart,
    /// The output overwrites this operand.
    InPlace(usize),
    /// Output and operand 0 overlap in part.
    Overlapping,
    /// The operands lie where the output wants them: there is nothing to do.
    Joined,
}

/// The memory of one program.
#[derive(Clone, Debug)]
pub(crate) struct ArenaPlan {
    /// The order of execution: positions in the program.
    pub order: Vec<usize>,
    /// The place of each tensor.
    pub locations: Vec<Location>,
    /// The lifetime of each tensor that lives in the arena.
    pub lifetimes: Vec<Lifetime>,
    /// The sharing of each step, in the order of execution.
    pub sharing: Vec<Sharing>,
    pub bytes: usize,
}

/// The choices of one attempt at a plan.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    /// Inputs live in the arena, too.
    inputs: bool,
    /// Operators overwrite what they have read.
    overlaps: bool,
    /// Operands of concatenations are written into the result.
    joins: bool,
}

/// Plans the memory of `program`: the smallest of several orders of execution and
/// ways to share. If `inputs` is set, the program's inputs live in the arena.
pub(crate) fn plan(program: &QuantGraph, inputs: bool) -> ArenaPlan {
    let mut best: Option<ArenaPlan> = None;
    for order in order::orders(program) {
        for (overlaps, joins) in [(false, true), (true, true), (false, false), (true, false)] {
            let attempt = Attempt {
                inputs,
                overlaps,
                joins,
            };
            let plan = placement::attempt(program, order.clone(), attempt);
            if best.as_ref().is_none_or(|best| plan.bytes < best.bytes) {
                best = Some(plan);
            }
        }
    }
    best.unwrap_or_else(|| {
        let in_order = (0..program.steps.len()).collect();
        let plain = Attempt {
            inputs,
            overlaps: false,
            joins: false,
        };
        placement::attempt(program, in_order, plain)
    })
}

/// The places of inputs, outputs and constants, which callers or the module own.
fn owned_by_caller(program: &QuantGraph, inputs_in_arena: bool) -> Vec<Location> {
    let mut locations = vec![Location::Unused; program.tensors.len()];
    for (location, tensor) in locations.iter_mut().zip(&program.tensors) {
        if tensor.constant.is_some() {
            *location = Location::Constant;
        }
    }
    if !inputs_in_arena {
        for (i, &id) in program.inputs.iter().enumerate() {
            locations[id] = Location::Input(i);
        }
    }
    for (i, state) in program.states.iter().enumerate() {
        locations[state.value] = Location::State(i);
    }
    for (i, &id) in program.outputs.iter().enumerate() {
        let is_own = !program.inputs.contains(&id) && !program.is_variable(id);
        if locations[id] == Location::Unused && is_own {
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
                && !program.inputs.contains(&input)
                && !program.is_variable(input)
            {
                locations[input] = locations[step.output()];
            }
        }
    }
    locations
}
