//! The operators of a subgraph: operands, element types and the operator's own type.

use crate::error::{Error, Result};
use crate::import::quantization::UNIT;
use crate::import::reader::{Reader, Record, Scope, ids};
use crate::import::tensor;
use crate::ir::context::ParseContext;
use crate::ir::graph::{ElementType, FileQuantization, Kept, Value, ValueId};
use crate::ir::operator::Operator;
use crate::limits;
use crate::ops;
use crate::ops::types;
use crate::tflite::{self, BuiltinOperator, SubGraph};

impl<'a> Reader<'a> {
    /// Reads all operators of a subgraph, in order.
    pub(crate) fn operators(&mut self, subgraph: &SubGraph<'a>, scope: &mut Scope) -> Result<()> {
        let operators = subgraph.operators().unwrap_or_default();
        for index in 0..operators.len() {
            let operator = operators.get(index);
            let code = tflite::builtin_code(self.model, &operator)
                .map_err(|e| e.at(format!("operator #{index}")))?;
            let custom = tflite::custom_code(self.model, &operator);
            let name = if code == BuiltinOperator::CUSTOM {
                format!("CUSTOM ({custom})")
            } else {
                tflite::operator_name(code)
            };
            let (inputs, outputs) = (ids(operator.inputs()), ids(operator.outputs()));
            let first = outputs.first().and_then(|&id| scope.value(id));
            let of = first.map_or("", |v| self.graph.values[v].name.as_str());
            let record = Record {
                operator,
                index,
                place: format!("operator #{index} {name} ({of:?})"),
                inputs,
                outputs,
            };
            let place = record.place.clone();
            self.place = (subgraph._tab.loc(), 0);
            let plain = if code == BuiltinOperator::CUSTOM {
                custom
            } else {
                &name
            };
            let typed = self.typed(plain, subgraph, &record);
            let read = if let Err(error) = typed {
                Err(error)
            } else if self.is_structural(code) {
                self.structural(code, record, scope)
            } else if ops::registry::is_supported(code)
                || ops::registry::is_supported_custom(code, custom)
            {
                self.operator(code, &record, scope)
            } else {
                let plain = tflite::operator_name(code);
                let known = match code {
                    BuiltinOperator::CUSTOM => ops::refusals::reason(custom),
                    _ => ops::refusals::reason(&plain),
                };
                self.unsupported.push(match known {
                    Some(reason) => format!("{}: {reason}", record.place),
                    None => record.place,
                });
                if code == BuiltinOperator::CUSTOM {
                    self.custom.push(custom.to_owned());
                }
                // What comes after is looked at, too, to list all of them at once.
                continue;
            };
            match read {
                // An error may be a consequence of what is missing.
                Err(_) if !self.unsupported.is_empty() => {}
                other => other.map_err(|e| e.at(place))?,
            }
        }
        Ok(())
    }

    /// Compares the element types of an operator's tensors with what it computes.
    fn typed(&self, name: &str, subgraph: &SubGraph<'a>, record: &Record<'a>) -> Result<()> {
        let tensors = subgraph.tensors().unwrap_or_default();
        let typed = |&id: &i32| {
            let index = usize::try_from(id).ok().filter(|&i| i < tensors.len())?;
            let tensor = tensors.get(index);
            Some((tensor::name(&tensor, index), tensor.type_()))
        };
        let inputs: Vec<_> = record.inputs.iter().map(typed).collect();
        let outputs: Vec<_> = record.outputs.iter().filter_map(typed).collect();
        types::check(name, &inputs, &outputs)
    }

