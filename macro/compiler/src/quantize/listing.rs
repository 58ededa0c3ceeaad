//! An int8 program as text, one line a step: what tests compare after each pass.

use std::fmt::Write as _;

use crate::ir::quant_graph::{QuantGraph, Step, TensorId};
use crate::tokens::constants::Constants;

/// The listing of a program: inputs, steps with their kernels and tensors, outputs.
pub(crate) fn listing(program: &QuantGraph) -> String {
    let mut text = String::new();
    let tensors = |ids: &[TensorId]| {
        let texts: Vec<String> = ids.iter().map(|&id| tensor(program, id)).collect();
        texts.join(", ")
    };
    // Writing to a string cannot fail.
    let _ = writeln!(text, "inputs: {}", tensors(&program.inputs));
    for state in &program.states {
        let [value, next] = [state.value, state.next].map(|id| tensor(program, id));
        let _ = writeln!(text, "state {:?}: {value}, next {next}", state.name);
    }
    for step in &program.steps {
        let _ = writeln!(
            text,
            "{}: {}({}) -> {}",
            operator(step),
            // The kernel's name alone: constants would fill pages.
            step.kernel.emit(&mut Constants::default()).function,
            tensors(&step.inputs),
            tensors(&step.outputs)
        );
    }
    let _ = writeln!(text, "outputs: {}", tensors(&program.outputs));
    text
}

/// A step's operator, with the channels that it computes, if it does not compute all.
fn operator(step: &Step) -> String {
    let mut text = match step.index {
        Some(index) => format!("#{index} {}", step.label()),
        None => step.label(),
    };
    if let Some([computed, all]) = step.channels {
        let _ = write!(text, " [{computed} of {all} channels]");
    }
    if step.region != crate::ir::control::WHOLE {
        let _ = write!(text, " in region {:?}", step.region);
    }
    text
}

/// A tensor: its number, name, elements, and scale and zero point, if it has them.
fn tensor(program: &QuantGraph, id: TensorId) -> String {
    let tensor = &program.tensors[id];
    let mut text = format!(
        "t{id} {:?} {}[{}]",
        tensor.name,
        tensor.element.name(),
        tensor.len
    );
    if let Some(params) = tensor.params {
        let _ = write!(text, " {}({:+})", params.scale, params.zero_point);
    }
    if tensor.constant.is_some() {
        text += " constant";
    }
    text
}
