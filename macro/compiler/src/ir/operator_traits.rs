//! What the stages need to know of an operator, besides what it computes.

use crate::ir::activation::Activation;
use crate::ir::context::{QuantRule, StateRule};
use crate::ir::float_functions::FloatEpilogue;

/// The facts of an operator. The default is an operator that computes real numbers from all of
/// its operands, and whose range is observed.
#[derive(Clone, Debug)]
pub(crate) struct OperatorTraits {
    /// How the output is quantized.
    pub rule: QuantRule,
    /// Which kind of numbers it calculates with.
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
    /// It reads f32 operands as they are, without quantizing them, although its output has
    /// another type.
    pub reads_reals: bool,
    /// Its f32 output comes from integers (CAST).
    pub makes_reals: bool,
    /// It takes unsigned integers, although it does more than moving them.
    pub takes_unsigned: bool,
    /// Operands without elements change nothing.
    pub ignores_empty: bool,
    /// The kernel reads an f32 input as it comes, before any int8 step.
    pub reads_f32: bool,
    /// It can be lowered to an f32 output: it accumulates in int32, without an int8 step in
    /// between.
    pub writes_f32: bool,
    /// The function repeats itself, so that large operands need as small steps as small ones.
    pub is_periodic: bool,
    /// Operand values beyond which the output no longer changes.
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

impl OperatorTraits {
    /// The facts of an operator whose output has elements of its one tensor at other places, or
    /// a constant.
    pub(crate) fn moves_one() -> Self {
        Self {
            rule: QuantRule::SameAsInput,
            operands: Some(1),
            origin: Origin::Moved,
            ..Self::default()
        }
    }
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
    /// It has a kernel that needs no other library.
    Core,
    /// With the runtime's feature `float`, which brings libm.
    Libm,
    /// It computes real numbers only in quantized form.
    Missing,
}

/// Where the elements of an output come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// They are computed from elements of the inputs.
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
    /// No operand holds indices or a mask.
    None,
    /// The operand with this number.
    One(usize),
    /// All operands hold indices or integers.
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

/// Where a larger or smaller operand no longer changes the output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Saturation {
    /// Elements this far below the largest of their row do not count (SOFTMAX).
    BelowRowMax(f32),
    /// Elements below all outputs are never chosen (maxima).
    BelowOutput,
    /// The function is flat outside of a range.
    Outside([f32; 2]),
    /// The output is the sum of two operands.
    Sum,
    /// The output is operand 0 minus operand 1.
    Difference,
}

/// What an operator does with the channels of operand 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ChannelRole {
    /// Weights mix all channels; the last axis of operand 1 counts them.
    Mixes,
    /// Each channel has weights of its own.
    Depthwise,
    /// No weights: every channel stays what it is.
    Through,
    /// Adds or subtracts operands channel by channel.
    Joins,
    /// Multiplies operands channel by channel: a factor of one of them is one of the output.
    Multiplies,
}

/// How an operator changes a tensor's representation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cast {
    Quantize,
    Dequantize,
    FakeQuant { min: f32, max: f32 },
}
