//! Short forms for the stages: what follows from the facts of an operator ([`Operator::traits`]).

use crate::ir::activation::Activation;
use crate::ir::context::{QuantRule, StateRule};
use crate::ir::float_functions::FloatEpilogue;
use crate::ir::operator::{Cast, ChannelRole, Operator, Saturation};
use crate::ir::operator_traits::{Arithmetic, ControlRole, FloatKernel, IntegerOperands, Origin};

/// Answers that follow from the facts alone.
impl dyn Operator + '_ {
    /// How the output is quantized.
    pub(crate) fn rule(&self) -> QuantRule {
        self.traits().rule
    }

    /// How many leading inputs are tensors at most.
    pub(crate) fn operands(&self) -> usize {
        self.traits().operands.unwrap_or(usize::MAX)
    }

    /// True if one kernel writes all outputs.
    pub(crate) fn is_joint(&self) -> bool {
        self.traits().is_joint
    }

    /// True if the output depends on shapes only.
    pub(crate) fn is_static(&self) -> bool {
        self.traits().is_static
    }

    /// The positions of operands that it also writes, for the next run.
    pub(crate) fn variables(&self) -> Vec<usize> {
        self.traits().variables
    }

    /// How variables are quantized where the file does not say.
    pub(crate) fn state_rules(&self) -> Vec<(usize, StateRule)> {
        self.traits().state_rules
    }

    /// True if it always computes in f32.
    pub(crate) fn is_float_only(&self) -> bool {
        self.traits().arithmetic == Arithmetic::FloatOnly
    }

    /// True if its kernel is also its float evaluation.
    pub(crate) fn computes_integers(&self) -> bool {
        self.traits().arithmetic == Arithmetic::Integers
    }

    /// True if the operand holds indices or a mask.
    pub(crate) fn takes_integers(&self, operand: usize) -> bool {
        match self.traits().integer_operands {
            IntegerOperands::None => false,
            IntegerOperands::One(one) => one == operand,
            IntegerOperands::All => true,
        }
    }

    /// True if it takes unsigned integers.
    pub(crate) fn takes_unsigned(&self) -> bool {
        self.traits().takes_unsigned || self.only_moves()
    }

    /// True if f32 operands of another output need no int8 step.
    pub(crate) fn reads_reals(&self) -> bool {
        self.traits().reads_reals
    }

    /// True if integers become real numbers.
    pub(crate) fn makes_reals(&self) -> bool {
        self.traits().makes_reals
    }

    /// True if the output's elements are elements of operand 0, or a constant.
    pub(crate) fn only_moves(&self) -> bool {
        matches!(self.traits().origin, Origin::Moved | Origin::Viewed)
    }

    /// True if the output has the input's elements in the same order.
    pub(crate) fn is_view(&self) -> bool {
        self.traits().origin == Origin::Viewed
    }

    /// True if every output is one of the inputs.
    pub(crate) fn selects(&self) -> bool {
        self.traits().origin == Origin::Selected
    }

    /// True if [`Operator::lower_float`] gives a kernel.
    pub(crate) fn has_float_kernel(&self) -> bool {
        self.traits().float_kernel != FloatKernel::Missing
    }

    /// True if the float kernel is there only with the runtime's feature `float`.
    pub(crate) fn needs_libm(&self) -> bool {
        self.traits().float_kernel == FloatKernel::Libm
    }

    /// True if large operands need as small steps as small ones.
    pub(crate) fn is_periodic(&self) -> bool {
        self.traits().is_periodic
    }

    /// Operand values beyond which the output no longer changes.
    pub(crate) fn saturation(&self) -> Option<Saturation> {
        self.traits().saturation
    }

    /// True for what is left of IF and WHILE.
    pub(crate) fn is_control(&self) -> bool {
        self.traits().control.is_some()
    }

    /// True if it writes a loop's variable.
    pub(crate) fn carries(&self) -> bool {
        self.traits().control == Some(ControlRole::Carry)
    }

    /// True if operands without elements change nothing.
    pub(crate) fn ignores_empty(&self) -> bool {
        self.traits().ignores_empty
    }

    /// How it changes a tensor's representation, if it does nothing else.
    pub(crate) fn cast(&self) -> Option<Cast> {
        self.traits().cast
    }

    /// The activation that it is, if it is one.
    pub(crate) fn as_activation(&self) -> Option<Activation> {
        self.traits().activation
    }

    /// The clamp that it applies to its output.
    pub(crate) fn clips(&self) -> Option<Activation> {
        let traits = self.traits();
        traits.clips.or(traits.activation)
    }

    /// True if a positive factor per channel may be pulled through:
    /// `op(f * x) = f * op(x)`.
    pub(crate) fn is_homogeneous(&self) -> bool {
        self.traits().clips != Some(Activation::ReluN1To1)
    }

    /// True if the kernel reads an f32 input as it comes.
    pub(crate) fn reads_f32(&self) -> bool {
        self.traits().reads_f32
    }

    /// True if it can be lowered to an f32 output without an int8 step.
    pub(crate) fn writes_f32(&self) -> bool {
        self.traits().writes_f32
    }

    /// What it is on f32 values, as the last step before an f32 output.
    pub(crate) fn tail(&self) -> Option<FloatEpilogue> {
        self.traits().epilogue
    }

    /// How it treats channels, if it keeps them apart or mixes them.
    pub(crate) fn channels(&self) -> Option<ChannelRole> {
        self.traits().channels
    }
}
