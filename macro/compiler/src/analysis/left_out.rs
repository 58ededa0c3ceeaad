//! What a result does not say, and why.

use crate::ir::control::WHOLE;
use crate::ir::quant_graph::QuantGraph;

/// Operators that are listed by number.
const SHOWN: usize = 12;

/// The operators of branches and loops, which are not measured one by one.
pub(super) fn left_out(program: &QuantGraph) -> Vec<String> {
    let steps = program.steps.iter().filter(|step| step.region != WHOLE);
    let mut names: Vec<String> = steps
        .filter_map(|step| Some(format!("#{} {}", step.index?, step.operator)))
        .collect();
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
