//! What a model keeps from one run to the next: variables, which are read first and assigned last.

use crate::ir::quant_graph::QuantState;
use crate::tflite::write::{Code, OperatorTable, Quantization, SubgraphTable, TensorTable};
use crate::tflite::write_options::Options;
use crate::tflite::{BuiltinOperator, TensorType};

use super::writer::{Index, Writer};

/// The number of the subgraph that gives variables their first content.
pub(super) const INITIAL: usize = 1;

/// The variables of the file, by state.
pub(super) struct Variables {
    handles: Vec<Index>,
}

/// What a variable is called in the file.
fn name(number: usize, state: &QuantState) -> String {
    format!("{number}_{}", state.name)
}

fn handle(name: &str) -> (TensorTable, Options<'static>) {
    let tensor = TensorTable {
        name: format!("{name}_handle"),
        shape: vec![1],
        element: TensorType::RESOURCE,
        quantization: Quantization::None,
        data: None,
    };
    (tensor, Options::Variable(name.to_owned()))
}

impl<'a> Writer<'a> {
    /// Reads all variables, after the subgraph [`INITIAL`] has run once.
    pub(super) fn read_variables(&mut self) -> Variables {
        let program = self.program;
        let mut handles = Vec::new();
        if !program.states.is_empty() {
            let code = Code::Builtin(BuiltinOperator::CALL_ONCE);
            self.add_operator(code, Vec::new(), Vec::new(), Options::CallOnce(INITIAL));
        }
        for (number, state) in program.states.iter().enumerate() {
            let (tensor, options) = handle(&name(number, state));
            let handle = self.add_tensor(tensor);
            let code = Code::Builtin(BuiltinOperator::VAR_HANDLE);
            self.add_operator(code, Vec::new(), vec![handle], options);
            let value = self.tensor(state.value);
            self.add_plain(BuiltinOperator::READ_VARIABLE, &[handle], value);
            handles.push(handle);
        }
        Variables { handles }
    }

    /// Assigns what the next run begins with.
    pub(super) fn assign_variables(&mut self, variables: &Variables) {
        let program = self.program;
        for (state, &handle) in program.states.iter().zip(&variables.handles) {
            if state.next == state.value {
                continue;
            }
            let value = self.tensor(state.value);
            let shape = self.subgraph.tensors[value].shape.clone();
            let next = self.tensor(state.next);
            let next = self.reshaped(next, &shape);
            let code = Code::Builtin(BuiltinOperator::ASSIGN_VARIABLE);
            let inputs = vec![Some(handle), Some(next)];
            self.add_operator(code, inputs, Vec::new(), Options::None);
        }
    }

    /// The subgraph that gives all variables their first content; `None` without variables.
    pub(super) fn initial(&mut self) -> Option<SubgraphTable<'a>> {
        let program = self.program;
        let mut subgraph = SubgraphTable {
            name: "initial".to_owned(),
            ..SubgraphTable::default()
        };
        for (number, state) in program.states.iter().enumerate() {
            let value = self.tensor(state.value);
            let (handle, options) = handle(&name(number, state));
            let content = TensorTable {
                name: format!("{}_initial", state.name),
                data: Some(state.initial.to_bytes()),
                ..self.subgraph.tensors[value].clone()
            };
            let at = subgraph.tensors.len();
            subgraph.tensors.extend([handle, content]);
            let operator = |code, inputs, outputs, options| OperatorTable {
                code: Code::Builtin(code),
                version: 1,
                inputs,
                outputs,
                options,
            };
            subgraph.operators.extend([
                operator(BuiltinOperator::VAR_HANDLE, Vec::new(), vec![at], options),
                operator(
                    BuiltinOperator::ASSIGN_VARIABLE,
                    vec![Some(at), Some(at + 1)],
                    Vec::new(),
                    Options::None,
                ),
            ]);
        }
        (!program.states.is_empty()).then_some(subgraph)
    }
}
