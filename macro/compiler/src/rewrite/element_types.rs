//! The element types of variables: those of loops and of operators with a state.

use crate::ir::context::StateRule;
use crate::ir::control::Variable;
use crate::ir::graph::{ElementType, FileQuantization, Graph, Value};

/// Gives the values that a loop hands on to its next round the element type of the variable.
pub(super) fn of_loops(graph: &mut Graph) {
    let variables: Vec<Variable> = graph.regions.variables().collect();
    for Variable { value, next } in variables {
        let variable = &graph.values[value];
        graph.values[next] = Value {
            name: graph.values[next].name.clone(),
            ..variable.clone()
        };
    }
}

/// Variables of operators that ask for 16 bits, where the file has them in float.
pub(super) fn of_states(graph: &mut Graph) {
    for state in &graph.states {
        // What is written in float is read in float.
        let next = graph.values[state.next].kept;
        let value = &mut graph.values[state.value];
        value.kept = value.kept.or(next);
    }
    for position in 0..graph.nodes.len() {
        for (operand, rule) in graph.nodes[position].op.state_rules() {
            let StateRule::Int16(params) = rule else {
                continue;
            };
            let Some(old) = graph.nodes[position].inputs.get(operand).copied().flatten() else {
                continue;
            };
            let next = graph.states.iter().find(|s| s.value == old).map(|s| s.next);
            for value in [Some(old), next].into_iter().flatten() {
                let value = &mut graph.values[value];
                if value.element == ElementType::F32 && value.quantization.is_none() {
                    value.element = ElementType::I16;
                    value.quantization = Some(FileQuantization::PerTensor(params));
                }
            }
        }
    }
}
