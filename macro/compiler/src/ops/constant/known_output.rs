//! Operators whose output is known at compile time: SHAPE, RANK, ZEROS_LIKE, RANGE
//! and BROADCAST_ARGS.

use ndarray::ArrayD;

use crate::error::{Error, Result};
use crate::ir::context::LowerContext;
use crate::ir::graph::array;
use crate::ir::kernel::Lowered;
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::OperatorTraits;

/// An operator that has been computed.
pub(crate) struct Known {
    pub name: &'static str,
    pub shape: Vec<usize>,
    pub data: Vec<f32>,
}

impl Operator for Known {
    fn name(&self) -> &'static str {
        self.name
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            is_static: true,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(self.shape.clone())
    }

    fn evaluate(&self, _: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        array(shape, self.data.clone())
    }

    fn lower(&self, _: &LowerContext<'_>) -> Result<Lowered> {
        Err(Error::model("it is known at compile time"))
    }
}
