//! IF and WHILE whose condition depends on data: their subgraphs become regions of the
//! program ([`crate::ir::control`]).
//!
//! Both branches of an IF are read, one behind the other; what they give is brought together
//! by an operator of its own. A WHILE has variables, one for each of its values: an operator
//! in front of the loop writes their first contents, and others, at the end of the body, those
//! of the next round.

use std::sync::Arc;

use crate::error::shape_text;
use crate::error::{Error, Result};
use crate::import::reader::Variable as Stored;
use crate::import::reader::{Reader, Record, Scope};
use crate::ir::control::{Kind, Region, RegionId, Variable};
use crate::ir::graph::{ElementType, FileRecord, Node, Value, ValueId};
use crate::limits::REGIONS;
use crate::ops::control_flow::control::{Carry, Merge};
use crate::tflite::SubGraph;

/// The state of the reader before it reads something that may have to be read in another way.
pub(crate) struct Mark {
    nodes: usize,
    regions: usize,
    unsupported: usize,
    custom: usize,
    needs_litert: bool,
    variables: Vec<Stored>,
}

impl<'a> Reader<'a> {
    /// Notes the state of the reader, to come back to it.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            nodes: self.graph.nodes.len(),
            regions: self.graph.regions.len(),
            unsupported: self.unsupported.len(),
            custom: self.custom.len(),
            needs_litert: self.graph.needs_litert,
            variables: self.variables.clone(),
        }
    }

    /// Forgets what was read since; values that nothing reads stay.
    pub(crate) fn back_to(&mut self, mark: Mark) {
        self.graph.nodes.truncate(mark.nodes);
        self.graph.regions.truncate(mark.regions);
        self.unsupported.truncate(mark.unsupported);
        self.custom.truncate(mark.custom);
        self.graph.needs_litert = mark.needs_litert;
        self.variables = mark.variables;
    }

    /// Bytes go from one subgraph to another as they are: both must read them alike.
    pub(crate) fn same_type(&self, from: ValueId, to: ValueId) -> Result<()> {
        let (from, to) = (&self.graph.values[from], &self.graph.values[to]);
        // Constants of a float model may be held in int8.
        if from.constant.is_some() && to.element == ElementType::F32 && from.element.is_real() {
            return Ok(());
        }
        if from.element.storage_type() != to.element.storage_type() || from.unsigned != to.unsigned
        {
            return Err(Error::model(format!(
                "{:?} is {} and goes into {:?}, which is {}",
                from.name,
                from.element.name(),
                to.name,
                to.element.name()
            )));
        }
        match (from.params(), to.params()) {
            (Some(a), Some(b)) if a != b => Err(Error::model(format!(
                "{:?} has the scale {} and the zero point {}, and goes into {:?} with {} and {}; \
                 subgraphs hand bytes on without rescaling them",
                from.name, a.scale, a.zero_point, to.name, b.scale, b.zero_point
            ))),
            _ => Ok(()),
        }
    }

    /// Enters a new region, which is `part` of an operator.
    fn enter(&mut self, kind: Kind, part: &str, record: &Record<'a>) -> Result<RegionId> {
        if self.graph.regions.len() == REGIONS {
            return Err(Error::model(format!(
                "the model has more than {REGIONS} branches and loops that depend on data"
            )));
        }
        self.region = self.graph.regions.add(Region {
            parent: self.region,
            kind,
            place: format!("the {part} of {}", record.place),
        });
        Ok(self.region)
    }

    /// Calls a subgraph in a region of its own, and stays there. Variables of the model must be
    /// what they are.
    fn call_within(
        &mut self,
        (kind, part): (Kind, &str),
        record: &Record<'a>,
        index: i32,
        values: &[ValueId],
    ) -> Result<Vec<ValueId>> {
        self.enter(kind, part, record)?;
        let before: Vec<_> = self.variables.iter().map(Stored::assigned).collect();
        let results = self.call(index, values)?;
        let assigned = self.variables.iter().enumerate().find(|(i, variable)| {
            let before = before.get(*i).copied().flatten();
            variable.assigned() != before
        });
        match assigned {
            Some((_, variable)) => Err(Error::model(format!(
                "it assigns the variable {:?}; where the condition depends on data, subgraphs may \
                 read variables but not assign them: assign an output of the operator instead",
                variable.name
            ))),
            None => Ok(results),
        }
    }

    /// An IF whose condition depends on data; `values` begin with it.
    pub(crate) fn if_regions(
        &mut self,
        record: &Record<'a>,
        scope: &mut Scope,
        values: &[ValueId],
        subgraphs: [i32; 2],
    ) -> Result<()> {
        let condition = values[0];
        let mut results = Vec::new();
        for (subgraph, when) in subgraphs.into_iter().zip([true, false]) {
            let kind = Kind::Branch { condition, when };
            let part = if when { "then branch" } else { "else branch" };
            let outside = self.region;
            let given = self.call_within((kind, part), record, subgraph, &values[1..]);
            results.push(given.map_err(|e| e.at(part))?);
            self.region = outside;
        }
        let [first, second] = &results[..] else {
            return Err(Error::model("it has not two branches"));
        };
        if first.len() != second.len() || first.len() != record.outputs.len() {
            return Err(Error::model("has not as many outputs as its branches"));
        }
        let outputs = self.outputs(record, scope)?;
        let mut merged = Vec::new();
        for ((&a, &b), output) in first.iter().zip(second).zip(outputs) {
            if a == b {
                merged.push(a);
                continue;
            }
            for from in [a, b] {
                self.same_type(from, output)?;
            }
            let [one, other] = [a, b].map(|v| self.graph.values[v].shape.as_slice());
            if one != other {
                return Err(Error::model(format!(
                    "its branches give {:?} shape {} or {}; tensors have one shape",
                    self.graph.values[output].name,
                    shape_text(one),
                    shape_text(other)
                )));
            }
            let operands = vec![Some(condition), Some(a), Some(b)];
            self.push(record.index, Box::new(Merge), operands, vec![output])?;
            merged.push(output);
        }
        self.results(record, scope, &merged)
    }

    fn outputs(&self, record: &Record<'a>, scope: &Scope) -> Result<Vec<ValueId>> {
        let values: Option<Vec<_>> = record.outputs.iter().map(|&id| scope.value(id)).collect();
        values.ok_or_else(|| Error::model("writes tensors that do not exist"))
    }

    /// A WHILE whose condition depends on data.
    pub(crate) fn looped(
        &mut self,
        record: &Record<'a>,
        scope: &mut Scope,
        first: &[ValueId],
        subgraphs: [i32; 2],
    ) -> Result<()> {
        let outputs = self.outputs(record, scope)?;
        if outputs.len() != first.len() {
            return Err(Error::model("has not as many outputs as inputs"));
        }
        // What the body hands on as it is stays what it is before the loop, e.g. constant.
        let mut fixed = self.handed_on(subgraphs[1], first.len());
        loop {
            let before = self.mark();
            let (values, found) = self.read_loop(record, first, &outputs, &fixed, subgraphs)?;
            if found == fixed {
                return self.results(record, scope, &values);
            }
            self.back_to(before);
            fixed = found;
        }
    }

    /// For each output of a subgraph, whether it is the input of the same number, unchanged.
    fn handed_on(&self, index: i32, count: usize) -> Vec<bool> {
        let subgraphs = self.model.subgraphs().unwrap_or_default();
        let subgraph: Option<SubGraph<'_>> = usize::try_from(index)
            .ok()
            .filter(|&i| i < subgraphs.len())
            .map(|i| subgraphs.get(i));
        let lists = subgraph.map(|s| [s.inputs(), s.outputs()].map(crate::import::reader::ids));
        let [inputs, outputs] = lists.unwrap_or_default();
        let is_same = |i: usize| inputs.get(i).is_some_and(|id| outputs.get(i) == Some(id));
        (0..count).map(is_same).collect()
    }

    /// Reads a loop whose `fixed` values do not change; gives its results, and the values that
    /// do not change after all.
    fn read_loop(
        &mut self,
        record: &Record<'a>,
        first: &[ValueId],
        outputs: &[ValueId],
        fixed: &[bool],
        [condition, body]: [i32; 2],
    ) -> Result<(Vec<ValueId>, Vec<bool>)> {
        let mut values = first.to_vec();
        for (i, &output) in outputs.iter().enumerate().filter(|(i, _)| !fixed[*i]) {
            self.same_type(first[i], output)?;
            let shape = self.graph.values[first[i]].shape.clone();
            let variable = &mut self.graph.values[output];
            (variable.shape, variable.constant) = (shape, None);
            self.carry(record, first[i], output);
            values[i] = output;
        }
        let outside = self.region;
        let variables = Vec::new();
        let repeated = self.enter(Kind::Loop { variables }, "condition", record)?;
        let (tested, known) = self
            .condition(condition, &values)
            .map_err(|e| e.at("condition"))?;
        if let Some(goes_on) = known {
            self.region = outside;
            return if goes_on {
                Err(Error::model("its condition is always true: it never ends"))
            } else {
                Ok((first.to_vec(), fixed.to_vec()))
            };
        }
        let kind = Kind::Branch {
            condition: tested,
            when: true,
        };
        let next = self
            .call_within((kind, "body"), record, body, &values)
            .map_err(|e| e.at("body"))?;
        if next.len() != values.len() {
            return Err(Error::model("its body has not as many outputs as inputs"));
        }
        let same: Vec<bool> = next.iter().zip(&values).map(|(a, b)| a == b).collect();
        let mut variables = Vec::new();
        for i in (0..next.len()).filter(|&i| !same[i]) {
            if fixed[i] {
                return Err(Error::model("its body changes a value that it hands on"));
            }
            let (old, new) = (&self.graph.values[values[i]], &self.graph.values[next[i]]);
            if old.shape != new.shape {
                return Err(Error::model(format!(
                    "its body changes the shape of {:?} from {} to {}; where the number of rounds \
                     depends on data, values of a loop keep their shape",
                    old.name,
                    shape_text(&old.shape),
                    shape_text(&new.shape)
                )));
            }
            self.same_type(next[i], values[i])?;
            let again = Value {
                constant: None,
                ..old.clone()
            };
            let again = self.value(again);
            variables.push(Variable {
                value: values[i],
                next: again,
            });
            self.carry(record, next[i], again);
        }
        self.region = outside;
        if let Some(region) = self.graph.regions.get_mut(repeated) {
            region.kind = Kind::Loop { variables };
        }
        Ok((values, same))
    }

    /// Adds the operator that gives a variable of a loop its content.
    fn carry(&mut self, record: &Record<'a>, from: ValueId, to: ValueId) {
        self.graph.nodes.push(Node {
            index: record.index,
            region: self.region,
            in_float: self.graph.values[to].element == ElementType::F32,
            in_uint8: false,
            op: Arc::new(Carry),
            inputs: vec![Some(from)],
            outputs: vec![to],
            record: FileRecord::default(),
        });
    }
}
