//! Adds an operator to the graph: shapes, limits and what is known at compile time.

use ndarray::ArrayD;

use crate::error::{Error, Result, shape_text};
use crate::import::quantization::check_per_channel;
use crate::import::read::WRITTEN_ALREADY;
use crate::import::reader::Reader;
use crate::import::shapes;
use crate::ir::graph::{ElementType, FileQuantization, FileRecord, Kept, Node, ValueId};
use crate::ir::operator::Operator;
use crate::limits::{self, NODES_AFTER_INLINING};
use crate::ops::types;
use crate::rewrite::constant_fold;

impl Reader<'_> {
    /// Checks shapes and adds the operator, or what it computes if that is known.
    pub(crate) fn push(
        &mut self,
        index: usize,
        op: Box<dyn Operator>,
        mut operands: Vec<Option<ValueId>>,
        mut outputs: Vec<ValueId>,
    ) -> Result<()> {
        if (self.graph.inputs.iter()).any(|port| outputs.contains(&port.value)) {
            return Err(Error::model(WRITTEN_ALREADY));
        }
        let parameters = operands.split_off(op.operands().min(operands.len()));
        while operands.last() == Some(&None) {
            operands.pop();
        }
        let values = &self.graph.values;
        let is_empty = |v: &Option<ValueId>| v.is_some_and(|v| values[v].len() == 0);
        if op.ignores_empty() && !operands.iter().all(is_empty) {
            operands.retain(|v| !is_empty(v));
        }
        if operands.first().is_none_or(Option::is_none) && op.operands() > 0 && !op.is_static() {
            return Err(Error::model("input 0 is missing"));
        }
        let shapes: Vec<&[usize]> = operands
            .iter()
            .map(|v| v.map_or(&[][..], |v| values[v].shape.as_slice()))
            .collect();
        let computed = op.output_shapes(&shapes)?;
        let read_empty = shapes.iter().find(|s| s.contains(&0));
        if let (Some(empty), false) = (read_empty, computed.iter().all(|s| s.contains(&0))) {
            return Err(Error::model(format!(
                "reads a tensor of shape {}, without elements",
                shape_text(empty)
            )));
        }
        for shape in &computed {
            limits::elements(shape).map_err(|e| e.at("its output"))?;
        }
        let work = op.work(&shapes, &computed);
        for (shape, &output) in computed.iter().zip(&outputs) {
            shapes::check(shape, self.file_shape(output))?;
        }
        let in_uint8 = outputs.iter().any(|&v| values[v].unsigned);
        // TensorFlow Lite Micro converts uint8, but does not compute in it.
        let computes = op.cast().is_none() && !op.is_view();
        self.graph.needs_litert |=
            !crate::ops::registry::in_tflite_micro(op.name()) || (in_uint8 && computes);
        let variables = op.variables();
        for (shape, &output) in computed.into_iter().zip(&outputs) {
            let value = &mut self.graph.values[output];
            value.shape = shape;
            // What has no elements needs no operator.
            value.constant = if value.len() == 0 {
                Some(constant_fold::constant(
                    value,
                    ArrayD::zeros(value.shape.as_slice()),
                )?)
            } else {
                None
            };
        }
        if (outputs.iter()).all(|&v| self.graph.values[v].constant.is_some()) {
            return Ok(());
        }
        for position in variables {
            if let Some(value) = operands.get(position).copied().flatten() {
                outputs.push(self.own_variable(value));
            }
        }
        let first = operands.first().copied().flatten();
        let is_float = first.is_some_and(|v| self.graph.values[v].kept == Some(Kept::Exact));
        if op.is_float_only() || (op.is_view() && is_float) {
            for &output in &outputs {
                let value = &mut self.graph.values[output];
                value.kept = value.element.is_real().then_some(Kept::Exact);
            }
        }
        let floats = operands.iter().flatten().chain(&outputs);
        let in_float = floats.into_iter().any(|&v| {
            self.graph.values[v].element == ElementType::F32
                && self.graph.values[v].constant.is_none()
        });
        let node = Node {
            index,
            region: self.region,
            in_float,
            in_uint8,
            op: op.into(),
            inputs: operands,
            outputs,
            record: FileRecord {
                subgraph: self.place.0,
                number: self.place.1,
                parameters,
                parts: Vec::new(),
            },
        };
        for &output in &node.outputs {
            check_per_channel(&self.graph.values[output])?;
        }
        if constant_fold::is_known(&self.graph, &node) {
            let elements = node.outputs.iter().map(|&v| self.graph.values[v].len());
            self.budget.fold(work, limits::sum(elements))?;
        } else {
            if let Some(element) = self.graph.element_read(&node) {
                types::check_support(node.op.name(), element)?;
            }
            self.budget.run(work)?;
        }
        if !constant_fold::fold(&mut self.graph, &node)? {
            if self.graph.nodes.len() == NODES_AFTER_INLINING {
                return Err(Error::model(format!(
                    "the model has more than {NODES_AFTER_INLINING} operators, those of repeated \
                     calls of subgraphs included"
                )));
            }
            if let Some(output) = node.outputs.iter().find(|&&v| {
                let quantization = &self.graph.values[v].quantization;
                matches!(quantization, Some(FileQuantization::PerChannel { .. }))
            }) {
                return Err(Error::model(format!(
                    "its output {:?} has a scale per channel, which only constants can have",
                    self.graph.values[*output].name
                )));
            }
            self.graph.nodes.push(node);
        }
        Ok(())
    }
}
