//! WHERE of a constant: the indices of its non-zero elements, at compile time.

use ndarray::{ArrayD, Dimension};

use crate::error::{Error, Result};
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::graph::array;
use crate::ir::kernel::Lowered;
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::OperatorTraits;

/// The operator WHERE of a constant: the indices of its non-zero elements, at compile time.
pub(crate) struct Where {
    /// One row of indices per element that is not zero.
    indices: Vec<f32>,
    rank: usize,
}

impl Where {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let condition = node.input(0)?.real().ok_or_else(|| {
            Error::model(
                "the number of indices that it gives depends on data; only constants are supported",
            )
        })?;
        let indices = condition
            .indexed_iter()
            .filter(|(_, x)| **x != 0.0)
            .flat_map(|(index, _)| {
                index
                    .as_array_view()
                    .iter()
                    .map(|&i| i as f32)
                    .collect::<Vec<_>>()
            })
            .collect();
        Ok(Self {
            indices,
            rank: condition.ndim(),
        })
    }
}

impl Operator for Where {
    fn name(&self) -> &'static str {
        "WHERE"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            is_static: true,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(vec![self.indices.len() / self.rank.max(1), self.rank])
    }

    fn evaluate(&self, _: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        array(shape, self.indices.clone())
    }

    fn lower(&self, _: &LowerContext<'_>) -> Result<Lowered> {
        Err(Error::model("it is known at compile time"))
    }
}
