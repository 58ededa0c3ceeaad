//! Operators that give a tensor another shape and nothing else: no code runs.

use ndarray::{ArrayD, IxDyn};

use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::context::{LowerContext, QuantRule};
use crate::ir::kernel::Lowered;
use crate::ir::operator::{Change, ChannelRole, Operator, RealOperands};
use crate::ir::operator_traits::{OperatorTraits, Origin};
use crate::ops::shared::operands::owned;
use crate::ops::shared::requantize::RequantizeKernel;

/// What sets one such operator apart from another.
pub(crate) trait View: Send + Sync {
    const NAME: &'static str;

    fn shape(&self, input: &[usize]) -> Result<Vec<usize>>;
}

/// Makes a [`View`] an [`Operator`].
pub(crate) struct Viewing<V> {
    view: V,
    /// The last dimension holds the two parts of a complex number.
    pairs: bool,
}

impl<V> Viewing<V> {
    pub(crate) fn new(view: V) -> Self {
        Self { view, pairs: false }
    }
}

impl<V: View> Operator for Viewing<V> {
    fn name(&self) -> &'static str {
        V::NAME
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            rule: QuantRule::SameAsInput,
            operands: Some(1),
            channels: Some(ChannelRole::Through),
            origin: Origin::Viewed,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs.first().copied().unwrap_or(&[]) {
            [shape @ .., 2] if self.pairs => {
                let mut shape = self.view.shape(shape)?;
                shape.push(2);
                Ok(shape)
            }
            shape => self.view.shape(shape),
        }
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let input = owned(inputs, 0)?;
        let input = input.as_standard_layout().into_owned();
        input
            .into_shape_with_order(IxDyn(shape))
            .map_err(Error::internal)
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        // Only where the file gives both sides different scales.
        RequantizeKernel::lower(context, Activation::None)
    }

    fn adopt(&mut self, change: Change) -> bool {
        self.pairs |= change == Change::ComplexPairs;
        change == Change::ComplexPairs
    }
}
