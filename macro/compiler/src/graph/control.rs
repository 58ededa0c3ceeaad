//! Operators that call other subgraphs: inlined where what they decide is known
//! at compile time.

use super::read::{Reader, Record, Scope, ids};
use super::{Constant, ValueId};
use crate::error::{Error, Result};
use crate::tflite::BuiltinOperator;

/// Subgraphs may call each other this deep.
const MAX_DEPTH: usize = 8;
/// Iterations that a WHILE is unrolled to.
const MAX_ITERATIONS: usize = 4096;

impl<'a> Reader<'a> {
    /// True for operators that do not compute: variables and calls.
    pub(super) fn is_structural(&self, code: BuiltinOperator) -> bool {
        crate::ops::is_structural(code)
    }

    pub(super) fn structural(
        &mut self,
        code: BuiltinOperator,
        record: Record<'a>,
        scope: &mut Scope,
    ) -> Result<()> {
        match code {
            BuiltinOperator::CALL_ONCE => self.initialize(&record),
            BuiltinOperator::IF => self.branch(&record, scope),
            BuiltinOperator::WHILE => self.unroll(&record, scope),
            BuiltinOperator::STABLEHLO_COMPOSITE => self.decompose(&record, scope),
            BuiltinOperator::CONV_3D => self.conv_3d(&record, scope),
            BuiltinOperator::CONV_3D_TRANSPOSE => self.conv_3d_transpose(&record, scope),
            _ => self.variable(code, &record, scope),
        }
    }

    /// Reads subgraph `index` with `inputs` in place of its inputs; gives the
    /// values of its outputs.
    pub(super) fn call(&mut self, index: i32, inputs: &[ValueId]) -> Result<Vec<ValueId>> {
        let subgraphs = self.model.subgraphs().unwrap_or_default();
        let subgraph = usize::try_from(index)
            .ok()
            .filter(|&i| i < subgraphs.len())
            .map(|i| subgraphs.get(i))
            .ok_or_else(|| Error::model(format!("calls subgraph {index}, which does not exist")))?;
        if self.depth == MAX_DEPTH {
            return Err(Error::model(format!(
                "subgraphs call each other more than {MAX_DEPTH} deep"
            )));
        }
        self.depth += 1;
        let mut scope = self.scope(&subgraph)?;
        let parameters = ids(subgraph.inputs());
        if parameters.len() != inputs.len() {
            return Err(Error::model(format!(
                "passes {} values to a subgraph of {} inputs",
                inputs.len(),
                parameters.len()
            )));
        }
        for (&id, &value) in parameters.iter().zip(inputs) {
            let known = usize::try_from(id)
                .ok()
                .and_then(|i| scope.values.get_mut(i));
            *known.ok_or_else(|| Error::model("calls a subgraph whose inputs do not exist"))? =
                value;
        }
        self.operators(&subgraph, &mut scope)?;
        self.depth -= 1;
        ids(subgraph.outputs())
            .iter()
            .map(|&id| scope.value(id))
            .collect::<Option<_>>()
            .ok_or_else(|| Error::model("calls a subgraph whose outputs do not exist"))
    }

    fn arguments(&self, record: &Record<'a>, scope: &Scope) -> Result<Vec<ValueId>> {
        let values: Option<Vec<_>> = record.inputs.iter().map(|&id| scope.value(id)).collect();
        values
            .filter(|v| !v.is_empty())
            .ok_or_else(|| Error::model("reads tensors that do not exist"))
    }

    /// Makes the operator's outputs stand for `values`.
    fn results(&self, record: &Record<'a>, scope: &mut Scope, values: &[ValueId]) -> Result<()> {
        if record.outputs.len() != values.len() {
            return Err(Error::model("has not as many outputs as its subgraph"));
        }
        for (&id, &value) in record.outputs.iter().zip(values) {
            let slot = usize::try_from(id)
                .ok()
                .and_then(|i| scope.values.get_mut(i));
            *slot.ok_or_else(|| Error::model("writes tensors that do not exist"))? = value;
        }
        Ok(())
    }

    /// A boolean that is known at compile time.
    fn decided(&self, value: ValueId) -> Result<bool> {
        match &self.graph.values[value].constant {
            Some(Constant::I8(data)) if data.len() == 1 => Ok(data.iter().any(|&x| x != 0)),
            _ => Err(Error::model(format!(
                "its condition {:?} depends on data; only conditions that are known at compile \
                 time are supported",
                self.graph.values[value].name
            ))),
        }
    }

    fn branch(&mut self, record: &Record<'a>, scope: &mut Scope) -> Result<()> {
        let values = self.arguments(record, scope)?;
        let options = record
            .operator
            .builtin_options_as_if_options()
            .ok_or_else(|| Error::model("it has no IfOptions"))?;
        let index = if self.decided(values[0])? {
            options.then_subgraph_index()
        } else {
            options.else_subgraph_index()
        };
        let results = self.call(index, &values[1..])?;
        self.results(record, scope, &results)
    }

    /// A composite is what its decomposition computes.
    fn decompose(&mut self, record: &Record<'a>, scope: &mut Scope) -> Result<()> {
        self.graph.needs_litert = true;
        let values = self.arguments(record, scope)?;
        let options = record
            .operator
            .builtin_options_2_as_stable_hlocomposite_options()
            .ok_or_else(|| Error::model("it has no StableHLOCompositeOptions"))?;
        let place = |e: Error| e.at(format!("composite {:?}", options.name().unwrap_or("")));
        let results = self
            .call(options.decomposition_subgraph_index(), &values)
            .map_err(place)?;
        self.results(record, scope, &results)
    }

    fn unroll(&mut self, record: &Record<'a>, scope: &mut Scope) -> Result<()> {
        let mut values = self.arguments(record, scope)?;
        let options = record
            .operator
            .builtin_options_as_while_options()
            .ok_or_else(|| Error::model("it has no WhileOptions"))?;
        for _ in 0..MAX_ITERATIONS {
            let condition = self.call(options.cond_subgraph_index(), &values)?;
            let goes_on = condition
                .first()
                .ok_or_else(|| Error::model("its condition has no output"))?;
            if !self.decided(*goes_on)? {
                return self.results(record, scope, &values);
            }
            values = self.call(options.body_subgraph_index(), &values)?;
        }
        Err(Error::model(format!(
            "it runs more than {MAX_ITERATIONS} times"
        )))
    }
}
