//! Orders of execution: branches can run one after the other or side by side, and
//! that decides how much is alive at once.

use crate::ir::quant_graph::{QuantGraph, Step};

/// Orders worth trying; the file's comes first.
pub(super) fn orders(program: &QuantGraph) -> Vec<Vec<usize>> {
    let mut orders = vec![(0..program.steps.len()).collect()];
    if !program.regions.is_empty() {
        // Branches and loops are contiguous.
        return orders;
    }
    let mut add = |order: Vec<usize>| {
        if !orders.contains(&order) {
            orders.push(order);
        }
    };
    // Whatever leaves least behind; whatever needs least while it runs.
    add(greedy(program, |cost| (cost.after, cost.during)));
    add(greedy(program, |cost| (cost.during, cost.after)));
    add(depth_first(program, false));
    add(depth_first(program, true));
    orders
}

/// The effect of a step on the memory in use, in bytes.
struct Cost {
    during: isize,
    after: isize,
}

/// The step that makes each tensor.
fn makers(program: &QuantGraph) -> Vec<Option<usize>> {
    let mut makers = vec![None; program.tensors.len()];
    for (number, step) in program.steps.iter().enumerate() {
        for &output in &step.outputs {
            makers[output] = Some(number);
        }
    }
    makers
}

/// An order that always takes the step of the lowest cost among those that can run.
fn greedy(program: &QuantGraph, key: impl Fn(&Cost) -> (isize, isize)) -> Vec<usize> {
    let makers = makers(program);
    let mut readers = vec![0_usize; program.tensors.len()];
    for &input in program.steps.iter().flat_map(|s| &s.inputs) {
        readers[input] += 1;
    }
    let mut done = vec![false; program.steps.len()];
    let mut order = Vec::new();
    while order.len() < program.steps.len() {
        let cost = |step: &Step| {
            let bytes = |id: usize| program.tensors[id].bytes() as isize;
            let written: isize = step.outputs.iter().map(|&id| bytes(id)).sum();
            let kept: isize = step
                .outputs
                .iter()
                .filter(|&&o| readers[o] > 0)
                .map(|&o| bytes(o))
                .sum();
            let uses = |id: usize| step.inputs.iter().filter(|i| **i == id).count();
            let mut freed = step.inputs.clone();
            freed.sort_unstable();
            freed.dedup();
            freed.retain(|&id| makers[id].is_some() && readers[id] == uses(id));
            let freed: isize = freed.iter().map(|&id| bytes(id)).sum();
            Cost {
                during: written,
                after: kept - freed,
            }
        };
        let ready = |number: &usize| {
            let step = &program.steps[*number];
            !done[*number]
                && step
                    .inputs
                    .iter()
                    .all(|&i| makers[i].is_none_or(|m| done[m]))
        };
        let candidates = (0..program.steps.len()).filter(ready);
        let Some(next) = candidates.min_by_key(|&n| key(&cost(&program.steps[n]))) else {
            // A program that is not an order of execution itself stays as it is.
            return (0..program.steps.len()).collect();
        };
        done[next] = true;
        order.push(next);
        for &input in &program.steps[next].inputs {
            readers[input] -= 1;
        }
    }
    order
}

/// An order found from the outputs backwards, one branch after the other: the one with the
/// largest tensors first, or last.
fn depth_first(program: &QuantGraph, smallest_first: bool) -> Vec<usize> {
    let makers = makers(program);
    // The largest tensor on the way to each step.
    let mut largest = vec![0_usize; program.steps.len()];
    for (number, step) in program.steps.iter().enumerate() {
        let own = step
            .outputs
            .iter()
            .map(|&id| program.tensors[id].bytes())
            .max();
        let before = step.inputs.iter().filter_map(|&i| makers[i]);
        let before = before.filter(|m| *m < number).map(|m| largest[m]).max();
        largest[number] = own.max(before).unwrap_or(0);
    }
    let mut done = vec![false; program.steps.len()];
    let mut order = Vec::new();
    // The last steps are visited first: they pull in what they need. The rest
    // (what only states keep) follows.
    for root in (0..program.steps.len()).rev() {
        let mut stack = vec![(root, false)];
        while let Some((number, ready)) = stack.pop() {
            if done[number] {
                continue;
            }
            if ready {
                done[number] = true;
                order.push(number);
                continue;
            }
            stack.push((number, true));
            let inputs = program.steps[number].inputs.iter();
            let mut before: Vec<usize> = inputs.filter_map(|&i| makers[i]).collect();
            before.retain(|m| !done[*m] && *m < number);
            before.sort_by_key(|&m| (largest[m], m));
            if smallest_first {
                before.reverse();
            }
            stack.extend(before.into_iter().map(|m| (m, false)));
        }
    }
    order
}
