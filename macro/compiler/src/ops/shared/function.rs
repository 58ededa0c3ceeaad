//! Functions of one value, and chains of them.

use std::sync::Arc;

use ndarray::ArrayD;

use crate::error::Result;
use crate::ir::context::LowerContext;
use crate::ir::float_functions::RealFunction;
use crate::ir::kernel::Lowered;
use crate::ir::operator::{Algebra, Operator, RealOperands};
use crate::ops::shared::lookup_table::TableKernel;
use crate::ops::shared::operands::mapped;

/// The function of one number that a function of two is, given the one that is constant.
pub(crate) fn function_of_one(
    function: impl Fn(f32, f32) -> f32 + Send + Sync + 'static,
    constants: &[Option<f32>],
) -> Option<RealFunction> {
    match *constants {
        [None, Some(b)] => Some(Arc::new(move |x| function(x, b))),
        [Some(a), None] => Some(Arc::new(move |x| function(a, x))),
        _ => None,
    }
}

/// `second(first(x))`: in int8, one table.
pub(crate) struct Composite {
    name: &'static str,
    first: RealFunction,
    second: RealFunction,
}

impl Composite {
    /// Named after its first operator.
    pub(crate) fn new(name: &'static str, first: RealFunction, second: RealFunction) -> Self {
        Self {
            name,
            first,
            second,
        }
    }
}

impl Operator for Composite {
    fn name(&self) -> &'static str {
        self.name
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(inputs.first().map_or(Vec::new(), |shape| shape.to_vec()))
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, _: &[usize]) -> Result<ArrayD<f32>> {
        mapped(inputs, &|x| (self.second)((self.first)(x)))
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let table = TableKernel::island(context.params(0)?, context.output_params()?, |x| {
            (self.second)((self.first)(x))
        });
        Ok(Lowered::unary(table))
    }

    fn algebra(&self) -> Option<&dyn Algebra> {
        Some(self)
    }
}

impl Algebra for Composite {
    fn function(&self, _: &[Option<f32>]) -> Option<RealFunction> {
        let (first, second) = (self.first.clone(), self.second.clone());
        Some(Arc::new(move |x| second(first(x))))
    }
}