    /// Reads one operator of the table.
    fn operator(
        &mut self,
        code: BuiltinOperator,
        record: &Record<'a>,
        scope: &mut Scope,
    ) -> Result<()> {
        let mut operands: Vec<Option<ValueId>> = Vec::new();
        for &id in &record.inputs {
            // -1 stands for an optional input that is left out.
            operands.push(match (id, scope.value(id)) {
                (-1, _) => None,
                (_, Some(value)) => {
                    if let Some(reason) = self.unreadable_constants.get(&value) {
                        let name = &self.graph.values[value].name;
                        return Err(Error::model(format!("its operand {name:?} {reason}")));
                    }
                    Some(self.current(value))
                }
                _ => {
                    let message = format!("reads tensor {id}, which does not exist");
                    return Err(Error::model(message));
                }
            });
        }
        let is_complex = operands
            .iter()
            .flatten()
            .any(|v| self.complex_pairs.contains(v));
        let outputs: Option<Vec<ValueId>> =
            record.outputs.iter().map(|&id| scope.value(id)).collect();
        let outputs = outputs
            .filter(|o| !o.is_empty())
            .ok_or_else(|| Error::model("has no outputs, or ones that do not exist"))?;
        let constants = operands.iter().flatten().map(|&v| &self.graph.values[v]);
        let constants = constants.filter(|v| v.constant.is_some()).map(Value::len);
        let read = limits::sum(constants).saturating_mul(outputs.len());
        self.budget.read(read)?;
        // Each output of e.g. SPLIT is an operator of its own.
        for number in 0..outputs.len() {
            let context = ParseContext {
                operator: record.operator,
                number,
                inputs: operands
                    .iter()
                    .map(|v| v.map(|v| &self.graph.values[v]))
                    .collect(),
                output: self.graph.values[outputs[number]].element,
                file_shape: self.file_shape(outputs[number]),
                outputs: outputs.len(),
                is_complex,
            };
            let custom = tflite::custom_code(self.model, &record.operator);
            let mut op = ops::registry::parse(code, custom, &context)?;
            let parts = [
                BuiltinOperator::COMPLEX_ABS,
                BuiltinOperator::REAL,
                BuiltinOperator::IMAG,
            ];
            if is_complex && !parts.contains(&code) && !op.take_pairs() {
                return Err(Error::model(
                    "it reads complex numbers; supported are COMPLEX_ABS, REAL, IMAG and \
                     operators that only move them",
                ));
            }
            self.check_unsigned(op.as_ref(), custom, &operands, &outputs)?;
            let operands = self.with_own_states(op.as_ref(), &operands, outputs[number])?;
            let joint = op.is_joint();
            let own = if joint {
                outputs.clone()
            } else {
                vec![outputs[number]]
            };
            self.place.1 = number;
            self.push(record.index, op, operands, own)?;
            if joint {
                break;
            }
        }
        Ok(())
    }

    /// Integers without sign reach only operators that take them.
    fn check_unsigned(
        &self,
        op: &dyn Operator,
        custom: &str,
        operands: &[Option<ValueId>],
        outputs: &[ValueId],
    ) -> Result<()> {
        let mut all = operands.iter().flatten().chain(outputs);
        if all.clone().any(|v| self.uint64_pairs.contains(v))
            && !ops::registry::takes_uint64(custom)
        {
            return Err(Error::model(
                "it has a tensor of uint64; supported are those from SignalFilterBank to \
                 SignalFilterBankSquareRoot",
            ));
        }
        let takes = op.takes_unsigned();
        if !takes && all.any(|&v| self.graph.values[v].element == ElementType::U32) {
            return Err(Error::model(
                "it has a tensor of uint32, which it does not compute with; supported are CAST, \
                 operators that only move values, and those of the signal library",
            ));
        }
        Ok(())
    }

    /// The operands of an operator and what it keeps for the next run.
    fn with_own_states(
        &mut self,
        op: &dyn Operator,
        operands: &[Option<ValueId>],
        output: ValueId,
    ) -> Result<Vec<Option<ValueId>>> {
        let mut operands = operands.to_vec();
        let shapes: Vec<&[usize]> = operands
            .iter()
            .map(|v| v.map_or(&[][..], |v| self.graph.values[v].shape.as_slice()))
            .collect();
        let states = op.own_states(&shapes)?;
        if !states.is_empty() && self.depth > 0 {
            return Err(Error::model(
                "it keeps a state of its own, which is supported in the main subgraph only",
            ));
        }
        for state in states {
            let name = format!("{}_{}", self.graph.values[output].name, state.name);
            let value = Value {
                name,
                shape: state.shape,
                element: state.element,
                quantization: (state.element == ElementType::I16)
                    .then_some(FileQuantization::PerTensor(UNIT)),
                constant: state.initial,
                unsigned: false,
                channel_zero_points: Vec::new(),
                kept: (state.element == ElementType::F32).then_some(Kept::Exact),
                trained: false,
            };
            operands.push(Some(self.value(value)));
        }
        Ok(operands)
    }
}
