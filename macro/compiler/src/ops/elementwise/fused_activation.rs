//! Elementwise functions of two operands with a fused activation: ADD, SUB and MUL.

use ndarray::ArrayD;

use crate::error::Result;
use crate::ir::activation::Activation;
use crate::ir::context::{LowerContext, Target};
use crate::ir::kernel::{KernelId, Lowered};
use crate::ir::operator::{Algebra, ChannelRole, Operator, RealOperands, Saturation};
use crate::ir::operator_traits::OperatorTraits;
use crate::ops::elementwise::int32;
use crate::ops::shared::{broadcast, float_kernels};

/// What sets one such function apart from another.
pub(crate) trait Arithmetic: Send + Sync + 'static {
    /// The operator's name, as TFLite has it.
    const NAME: &'static str;
    /// The runtime's function of f32.
    const FLOAT: KernelId;
    /// The runtime's function of int32, and the function, which wraps.
    const INT32: (&'static str, fn(i32, i32) -> i32);
    /// Which differences between operands make none at the output.
    const SATURATION: Option<Saturation> = None;
    /// What it does with channels.
    const CHANNELS: Option<ChannelRole> = None;

    /// The function of real numbers.
    fn real(a: f32, b: f32) -> f32;

    /// The int8 or int16 kernel.
    fn lower(context: &LowerContext<'_>, activation: Activation) -> Result<Lowered>;

    /// The factor and the offset: see [`Algebra::affine`].
    fn affine(constant: &ArrayD<f32>, reversed: bool) -> [ArrayD<f32>; 2];
}

/// Makes an [`Arithmetic`] an [`Operator`].
pub(crate) struct WithActivation<A> {
    activation: Activation,
    kind: std::marker::PhantomData<A>,
}

impl<A> WithActivation<A> {
    /// The operator with this activation.
    pub(crate) fn new(activation: Activation) -> Self {
        Self {
            activation,
            kind: std::marker::PhantomData,
        }
    }
}

impl<A: Arithmetic> Operator for WithActivation<A> {
    fn name(&self) -> &'static str {
        A::NAME
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            saturation: A::SATURATION,
            channels: A::CHANNELS,
            clips: Some(self.activation),
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        broadcast::output_shape(inputs)
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        broadcast::evaluate(inputs, shape, |a, b| self.activation.apply(A::real(a, b)))
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        if context.target == Target::I32 {
            let (runtime, function) = A::INT32;
            return int32::lower(context, self.activation, runtime, function);
        }
        A::lower(context, self.activation)
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        float_kernels::binary(A::FLOAT, context, self.activation, Box::new(A::real))
    }

    crate::ir::operator::fused_activation!();

    fn algebra(&self) -> Option<&dyn Algebra> {
        Some(self)
    }
}

impl<A: Arithmetic> Algebra for WithActivation<A> {
    fn affine(&self, constant: &ArrayD<f32>, reversed: bool) -> Option<[ArrayD<f32>; 2]> {
        (self.activation == Activation::None).then(|| A::affine(constant, reversed))
    }
}
