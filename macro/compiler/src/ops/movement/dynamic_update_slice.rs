//! DYNAMIC_UPDATE_SLICE: a tensor with a block of it overwritten.

use ndarray::ArrayD;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext, QuantRule, constant_source};
use crate::ir::graph::array;
use crate::ir::kernel::{Kernel, Lowered, Source};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::{IntegerOperands, OperatorTraits};
use crate::ops::movement::dynamic_slice::{Block, UpdateKernel};
use crate::ops::shared::operands::owned;

/// The operator DYNAMIC_UPDATE_SLICE: a tensor with a block of it overwritten.
pub(crate) struct DynamicUpdateSlice;

impl DynamicUpdateSlice {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Operator for DynamicUpdateSlice {
    fn name(&self) -> &'static str {
        "DYNAMIC_UPDATE_SLICE"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            rule: QuantRule::SameAsAllInputs,
            integer_operands: IntegerOperands::One(2),
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let &[tensor, update, begin] = inputs else {
            return Err(Error::model("it needs a tensor, an update and indices"));
        };
        Block::new(tensor, update, begin)?;
        Ok(tensor.to_vec())
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let (tensor, update, begin) = (owned(inputs, 0)?, owned(inputs, 1)?, owned(inputs, 2)?);
        let block = Block::new(tensor.shape(), update.shape(), begin.shape())?;
        let real = |data: &ArrayD<f32>| Buffer::F32(data.iter().copied().collect());
        let begin = Buffer::I32(begin.iter().map(|&x| x as i32).collect());
        let out = UpdateKernel(block).simulate(&[&real(&tensor), &real(&update), &begin]);
        array(shape, out.f32().to_vec())
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let shape = |i: usize| Ok::<_, Error>(&context.input(i)?.value.shape);
        let kernel = UpdateKernel(Block::new(shape(0)?, shape(1)?, shape(2)?)?);
        let (tensor, update) = (constant_source(context, 0)?, constant_source(context, 1)?);
        let sources = vec![tensor, update, Source::Operand(2)];
        Ok(Lowered::new(kernel, sources))
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower(context)
    }
}
