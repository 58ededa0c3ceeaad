//! Which scale and zero point every tensor gets.

use super::params::asymmetric;
use crate::calibrate::{Range, Ranges};
use crate::error::{Error, Result};
use crate::graph::{
    ALWAYS_FLOAT, ElementType, Graph, Node, QuantParams, Quantization, Sets, ValueId,
};
use crate::ops::{QuantRule, StateRule};

/// The tensors whose ranges have to be observed: computed ones for which
/// neither the file nor the operator's specification sets a scale.
pub(crate) fn calibrated_values(graph: &Graph) -> Vec<ValueId> {
    let mut sets = Sets::new(graph.values.len());
    same_scale(&mut sets, graph, |_, _| true);
    let known: Vec<usize> = (0..graph.values.len())
        .filter(|&v| fixed(graph, v).is_some())
        .map(|v| sets.find(v))
        .collect();
    let unknown = computed(graph)
        .into_iter()
        .filter(|&v| !known.contains(&sets.find(v)));
    let unknown: Vec<ValueId> = unknown.collect();
    // A model of which nothing else is to be calibrated needs no dataset.
    if unknown.iter().all(|&v| is_only_float(graph, v)) {
        return Vec::new();
    }
    unknown
}

/// True if neither the operator that writes a tensor nor those that read it have int8.
fn is_only_float(graph: &Graph, value: ValueId) -> bool {
    let mut readers = graph
        .nodes
        .iter()
        .filter(|n| n.inputs.contains(&Some(value)));
    let is_input = graph.inputs.iter().any(|p| p.value == value);
    (is_input || graph.values[value].kept == Some(ALWAYS_FLOAT))
        && readers.all(|n| {
            let written = graph.values[n.output()].kept;
            n.op.is_float_only() || written == Some(ALWAYS_FLOAT)
        })
}

/// Inputs, states and operators' outputs, as far as they are real numbers.
fn computed(graph: &Graph) -> Vec<ValueId> {
    let inputs = graph.inputs.iter().map(|p| p.value);
    inputs
        .chain(graph.states.iter().map(|s| s.value))
        .chain(graph.nodes.iter().flat_map(|n| n.outputs.iter().copied()))
        .filter(|&v| {
            !matches!(
                graph.values[v].element,
                ElementType::I32 | ElementType::Bool
            )
        })
        .collect()
}

/// What the file, or else the specification, says of a tensor.
fn fixed(graph: &Graph, value: ValueId) -> Option<QuantParams> {
    match graph.values[value].quantization {
        Some(Quantization::PerTensor(params)) => return Some(params),
        Some(Quantization::Range { min, max }) => return Some(asymmetric(min, max)),
        _ => {}
    }
    let node = graph.nodes.iter().find(|n| n.outputs.contains(&value))?;
    match node.op.rule() {
        QuantRule::Fixed(params) => Some(params),
        _ => None,
    }
}

/// The chosen quantization of every computed tensor.
pub(crate) struct Scales {
    params: Vec<Option<QuantParams>>,
}

impl Scales {
    pub(crate) fn new(graph: &Graph, ranges: &Ranges) -> Self {
        let uses = graph.uses();
        let covered: Vec<ValueId> = graph
            .nodes
            .iter()
            .filter(|n| n.op.rule() == QuantRule::Choice)
            .flat_map(|n| chosen(graph, n, &uses))
            .copied()
            .collect();
        let range = |v: &ValueId| {
            let counts = !covered.contains(v);
            counts.then(|| ranges.by_value.get(v).copied()).flatten()
        };
        let mut sets = Sets::new(graph.values.len());
        // A tensor joins a concatenation's scale unless that would cost it more
        // than a bit; then the concatenation rescales it.
        same_scale(&mut sets, graph, |input, output| {
            match (range(&input), range(&output)) {
                (Some(i), Some(o)) => (i.max - i.min) * 2.0 > o.max - o.min,
                _ => true,
            }
        });
        let mut params = vec![None; graph.values.len()];
        let values = computed(graph);
        for &value in &values {
            let set = sets.find(value);
            let members: Vec<ValueId> = values
                .iter()
                .copied()
                .filter(|&v| sets.find(v) == set)
                .collect();
            let shared = members.iter().find_map(|&v| fixed(graph, v)).or_else(|| {
                let observed = members.iter().filter_map(range).reduce(|a, b| Range {
                    min: a.min.min(b.min),
                    max: a.max.max(b.max),
                });
                observed.map(|r| asymmetric(r.min, r.max))
            });
            params[value] = fixed(graph, value).or(shared);
        }
        Self { params }
    }

    pub(crate) fn get(&self, graph: &Graph, value: ValueId) -> Result<QuantParams> {
        self.params[value].ok_or_else(|| {
            Error::model(format!(
                "tensor {:?} has no scale in the file and none was calibrated",
                graph.values[value].name
            ))
        })
    }

    pub(crate) fn find(&self, value: ValueId) -> Option<QuantParams> {
        self.params[value]
    }
}

/// The inputs of a choosing operator that nothing else reads.
fn chosen<'a>(
    graph: &'a Graph,
    node: &'a Node,
    uses: &'a [usize],
) -> impl Iterator<Item = &'a ValueId> {
    node.inputs.iter().flatten().filter(|&&v| {
        let value = &graph.values[v];
        let free = value.constant.is_none() && value.quantization.is_none();
        free && uses[v] == 1 && value.element.is_real()
    })
}

/// The specification's same-scale rule.
fn same_scale(sets: &mut Sets, graph: &Graph, joins: impl Fn(ValueId, ValueId) -> bool) {
    for state in &graph.states {
        sets.unite(state.value, state.next);
    }
    let uses = graph.uses();
    for node in &graph.nodes {
        let inputs = node.inputs.iter().flatten().filter(|v| {
            let value = &graph.values[**v];
            value.constant.is_none() && value.element.is_real()
        });
        for (operand, rule) in node.op.state_rules() {
            if let (StateRule::SameAsOutput, Some(&Some(state))) = (rule, node.inputs.get(operand))
            {
                sets.unite(state, node.output());
            }
        }
        match node.op.rule() {
            QuantRule::SameAsInput => {
                if let Some(&input) = inputs.clone().next() {
                    sets.unite(input, node.output());
                }
            }
            QuantRule::SameAsAllInputs => {
                for &input in inputs.filter(|v| joins(**v, node.output())) {
                    sets.unite(input, node.output());
                }
            }
            QuantRule::Choice => {
                for &input in chosen(graph, node, &uses) {
                    sets.unite(input, node.output());
                }
            }
            QuantRule::Observed | QuantRule::Fixed(_) => {}
        }
    }
}
