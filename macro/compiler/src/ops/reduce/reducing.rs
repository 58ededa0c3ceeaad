//! The frame of operators that reduce axes: MEAN, SUM, REDUCE_PROD, REDUCE_MAX and so on.

use ndarray::{ArrayD, ArrayViewD, Axis};

use crate::error::Result;
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::kernel::Lowered;
use crate::ir::operator::{Operator, RealOperands, no_float_kernel};
use crate::ir::operator_traits::OperatorTraits;
use crate::ops::reduce::reduction::Axes;
use crate::ops::shared::operands::operand;

/// What sets one reduction apart from another.
pub(crate) trait Reduce: Send + Sync {
    /// The operator's name, as TFLite has it.
    fn name(&self) -> &'static str;

    /// The facts besides the number of operands; `keeps_channels` if the last dimension is not
    /// reduced.
    fn traits(&self, keeps_channels: bool) -> OperatorTraits;

    /// Reduces one axis of real numbers.
    fn evaluate(&self, input: ArrayViewD<'_, f32>, axis: Axis) -> ArrayD<f32>;

    /// Chooses the int8, int16 or int32 kernel.
    fn lower(&self, context: &LowerContext<'_>, axes: &Axes) -> Result<Lowered>;

    /// Chooses the kernel that reads and writes f32.
    fn lower_float(&self, _: &LowerContext<'_>, _: &Axes) -> Result<Lowered> {
        Err(no_float_kernel(self.name()))
    }
}

/// Makes a [`Reduce`] an [`Operator`].
pub(crate) struct Reducing<R> {
    reduce: R,
    axes: Axes,
    keeps_channels: bool,
}

impl<R: Reduce> Reducing<R> {
    /// Reads the axes, which must be constant.
    pub(crate) fn parse(node: &ParseContext<'_>, reduce: R) -> Result<Self> {
        let axes = Axes::parse(node)?;
        let reduced = axes.reduced(node.input(0)?.shape.len());
        Ok(Self {
            reduce,
            axes,
            keeps_channels: reduced.is_ok_and(|reduced| reduced.last() == Some(&false)),
        })
    }
}

impl<R: Reduce> Operator for Reducing<R> {
    fn name(&self) -> &'static str {
        self.reduce.name()
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            operands: Some(1),
            ..self.reduce.traits(self.keeps_channels)
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let input = inputs.first().copied().unwrap_or(&[]);
        self.axes.output_shape(input)
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let input = operand(inputs, 0)?;
        let reduce = |x: ArrayViewD<'_, f32>, axis| self.reduce.evaluate(x, axis);
        self.axes.evaluate(input, shape, reduce)
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.reduce.lower(context, &self.axes)
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.reduce.lower_float(context, &self.axes)
    }
}
