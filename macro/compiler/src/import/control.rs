//! Operators that call other subgraphs: inlined where what they decide is known at
//! compile time, regions of the program ([`crate::import::regions`]) where it depends on data.

use crate::error::shape_text;
use crate::error::{Error, Result};
use crate::import::reader::{Reader, Record, Scope, ids};
use crate::ir::graph::{Constant, ElementType, ValueId};
use crate::limits::{CALL_DEPTH, INLINED, UNROLLED, UNROLLED_ITERATIONS};
use crate::tflite::BuiltinOperator;

impl<'a> Reader<'a> {
    /// True for operators that the reader replaces by others: variables, calls, control flow, 3D
    /// convolutions.
    pub(crate) fn is_structural(&self, code: BuiltinOperator) -> bool {
        crate::ops::registry::is_structural(code)
    }

    /// Reads an operator that is replaced by others.
    pub(crate) fn structural(
        &mut self,
        code: BuiltinOperator,
        record: Record<'a>,
        scope: &mut Scope,
    ) -> Result<()> {
        match code {
            BuiltinOperator::CALL_ONCE => self.initialize(&record),
            BuiltinOperator::IF => self.read_if(&record, scope),
            BuiltinOperator::WHILE => self.repeat(&record, scope),
            BuiltinOperator::STABLEHLO_COMPOSITE => self.decompose(&record, scope),
            BuiltinOperator::CONV_3D => self.conv_3d(&record, scope),
            BuiltinOperator::CONV_3D_TRANSPOSE => self.conv_3d_transpose(&record, scope),
            _ => self.variable(code, &record, scope),
        }
    }

    /// Reads subgraph `index` with `inputs` in place of its inputs; gives the
    /// values of its outputs.
    pub(crate) fn call(&mut self, index: i32, inputs: &[ValueId]) -> Result<Vec<ValueId>> {
        let subgraphs = self.model.subgraphs().unwrap_or_default();
        let subgraph = usize::try_from(index)
            .ok()
            .filter(|&i| i < subgraphs.len())
            .map(|i| subgraphs.get(i))
            .ok_or_else(|| Error::model(format!("calls subgraph {index}, which does not exist")))?;
        if self.depth == CALL_DEPTH {
            return Err(Error::model(format!(
                "subgraphs call each other more than {CALL_DEPTH} deep"
            )));
        }
        let tensors = subgraph.tensors().map_or(0, |list| list.len());
        self.inlined += 1 + tensors + subgraph.operators().map_or(0, |list| list.len());
        if self.inlined > INLINED {
            return Err(Error::model(format!(
                "the subgraphs that are called have more than {INLINED} operators and tensors \
                 when each call is replaced by what it calls"
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
            let slot = usize::try_from(id)
                .ok()
                .and_then(|i| scope.values.get_mut(i));
            let slot =
                slot.ok_or_else(|| Error::model("calls a subgraph whose inputs do not exist"))?;
            self.same_type(value, *slot)?;
            *slot = value;
        }
        self.operators(&subgraph, &mut scope)?;
        self.depth -= 1;
        ids(subgraph.outputs())
            .iter()
            .map(|&id| scope.value(id))
            .collect::<Option<_>>()
            .ok_or_else(|| Error::model("calls a subgraph whose outputs do not exist"))
    }

    pub(crate) fn arguments(&self, record: &Record<'a>, scope: &Scope) -> Result<Vec<ValueId>> {
        let values: Option<Vec<_>> = record.inputs.iter().map(|&id| scope.value(id)).collect();
        values
            .filter(|v| !v.is_empty())
            .ok_or_else(|| Error::model("reads tensors that do not exist"))
    }

    /// Makes the operator's outputs stand for `values`.
    pub(crate) fn results(
        &self,
        record: &Record<'a>,
        scope: &mut Scope,
        values: &[ValueId],
    ) -> Result<()> {
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

    /// A boolean, if it is known at compile time.
    fn decided(&self, value: ValueId) -> Result<Option<bool>> {
        let condition = &self.graph.values[value];
        if condition.element != ElementType::Bool || condition.len() != 1 {
            return Err(Error::model(format!(
                "its condition {:?} is {} of shape {}; it must be one bool",
                condition.name,
                condition.element.name(),
                shape_text(&condition.shape)
            )));
        }
        Ok(match &condition.constant {
            Some(Constant::I8(data)) => Some(data.iter().any(|&x| x != 0)),
            _ => None,
        })
    }

    /// Reads IF: the chosen subgraph, or both as regions.
    fn read_if(&mut self, record: &Record<'a>, scope: &mut Scope) -> Result<()> {
        let values = self.arguments(record, scope)?;
        let options = record
            .operator
            .builtin_options_as_if_options()
            .ok_or_else(|| Error::model("it has no IfOptions"))?;
        let branches = [options.then_subgraph_index(), options.else_subgraph_index()];
        let index = match self.decided(values[0])? {
            Some(true) => branches[0],
            Some(false) => branches[1],
            None => return self.if_regions(record, scope, &values, branches),
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

    /// Reads WHILE: unrolled, or as a region.
    fn repeat(&mut self, record: &Record<'a>, scope: &mut Scope) -> Result<()> {
        let values = self.arguments(record, scope)?;
        let options = record
            .operator
            .builtin_options_as_while_options()
            .ok_or_else(|| Error::model("it has no WhileOptions"))?;
        let (condition, body) = (options.cond_subgraph_index(), options.body_subgraph_index());
        let before = self.mark();
        if let Some(results) = self.unrolled(condition, body, &values)? {
            return self.results(record, scope, &results);
        }
        self.back_to(before);
        self.looped(record, scope, &values, [condition, body])
    }

    /// The results of a WHILE whose body runs a number of times that is known; `None` if that
    /// depends on data, or is too large.
    fn unrolled(
        &mut self,
        condition: i32,
        body: i32,
        values: &[ValueId],
    ) -> Result<Option<Vec<ValueId>>> {
        let mut values = values.to_vec();
        let begin = self.inlined;
        for _ in 0..UNROLLED_ITERATIONS {
            match self.condition(condition, &values)?.1 {
                Some(true) => values = self.call(body, &values)?,
                Some(false) => return Ok(Some(values)),
                None => return Ok(None),
            }
            if self.inlined - begin > UNROLLED {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// The condition of a WHILE, and what it is if that is known.
    pub(crate) fn condition(
        &mut self,
        index: i32,
        values: &[ValueId],
    ) -> Result<(ValueId, Option<bool>)> {
        let results = self.call(index, values)?;
        let &[condition] = results.as_slice() else {
            return Err(Error::model("its condition has not one output"));
        };
        Ok((condition, self.decided(condition)?))
    }
}
