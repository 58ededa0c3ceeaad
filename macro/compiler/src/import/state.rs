//! Variables: what a model keeps from one run to the next.
//!
//! The file names them (VAR_HANDLE) or marks tensors as variable (SVDF, LSTM).
//! Here a variable is a pair of values, its content before and after a run, and
//! reading and assigning it only says which value stands for it at that point.

use crate::error::shape_text;
use crate::error::{Error, Result};
use crate::import::reader::{Reader, Record, Scope, Variable};
use crate::ir::graph::{State, Value, ValueId};
use crate::limits::{self, STATE_ELEMENTS};
use crate::tflite::BuiltinOperator;

impl<'a> Reader<'a> {
    /// Reads VAR_HANDLE, READ_VARIABLE and ASSIGN_VARIABLE.
    pub(crate) fn variable(
        &mut self,
        code: BuiltinOperator,
        record: &Record<'a>,
        scope: &mut Scope,
    ) -> Result<()> {
        let tensor = |list: &[i32], i: usize| {
            list.get(i)
                .copied()
                .filter(|&id| scope.value(id).is_some())
                .ok_or_else(|| Error::model("its tensors do not exist"))
        };
        match code {
            BuiltinOperator::VAR_HANDLE => {
                let options = record.operator.builtin_options_as_var_handle_options();
                let name = options.map_or("", |o| o.shared_name().unwrap_or(""));
                let handle = tensor(&record.outputs, 0)? as usize;
                let known = self.variables.iter().position(|v| v.name == name);
                let variable = known.unwrap_or(self.variables.len());
                if known.is_none() {
                    self.variables.push(Variable {
                        name: name.to_owned(),
                        first: None,
                        current: None,
                        initial: None,
                        is_tensor: false,
                    });
                }
                scope.handles.insert(handle, variable);
            }
            BuiltinOperator::READ_VARIABLE => {
                let variable = self.handle(tensor(&record.inputs, 0)?, scope)?;
                let output = tensor(&record.outputs, 0)? as usize;
                match self.variables[variable].current {
                    Some(value) => scope.values[output] = value,
                    None => {
                        let value = scope.values[output];
                        self.variables[variable].first = Some(value);
                        self.variables[variable].current = Some(value);
                    }
                }
            }
            _ => {
                let variable = self.handle(tensor(&record.inputs, 0)?, scope)?;
                let value = scope.values[tensor(&record.inputs, 1)? as usize];
                if let Some(first) = self.variables[variable].first {
                    let (old, new) = (&self.graph.values[first], &self.graph.values[value]);
                    if old.element != new.element {
                        return Err(Error::model(format!(
                            "assigns {} to a variable of {}",
                            new.element.name(),
                            old.element.name()
                        )));
                    }
                    if old.len() != new.len() {
                        return Err(Error::model(format!(
                            "assigns shape {} to a variable of shape {}",
                            shape_text(&new.shape),
                            shape_text(&old.shape)
                        )));
                    }
                }
                self.variables[variable].current = Some(value);
            }
        }
        Ok(())
    }

    /// The variable that a resource tensor names.
    fn handle(&self, tensor: i32, scope: &Scope) -> Result<usize> {
        scope
            .handles
            .get(&(tensor as usize))
            .copied()
            .ok_or_else(|| Error::model("its first input is not the output of a VAR_HANDLE"))
    }

    /// CALL_ONCE: the subgraph that gives variables their initial content, which
    /// must be known at compile time.
    pub(crate) fn initialize(&mut self, record: &Record<'a>) -> Result<()> {
        let options = record.operator.builtin_options_as_call_once_options();
        let index = options.map_or(-1, |o| o.init_subgraph_index());
        let nodes = self.graph.nodes.len();
        self.call(index, &[])?;
        if self.graph.nodes.len() > nodes {
            return Err(Error::model(
                "its subgraph computes what is not known at compile time",
            ));
        }
        for variable in &mut self.variables {
            if variable.first.is_none()
                && let Some(value) = variable.current.take()
            {
                variable.initial = self.graph.values[value].constant.clone();
                if variable.initial.is_none() {
                    return Err(Error::model(format!(
                        "the initial content of variable {:?} is not a constant",
                        variable.name
                    )));
                }
            }
        }
        Ok(())
    }

    /// The value that a variable tensor (`is_variable`) has now.
    pub(crate) fn current(&self, value: ValueId) -> ValueId {
        let mut variables = self.variables.iter();
        let variable = variables.find(|v| v.is_tensor && v.first == Some(value));
        variable.and_then(|v| v.current).unwrap_or(value)
    }

    /// An operator writes its variable tensor, whose content now is `value`:
    /// the value that holds what it writes.
    pub(crate) fn own_variable(&mut self, value: ValueId) -> ValueId {
        let old = &self.graph.values[value];
        let next = Value {
            name: format!("{}_next", old.name),
            constant: None,
            ..old.clone()
        };
        let name = old.name.clone();
        let initial = old.constant.clone();
        self.graph.values[value].constant = None;
        let next = self.value(next);
        match self.variables.iter_mut().find(|v| v.current == Some(value)) {
            Some(variable) => variable.current = Some(next),
            None => self.variables.push(Variable {
                name,
                first: Some(value),
                current: Some(next),
                initial,
                is_tensor: true,
            }),
        }
        next
    }

    /// Variables that are read become states of the graph.
    pub(crate) fn states(&mut self) -> Result<()> {
        let mut elements = 0;
        for variable in &self.variables {
            if let (Some(value), Some(next)) = (variable.first, variable.current) {
                elements = limits::sum([elements, self.graph.values[value].len()]);
                if elements > STATE_ELEMENTS {
                    return Err(Error::model(format!(
                        "variables up to {:?} hold {elements} elements; supported are up to \
                         {STATE_ELEMENTS}",
                        variable.name
                    )));
                }
                let plain = variable.name.rsplit(['/', ';']).next().unwrap_or("");
                let name = match plain {
                    "" => "state".to_owned(),
                    // "layer/states" is known by its layer.
                    "states" | "state" => variable.name.replace(['/', ';'], "_"),
                    other => other.to_owned(),
                };
                self.graph.states.push(State {
                    name,
                    value,
                    next,
                    initial: variable.initial.clone(),
                });
            }
        }
        Ok(())
    }
}
