//! Checks of plans.

use crate::ir::buffer::Buffer;
use crate::ir::control::{Cursor, Event, RegionId, Variable};
use crate::ir::quant_graph::{QuantGraph, TensorId};
use crate::plan::{ArenaPlan, Location};

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
    let mut outside = program.start(inputs, &[]);
    let given: Vec<(TensorId, Vec<u8>)> = program
        .inputs
        .iter()
        .zip(inputs)
        .map(|(&id, input)| (id, input.to_bytes()))
        .collect();
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
    for (id, bytes) in given {
        if let Some(range) = range(id) {
            arena[range].copy_from_slice(&bytes);
        }
    }
    let regions: Vec<RegionId> = plan
        .order
        .iter()
        .map(|&number| program.steps[number].region)
        .collect();
    let mut cursor = Cursor::new(&program.regions, &regions);
    while let Some(event) = cursor.next(usize::MAX, |id| read(&arena, &outside, id).is_true()) {
        let position = match event {
            Event::Run(position) => position,
            Event::Skip(position) => {
                for &id in &program.steps[plan.order[position]].outputs {
                    let tensor = &program.tensors[id];
                    if outside[id].len() != tensor.len {
                        outside[id] = Buffer::zeros(tensor.element, tensor.len);
                    }
                }
                continue;
            }
            Event::Again(variables) => {
                // The new contents are in their places; but not those outside of the arena.
                for &Variable { value, next } in variables {
                    outside[value] = outside[next].clone();
                }
                continue;
            }
        };
        let step = &program.steps[plan.order[position]];
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
        for range in step.outputs[step.results..]
            .iter()
            .filter_map(|&id| range(id))
        {
            arena[range].fill(0x55);
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
