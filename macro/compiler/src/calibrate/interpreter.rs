//! The float evaluator: the graph in order, each tensor dropped after its last use.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::control::{Cursor, Event, Variable, WHOLE};
use crate::ir::graph::{Graph, Node, ValueId};
use crate::ops::shared::exact_int32;

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
    while let Some(written) = evaluation.step(graph)? {
        for value in written {
            if let Some(data) = &evaluation.tensors[value] {
                visit(value, data);
            }
        }
        evaluation.drop_dead();
    }
    Ok(())
}

/// A run of the float model that stops after each operator.
pub(crate) struct Evaluation<'a> {
    tensors: Vec<Option<ArrayD<f32>>>,
    /// Integers and booleans that operators on such alone have computed.
    integers: Vec<Option<Buffer>>,
    uses: Vec<usize>,
    cursor: Cursor<'a>,
    /// The operator that has run last.
    last: Option<&'a Node>,
}

impl<'a> Evaluation<'a> {
    pub(crate) fn new(
        graph: &'a Graph,
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
        let mut uses = graph.uses();
        // What branches and loops read may be read again.
        for node in graph.nodes.iter().filter(|node| node.region != WHOLE) {
            for &value in node.inputs.iter().flatten() {
                uses[value] += 1;
            }
        }
        let regions: Vec<_> = graph.nodes.iter().map(|node| node.region).collect();
        Ok(Self {
            integers: vec![None; tensors.len()],
            tensors,
            uses,
            cursor: Cursor::new(&graph.regions, &regions),
            last: None,
        })
    }

    /// True if a loop did not end by itself.
    pub(super) fn is_endless(&self) -> bool {
        self.cursor.is_endless()
    }

    /// The current value of a boolean tensor.
    pub(super) fn is_true(&self, value: ValueId) -> bool {
        is_true(self.tensors[value].as_ref())
    }

    /// The content of a tensor, if it is there.
    #[cfg(feature = "analysis")]
    pub(crate) fn tensor(&self, value: ValueId) -> Option<&ArrayD<f32>> {
        self.tensors[value].as_ref()
    }

    /// Gives a tensor another content.
    #[cfg(feature = "analysis")]
    pub(crate) fn exchange(&mut self, value: ValueId, data: ArrayD<f32>) {
        self.tensors[value] = Some(data);
        self.integers[value] = None;
    }

    /// The operator that has run last.
    pub(super) fn last(&self) -> Option<&'a Node> {
        self.last
    }

    /// Runs until `value` exists; `None` if no operator that is left writes it.
    pub(crate) fn advance(
        &mut self,
        graph: &'a Graph,
        value: ValueId,
    ) -> Result<Option<&ArrayD<f32>>> {
        self.drop_dead();
        while let Some(written) = self.step(graph)? {
            if written.contains(&value) {
                return Ok(self.tensors[value].as_ref());
            }
            self.drop_dead();
        }
        Ok(None)
    }

    /// Runs one operator, or hands on the variables of a loop, and gives the values that
    /// were written; they are there until [`Self::drop_dead`].
    pub(crate) fn step(&mut self, graph: &'a Graph) -> Result<Option<Vec<ValueId>>> {
        self.last = None;
        loop {
            let tensors = &self.tensors;
            let is_true = |value: ValueId| is_true(tensors[value].as_ref());
            let Some(event) = self.cursor.next(usize::MAX, is_true) else {
                return Ok(None);
            };
            match event {
                Event::Run(position) => {
                    let node = &graph.nodes[position];
                    self.run(graph, node).map_err(|e| e.at(node.place(graph)))?;
                    self.last = Some(node);
                    return Ok(Some(node.outputs.clone()));
                }
                Event::Skip(position) => {
                    for &value in &graph.nodes[position].outputs {
                        let shape = graph.values[value].shape.as_slice();
                        self.tensors[value].get_or_insert_with(|| ArrayD::zeros(shape));
                    }
                }
                Event::Again(variables) => {
                    for &Variable { value, next } in variables {
                        self.tensors[value] = self.tensors[next].clone();
                        self.integers[value] = self.integers[next].clone();
                    }
                    return Ok(Some(variables.iter().map(|v| v.value).collect()));
                }
            }
        }
    }

    /// Computes the outputs of one operator.
    fn run(&mut self, graph: &Graph, node: &Node) -> Result<()> {
        for &value in node.inputs.iter().flatten() {
            if self.tensors[value].is_none() {
                self.tensors[value] = graph.values[value].real();
            }
        }
        let (outputs, integers) = evaluate_node(
            graph,
            node,
            |v| self.tensors[v].as_ref(),
            |v| self.integers[v].as_ref(),
        )?;
        let mut integers = integers.into_iter().flatten();
        for (&value, output) in node.outputs.iter().zip(outputs) {
            self.tensors[value] = Some(output);
            self.integers[value] = integers.next();
        }
        Ok(())
    }

    /// Drops what the operator that just ran was the last to read.
    pub(crate) fn drop_dead(&mut self) {
        let Some(node) = self.last.take().filter(|node| node.region == WHOLE) else {
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

/// The outputs of one operator as real numbers, rounded where training did, and as integers where
/// it computes with such alone.
pub(crate) type Results = (Vec<ArrayD<f32>>, Option<Vec<Buffer>>);

/// Computes one operator. `tensor` has its operands, constants included; `integers` those that
/// were computed as integers.
pub(crate) fn evaluate_node<'t>(
    graph: &Graph,
    node: &Node,
    tensor: impl Fn(ValueId) -> Option<&'t ArrayD<f32>>,
    integers: impl Fn(ValueId) -> Option<&'t Buffer>,
) -> Result<Results> {
    let operand = |v: &Option<ValueId>| v.and_then(&tensor).map(|t| t.view());
    let views: Vec<_> = node.inputs.iter().map(operand).collect();
    let shapes: Vec<&[usize]> = node
        .outputs
        .iter()
        .map(|&v| graph.values[v].shape.as_slice())
        .collect();
    let results = integers_of(graph, node, &tensor, &integers);
    let mut outputs = match &results {
        Some(results) => {
            let values = node.outputs.iter().zip(results);
            values
                .map(|(&value, data)| exact_int32::to_reals(data, &graph.values[value]))
                .collect::<Result<_>>()?
        }
        None => node.op.evaluate_all(&views, &shapes)?,
    };
    if !outputs.iter().map(ArrayD::shape).eq(shapes) {
        return Err(Error::internal("its outputs in float have other shapes"));
    }
    for (&value, output) in node.outputs.iter().zip(&mut outputs) {
        graph.values[value].simulate(output);
    }
    Ok((outputs, results))
}

/// The results of an operator on integers alone.
fn integers_of<'t>(
    graph: &Graph,
    node: &Node,
    tensor: &impl Fn(ValueId) -> Option<&'t ArrayD<f32>>,
    integers: &impl Fn(ValueId) -> Option<&'t Buffer>,
) -> Option<Vec<Buffer>> {
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
        let data = match (integers(v), &value.constant) {
            (Some(data), _) => data.clone(),
            (None, Some(constant)) => exact_int32::constant(constant)?,
            _ => exact_int32::of_reals(value, tensor(v)?),
        };
        inputs.push(Some((value, data)));
    }
    let outputs: Vec<_> = node.outputs.iter().map(|&v| &graph.values[v]).collect();
    exact_int32::results(node.op.as_ref(), &inputs, &outputs)
}

/// True if a tensor of one boolean is.
fn is_true(condition: Option<&ArrayD<f32>>) -> bool {
    condition.and_then(|c| c.first()).is_some_and(|&c| c != 0.0)
}
