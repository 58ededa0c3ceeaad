//! MAX_POOL_2D.

use ndarray::{ArrayD, ArrayViewD};

use super::pool::{Pool, PoolKernel};
use super::{Activation, ChannelRole, LowerContext, Lowered, Operator, ParseContext, QuantRule};
use crate::error::Result;

pub(crate) struct MaxPool2d(Pool);

impl MaxPool2d {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        Ok(Self(Pool::parse(node)?))
    }
}

impl Operator for MaxPool2d {
    fn name(&self) -> &'static str {
        "MAX_POOL_2D"
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        self.0.output_shape(inputs)
    }

    fn evaluate(&self, inputs: &[Option<ArrayViewD<'_, f32>>], shape: &[usize]) -> ArrayD<f32> {
        self.0.evaluate(inputs, shape, |taps| {
            taps.iter().fold(f32::MIN, |m, &x| m.max(x))
        })
    }

    fn rule(&self) -> QuantRule {
        QuantRule::SameAsInput
    }

    fn channels(&self) -> Option<ChannelRole> {
        Some(ChannelRole::Through)
    }

    fn is_homogeneous(&self) -> bool {
        self.0.is_homogeneous()
    }

    fn clips(&self) -> Option<Activation> {
        Some(self.0.activation())
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        Ok(Lowered::unary(PoolKernel::new(
            &self.0,
            context,
            "max_pool_2d",
            reduce,
        )?))
    }

    fn fuse(&mut self, activation: Activation) -> bool {
        self.0.fuse(activation)
    }
}

fn reduce(taps: &[i8]) -> i32 {
    taps.iter().copied().max().unwrap_or(i8::MIN).into()
}
