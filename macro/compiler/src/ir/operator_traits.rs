//! What the stages need to know of an operator, besides what it computes.

use crate::ir::activation::Activation;
use crate::ir::context::{QuantRule, StateRule};
use crate::ir::float_functions::FloatEpilogue;
use crate::ir::operator::{Cast, ChannelRole, Operator, Saturation};

/// The facts of an operator. The default is an operator that computes real numbers from all of
/// its operands, and whose range is observed.
#[derive(Clone, Debug)]
pub(crate) struct OperatorTraits {
    /// How the output is quantized.
    pub rule: QuantRule,
    /// What it calculates with.
    pub arithmetic: Arithmetic,
    /// If, and how, it can be kept in float.
    pub float_kernel: FloatKernel,
    /// Where the elements of the output come from.
    pub origin: Origin,
    /// How many leading inputs are tensors, if the parser has read the others.
    pub operands: Option<usize>,
    /// Which operands hold indices or a mask, also where the operator is kept in float.
    pub integer_operands: IntegerOperands,
    /// One kernel writes all outputs. Else the node is split into one operator per output, each
    /// parsed with its number.
    pub is_joint: bool,
    /// The output depends on shapes only.
    pub is_static: bool,
    /// The positions of operands that it also writes, for the next run. Each is an output behind
    /// those of the file.
    pub variables: Vec<usize>,
    /// How variables are quantized where the file does not say.
    pub state_rules: Vec<(usize, StateRule)>,
    /// An output that is no f32 is computed from f32 operands, where these are there, without
    /// quantizing them.
    pub reads_reals: bool,
    /// Integers become real numbers, be it in f32.
    pub makes_reals: bool,
    /// It takes integers without sign, although it does more than moving them.
    pub takes_unsigned: bool,
    /// Operands without elements change nothing.
    pub ignores_empty: bool,
    /// The kernel reads an f32 input as it comes, before any int8 step.
    pub reads_f32: bool,
    /// It can be lowered to an f32 output: it accumulates in int32, so that there is no int8
    /// step in between.
    pub writes_f32: bool,
    /// The function repeats itself, so that large operands need as small steps as small ones.
    pub is_periodic: bool,
    /// Which differences between operands make none at the output.
    pub saturation: Option<Saturation>,
    /// What is left of IF and WHILE.
    pub control: Option<ControlRole>,
    /// It only changes a tensor's representation (DEQUANTIZE, QUANTIZE, FAKE_QUANT).
    pub cast: Option<Cast>,
    /// The activation that it is.
    pub activation: Option<Activation>,
    /// The clamp that it applies to its output, besides `activation`.
    pub clips: Option<Activation>,
    /// What it is on f32 values, as the last step before an f32 output.
    pub epilogue: Option<FloatEpilogue>,
    /// How it treats channels (the last dimension), if it keeps them apart or mixes them by
    /// constant weights.
    pub channels: Option<ChannelRole>,
}

impl Default for OperatorTraits {
    fn default() -> Self {
        Self {
            rule: QuantRule::Observed,
            arithmetic: Arithmetic::Quantized,
            float_kernel: FloatKernel::Core,
            origin: Origin::Computed,
            operands: None,
            integer_operands: IntegerOperands::None,
            is_joint: false,
            is_static: false,
            variables: Vec::new(),
            state_rules: Vec::new(),
            reads_reals: false,
            makes_reals: false,
            takes_unsigned: false,
            ignores_empty: false,
            reads_f32: false,
            writes_f32: false,
            is_periodic: false,
            saturation: None,
            control: None,
            cast: None,
            activation: None,
            clips: None,
            epilogue: None,
            channels: None,
        }
    }
}

/// What an operator calculates with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    /// Quantized numbers, unless the user keeps it in float.
    Quantized,
    /// f32, from operands that are converted: post-processing and spectra, which int8 steps
    /// would spoil.
    FloatOnly,
    /// The integers of its tensors, whatever real numbers they stand for: its kernel is also
    /// its float evaluation.
    Integers,
}

/// If an operator has a kernel that reads and writes f32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FloatKernel {
    /// Always.
    Core,
    /// With the runtime's feature `float`, which brings libm.
    Libm,
    /// It computes real numbers only in quantized form.
    Missing,
}

/// Where the elements of an output come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// They are computed.
    Computed,
    /// Every one is an element of an input (maxima and minima over a window).
    Selected,
    /// Every one is an element of operand 0, or a constant, and there is an f32 kernel.
    Moved,
    /// They are those of the input, in the same order.
    Viewed,
}

/// Which operands hold indices or a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IntegerOperands {
    /// None does.
    None,
    /// The operand with this number.
    One(usize),
    /// All do.
    All,
}

/// What is left of IF and WHILE when their subgraphs have become regions of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ControlRole {
    /// It chooses between the results of two branches.
    Merge,
    /// It writes a loop's variable, which another operator writes, too.
    Carry,
}

/// Questions that follow from the facts.
impl dyn Operator + '_ {
    /// How the output is quantized.
    pub(crate) fn rule(&self) -> QuantRule {
        self.traits().rule
    }

    /// How many leading inputs of `count` are tensors.
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

    /// True if it takes integers without sign.
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

    /// Which differences between operands make none at the output.
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

    /// How it treats channels.
    pub(crate) fn channels(&self) -> Option<ChannelRole> {
        self.traits().channels
    }
}
