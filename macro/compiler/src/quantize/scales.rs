//! Which scale and zero point every tensor gets.

use std::collections::{HashMap, HashSet};

use crate::arithmetic::quant_params::{QuantParams, asymmetric, symmetric_i16};
use crate::calibrate::{Ranges, RealRange};
use crate::error::{Error, Result};
use crate::ir::context::QuantRule;
use crate::ir::disjoint_sets::DisjointSets;
use crate::ir::graph::{ElementType, Graph, Kept, Node, Value, ValueId};

/// The tensors whose ranges have to be observed: computed ones for which
/// neither the file nor the operator's specification sets a scale.
pub(crate) fn calibrated_values(graph: &Graph) -> Vec<ValueId> {
    let mut groups = Groups::new(graph);
    computed(graph)
        .into_iter()
        .filter(|&v| groups.fixed(v).is_none())
        .collect()
}

/// Inputs, states and operators' outputs, as far as they are real numbers.
pub(crate) fn computed(graph: &Graph) -> Vec<ValueId> {
    let inputs = graph.inputs.iter().map(|p| p.value);
    inputs
        .chain(graph.states.iter().map(|s| s.value))
        .chain(graph.nodes.iter().flat_map(|n| n.outputs.iter().copied()))
        .filter(|&v| {
            let value = &graph.values[v];
            let is_exact = value.kept == Some(Kept::Exact);
            value.element.is_real() && (!is_exact || is_read_quantized(graph, v))
        })
        .collect()
}

/// True if an operator reads the int8 form of a tensor that is there in float.
fn is_read_quantized(graph: &Graph, value: ValueId) -> bool {
    let mut readers = graph
        .nodes
        .iter()
        .filter(|n| n.inputs.contains(&Some(value)));
    readers.any(|node| {
        let is_float = node.op.is_float_only() || graph.values[node.output()].kept.is_some();
        !is_float && !node.op.reads_reals()
    })
}

/// The scale and zero point that the file, or else the specification, gives each tensor.
fn fixed(graph: &Graph) -> Vec<Option<QuantParams>> {
    let mut fixed: Vec<_> = graph.values.iter().map(Value::given_params).collect();
    for node in &graph.nodes {
        if let QuantRule::Fixed { int8, int16 } = node.op.rule() {
            for &output in &node.outputs {
                let params = match graph.values[output].element {
                    ElementType::I16 => int16,
                    _ => Some(int8),
                };
                fixed[output] = fixed[output].or(params);
            }
        }
    }
    fixed
}

/// Tensors that share one scale.
struct Groups<'a> {
    graph: &'a Graph,
    sets: DisjointSets,
    /// Scale and zero point of each set of tensors, by the tensor that stands for the set.
    fixed: Vec<Option<QuantParams>>,
}

impl<'a> Groups<'a> {
    /// The groups that do not depend on calibration: operators that only move values, and
    /// operators that choose between or join tensors which all have the same fixed scale.
    fn new(graph: &'a Graph) -> Self {
        let (given, uses) = (fixed(graph), graph.uses());
        let mut groups = Self {
            graph,
            sets: DisjointSets::new(graph.values.len()),
            fixed: given.clone(),
        };
        for (value, next) in graph.variables() {
            groups.unite(value, next);
        }
        for node in &graph.nodes {
            match node.op.rule() {
                QuantRule::SameAsInput => {
                    if let Some(input) = graph.real_operands(node).next() {
                        groups.unite(input, node.output());
                    }
                }
                QuantRule::SameAsAllInputs | QuantRule::SelectsInputs => {
                    // Other contents of a loop's variable may not fit.
                    if !node.op.carries() {
                        groups.unite_fixed(node);
                    }
                    // If the output's scale is given, an input without another reader can
                    // take it: larger values are clipped anyway.
                    if given[node.output()].is_some() {
                        for input in only_read_by(graph, node, &uses) {
                            if groups.fixed(input).is_none() {
                                groups.unite(input, node.output());
                            }
                        }
                    }
                }
                QuantRule::Observed | QuantRule::Fixed { .. } => {}
            }
        }
        groups
    }

    fn fixed(&mut self, value: ValueId) -> Option<QuantParams> {
        self.fixed[self.sets.find(value)]
    }

    /// Gives two values one scale.
    fn unite(&mut self, a: ValueId, b: ValueId) {
        let fixed = self.fixed(a).or(self.fixed(b));
        self.sets.unite(a, b);
        let set = self.sets.find(a);
        self.fixed[set] = fixed;
    }

    /// If all computed operands have one fixed scale and all constants fit into it, the
    /// output has it, too.
    fn unite_fixed(&mut self, node: &Node) {
        let graph = self.graph;
        let computed: Vec<ValueId> = graph.real_operands(node).collect();
        let Some(params) = computed.first().and_then(|&v| self.fixed(v)) else {
            return;
        };
        let reach = reach(params, graph.values[computed[0]].element);
        let constants = node.inputs.iter().flatten().filter(|&&v| {
            graph.values[v].constant.is_some() && !node.op.takes_integers(position(node, v))
        });
        let constants: Vec<_> = constants.map(|&v| graph.values[v].real()).collect();
        let fit = constants.iter().flatten().flatten().all(|&x| {
            let step = params.scale;
            x > reach.min - step && x < reach.max + step
        });
        if fit && computed.iter().all(|&v| self.fixed(v) == Some(params)) {
            self.unite(computed[0], node.output());
        }
    }

