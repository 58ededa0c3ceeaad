//! What a result does not say, and why.

use crate::ir::control::WHOLE;
use crate::ir::quant_graph::{QuantGraph, Step};

/// Operators that are listed by number.
const SHOWN: usize = 12;

/// True for a step that runs exactly once and computes: not inside of a branch or loop, and no IF or
/// WHILE itself, whose tensors have one content before the loop and another one behind it.
pub(super) fn runs_once(step: &Step) -> bool {
    step.region == WHOLE && !is_control(step)
}

fn is_control(step: &Step) -> bool {
    matches!(step.operator, "IF" | "WHILE")
}

/// The operators of branches and loops, which are not measured one by one.
pub(super) fn left_out(program: &QuantGraph) -> Vec<String> {
    let inside = |step: &&Step| step.region != WHOLE && !is_control(step);
    let mut names: Vec<String> = Vec::new();
    for step in program.steps.iter().filter(inside) {
        if let Some(index) = step.index {
            names.push(format!("#{index} {}", step.operator));
        }
    }
    names.dedup();
    if names.is_empty() {
        return Vec::new();
    }
    let count = names.len();
    names.truncate(SHOWN);
    let more = if count > SHOWN { ", .." } else { "" };
    vec![format!(
        "{count} operators inside of branches and loops are not measured one by one, because they run \
         several times or not at all, and int8 may take another way than float: {}{more} (numbers are \
         those in their own subgraphs)",
        names.join(", ")
    )]
}
