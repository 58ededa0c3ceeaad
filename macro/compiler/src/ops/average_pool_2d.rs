//! AVERAGE_POOL_2D.

use ndarray::{ArrayD, ArrayViewD};

use super::pool::{Pool, PoolKernel};
use super::{Activation, ChannelRole, LowerContext, Lowered, Operator, ParseContext, QuantRule};
use crate::error::Result;

pub(crate) struct AveragePool2d(Pool);

impl AveragePool2d {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        Ok(Self(Pool::parse(node)?))
    }
}

impl Operator for AveragePool2d {
    fn name(&self) -> &'static str {
        "AVERAGE_POOL_2D"
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        self.0.output_shape(inputs)
    }

    fn evaluate(&self, inputs: &[Option<ArrayViewD<'_, f32>>], shape: &[usize]) -> ArrayD<f32> {
        self.0.evaluate(inputs, shape, |taps| {
            taps.iter().sum::<f32>() / taps.len() as f32
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
            "average_pool_2d",
            reduce,
        )?))
    }

    fn fuse(&mut self, activation: Activation) -> bool {
        self.0.fuse(activation)
    }
}

/// The mean of the taps inside the input, rounded half away from zero.
fn reduce(taps: &[i8]) -> i32 {
    let count = taps.len() as i32;
    let sum: i32 = taps.iter().map(|&q| i32::from(q)).sum();
    let half = if sum > 0 { count / 2 } else { -(count / 2) };
    (sum + half) / count.max(1)
}