    /// True if operand and output may share one scale: no value is clipped, no bit is lost.
    fn joins(
        &mut self,
        operand: (ValueId, Option<RealRange>),
        output: (ValueId, Option<RealRange>),
    ) -> bool {
        let width = |r: RealRange| r.max - r.min;
        let within = |a: RealRange, b: RealRange| {
            let step = width(b) / 255.0;
            a.min >= b.min - step && a.max <= b.max + step && width(a) * 2.0 > width(b)
        };
        let element = self.graph.values[output.0].element;
        match (self.fixed(operand.0), self.fixed(output.0)) {
            (Some(a), Some(b)) => a == b,
            (Some(a), None) => output.1.is_some_and(|o| within(o, reach(a, element))),
            (None, Some(b)) => operand.1.is_none_or(|i| within(i, reach(b, element))),
            (None, None) => match (operand.1, output.1) {
                (Some(i), Some(o)) => width(i) * 2.0 > width(o),
                _ => true,
            },
        }
    }
}

/// The real values that a quantized tensor of these parameters can hold.
pub(crate) fn reach(params: QuantParams, element: ElementType) -> RealRange {
    let real = |q: i32| params.scale * (q - params.zero_point) as f32;
    let (low, high) = element.limits();
    RealRange {
        min: real(low),
        max: real(high),
    }
}

fn position(node: &Node, value: ValueId) -> usize {
    let position = node.inputs.iter().position(|v| *v == Some(value));
    position.unwrap_or_default()
}

/// The chosen quantization of every computed tensor.
pub(crate) struct Scales {
    params: Vec<Option<QuantParams>>,
    /// The int8 form of tensors in int16, for operators that compute in int8.
    narrow: Vec<Option<QuantParams>>,
}

impl Scales {
    /// The scales of all values of a graph, with calibrated ranges where the file has none.
    pub(crate) fn new(graph: &Graph, ranges: &Ranges) -> Self {
        let mut groups = Groups::new(graph);
        let own = fixed(graph);
        let uses = graph.uses();
        let takes_output_scale: HashSet<ValueId> = graph
            .nodes
            .iter()
            .filter(|n| n.op.rule() == QuantRule::SelectsInputs)
            .flat_map(|n| only_read_by(graph, n, &uses))
            .filter(|&v| groups.fixed(v).is_none())
            .collect();
        let range = |v: ValueId| {
            let is_calibrated = !takes_output_scale.contains(&v);
            let is_wide = graph.values[v].element == ElementType::I16;
            let extremes = ranges.extremes.get(&v).filter(|_| is_wide);
            let found = extremes.or(ranges.by_value.get(&v));
            is_calibrated.then(|| found.copied()).flatten()
        };
        for node in &graph.nodes {
            let output = node.output();
            match node.op.rule() {
                QuantRule::SameAsAllInputs => {
                    for input in graph.real_operands(node) {
                        if groups.joins((input, range(input)), (output, range(output))) {
                            groups.unite(input, output);
                        }
                    }
                }
                QuantRule::SelectsInputs => {
                    for input in graph.real_operands(node) {
                        let joins = takes_output_scale.contains(&input)
                            && groups.fixed(input).is_none()
                            || groups.fixed(input).is_some()
                                && groups.joins((input, None), (output, range(output)));
                        if joins {
                            groups.unite(input, output);
                        }
                    }
                }
                _ => {}
            }
        }
        let values = computed(graph);
        let mut observed: HashMap<ValueId, RealRange> = HashMap::new();
        for &value in &values {
            let Some(range) = range(value) else { continue };
            let all = observed.entry(groups.sets.find(value)).or_insert(range);
            *all = RealRange {
                min: all.min.min(range.min),
                max: all.max.max(range.max),
            };
        }
        let mut params = vec![None; graph.values.len()];
        for &value in &values {
            let observed = observed.get(&groups.sets.find(value));
            params[value] = own[value].or(groups.fixed(value)).or(observed.map(|r| {
                match graph.values[value].element {
                    ElementType::I16 => symmetric_i16(r.min, r.max),
                    _ => asymmetric(r.min, r.max),
                }
            }));
        }
        let narrow = (0..graph.values.len()).map(|v| {
            let range = ranges.by_value.get(&v)?;
            Some(asymmetric(range.min, range.max))
        });
        Self {
            params,
            narrow: narrow.collect(),
        }
    }

    /// The scale and zero point of a value in another type than its own: `element` is int8 or
    /// int16.
    pub(crate) fn in_type(&self, value: ValueId, element: ElementType) -> Option<QuantParams> {
        let own = self.params[value]?;
        Some(match element {
            // The same steps, all of them.
            ElementType::I16 => QuantParams {
                zero_point: 0,
                ..own
            },
            _ => self.narrow[value].unwrap_or(QuantParams {
                scale: own.scale * 256.0,
                zero_point: 0,
            }),
        })
    }

    /// The scale and zero point of a value; an error if it has none.
    pub(crate) fn get(&self, graph: &Graph, value: ValueId) -> Result<QuantParams> {
        self.params[value].ok_or_else(|| {
            Error::model(format!(
                "tensor {:?} has no scale in the file and none was calibrated",
                graph.values[value].name
            ))
        })
    }

    /// The scale and zero point of a value, if it has them.
    pub(crate) fn find(&self, value: ValueId) -> Option<QuantParams> {
        self.params[value]
    }
}

/// The inputs of `node` that no other operator reads and for which the file sets no scale.
fn only_read_by<'a>(
    graph: &'a Graph,
    node: &'a Node,
    uses: &'a [usize],
) -> impl Iterator<Item = ValueId> {
    graph
        .real_operands(node)
        .filter(|&v| uses[v] == 1 && graph.values[v].quantization.is_none())
}
