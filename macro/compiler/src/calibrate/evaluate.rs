//! The float evaluator: the graph in order, each tensor dropped after its last use.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::{Error, Result};
use crate::graph::{Graph, Node, ValueId};
use crate::ops::{Buffer, exact};

/// Runs the float model on one sample, with the states that an earlier run left or
/// fresh ones where there are none, and shows `visit` every tensor that is not a
/// constant, inputs included, in the order in which they exist.
pub(crate) fn evaluate_from(
    graph: &Graph,
    inputs: &[ArrayViewD<'_, f32>],
    states: &[ArrayD<f32>],
    mut visit: impl FnMut(ValueId, &ArrayD<f32>),
) -> Result<()> {
    let mut evaluation = Evaluation::new(graph, inputs, states)?;
    let inputs = graph.inputs.iter().map(|port| port.value);
    for value in inputs.chain(graph.states.iter().map(|s| s.value)) {
        if let Some(data) = &evaluation.tensors[value] {
            visit(value, data);
        }
    }
    while let Some(node) = evaluation.step(graph)? {
        for &value in &node.outputs {
            if let Some(data) = &evaluation.tensors[value] {
                visit(value, data);
            }
        }
        evaluation.drop_dead(graph);
    }
    Ok(())
}

/// A run of the float model that stops after each operator.
pub(crate) struct Evaluation {
    tensors: Vec<Option<ArrayD<f32>>>,
    /// Integers and booleans that operators on such alone have computed.
    integers: Vec<Option<Buffer>>,
    uses: Vec<usize>,
    next: usize,
}

impl Evaluation {
    pub(crate) fn new(
        graph: &Graph,
        inputs: &[ArrayViewD<'_, f32>],
        states: &[ArrayD<f32>],
    ) -> Result<Self> {
        let mut tensors = vec![None; graph.values.len()];
        for (port, data) in graph.inputs.iter().zip(inputs) {
            let mut data = data.to_owned();
            graph.values[port.value].simulate(&mut data);
            tensors[port.value] = Some(data);
        }
        for state in &graph.states {
            tensors[state.value] = Some(graph.initial(state)?);
        }
        for (state, content) in graph.states.iter().zip(states) {
            tensors[state.value] = Some(content.clone());
        }
        Ok(Self {
            integers: vec![None; tensors.len()],
            tensors,
            uses: graph.uses(),
            next: 0,
        })
    }

    /// Runs until `value` exists; `None` if no operator that is left writes it.
    pub(crate) fn advance(
        &mut self,
        graph: &Graph,
        value: ValueId,
    ) -> Result<Option<&ArrayD<f32>>> {
        self.drop_dead(graph);
        while let Some(node) = self.step(graph)? {
            if node.outputs.contains(&value) {
                return Ok(self.tensors[value].as_ref());
            }
            self.drop_dead(graph);
        }
        Ok(None)
    }

    /// Runs one operator; its output is there until [`Self::drop_dead`].
    fn step<'a>(&mut self, graph: &'a Graph) -> Result<Option<&'a Node>> {
        let Some(node) = graph.nodes.get(self.next) else {
            return Ok(None);
        };
        self.next += 1;
        self.run(graph, node).map_err(|e| e.at(node.place(graph)))?;
        Ok(Some(node))
    }

    fn run(&mut self, graph: &Graph, node: &Node) -> Result<()> {
        for &value in node.inputs.iter().flatten() {
            if self.tensors[value].is_none() {
                self.tensors[value] = graph.values[value].real();
            }
        }
        let operand =
            |v: &Option<ValueId>| v.and_then(|v| self.tensors[v].as_ref()).map(|t| t.view());
        let views: Vec<_> = node.inputs.iter().map(operand).collect();
        let shapes: Vec<&[usize]> = node
            .outputs
            .iter()
            .map(|&v| graph.values[v].shape.as_slice())
            .collect();
        let outputs = match self.integers_of(graph, node) {
            Some(results) => {
                let mut outputs = Vec::new();
                for (&value, data) in node.outputs.iter().zip(results) {
                    outputs.push(exact::to_reals(&data, &graph.values[value])?);
                    self.integers[value] = Some(data);
                }
                outputs
            }
            None => node.op.evaluate_all(&views, &shapes)?,
        };
        if !outputs.iter().map(ArrayD::shape).eq(shapes) {
            return Err(Error::internal("its outputs in float have other shapes"));
        }
        for (&value, mut output) in node.outputs.iter().zip(outputs) {
            graph.values[value].simulate(&mut output);
            self.tensors[value] = Some(output);
        }
        Ok(())
    }

    /// The results of an operator on integers alone.
    fn integers_of(&self, graph: &Graph, node: &Node) -> Option<Vec<Buffer>> {
        let mut inputs = Vec::new();
        for input in &node.inputs {
            let Some(v) = *input else {
                inputs.push(None);
                continue;
            };
            let value = &graph.values[v];
            if value.element.is_real() && !node.op.computes_integers() {
                return None;
            }
            let data = match (&self.integers[v], &value.constant) {
                (Some(data), _) => data.clone(),
                (None, Some(constant)) => exact::constant(constant)?,
                _ => exact::of_reals(value, self.tensors[v].as_ref()?),
            };
            inputs.push(Some((value, data)));
        }
        let outputs: Vec<_> = node.outputs.iter().map(|&v| &graph.values[v]).collect();
        exact::results(node.op.as_ref(), &inputs, &outputs)
    }

    /// Drops what the operator that just ran was the last to read.
    fn drop_dead(&mut self, graph: &Graph) {
        let Some(node) = self
            .next
            .checked_sub(1)
            .and_then(|last| graph.nodes.get(last))
        else {
            return;
        };
        for &value in node.inputs.iter().flatten() {
            self.uses[value] -= 1;
            if self.uses[value] == 0 {
                self.tensors[value] = None;
                self.integers[value] = None;
            }
        }
    }
}
