//! SHAPE: known at compile time.

use ndarray::{ArrayD, ArrayViewD};

use super::{LowerContext, Lowered, Operator, ParseContext};
use crate::error::{Error, Result};

pub(crate) struct Shape {
    shape: Vec<usize>,
}

impl Shape {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        Ok(Self {
            shape: node.input(0)?.shape.clone(),
        })
    }
}

impl Operator for Shape {
    fn name(&self) -> &'static str {
        "SHAPE"
    }

    fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(vec![self.shape.len()])
    }

    fn evaluate(&self, _: &[Option<ArrayViewD<'_, f32>>], shape: &[usize]) -> ArrayD<f32> {
        crate::graph::array(shape, self.shape.iter().map(|&n| n as f32).collect())
    }

    fn is_static(&self) -> bool {
        true
    }

    fn lower(&self, _: &LowerContext<'_>) -> Result<Lowered> {
        Err(Error::model("a shape is known at compile time"))
    }
}
