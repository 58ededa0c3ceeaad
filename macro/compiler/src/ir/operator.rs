//! What every operator is.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::context::{LowerContext, QuantRule, StateRule};
use crate::ir::float_functions::{FloatEpilogue, RealFunction};
use crate::ir::graph::{Constant, ElementType};
use crate::ir::kernel::Lowered;
use crate::limits;

/// Operators for which TensorFlow Lite Micro has no kernel, or none in int8.
const LACKING: &[&str] = &[
    "ATAN2",
    "BITWISE_XOR",
    "BUCKETIZE",
    "COMPLEX_ABS",
    "CONV_3D",
    "CONV_3D_TRANSPOSE",
    "DENSIFY",
    "EXP",
    "GELU",
    "IMAG",
    "LOG",
    "MaxPoolingWithArgmax2D",
    "MaxUnpooling2D",
    "NON_MAX_SUPPRESSION_V4",
    "NON_MAX_SUPPRESSION_V5",
    "ONE_HOT",
    "POW",
    "RANGE",
    "RANK",
    "REAL",
    "REDUCE_ANY",
    "REDUCE_PROD",
    "RELU_N1_TO_1",
    "REVERSE_SEQUENCE",
    "RFFT2D",
    "RIGHT_SHIFT",
    "SCATTER_ND",
    "SEGMENT_SUM",
    "SELECT",
    "SIGN",
    "SQRT",
    "TILE",
    "TOPK_V2",
    "UNSORTED_SEGMENT_MAX",
    "UNSORTED_SEGMENT_MIN",
    "UNSORTED_SEGMENT_PROD",
    "UNSORTED_SEGMENT_SUM",
];

/// Operators that compute real numbers only in quantized form.
const NO_FLOAT_KERNEL: &[&str] = &[
    "ADD_N",
    "CUMSUM",
    "EMBEDDING_LOOKUP",
    "L2_NORMALIZATION",
    "ONE_HOT",
    "REDUCE_PROD",
    "RESIZE_BILINEAR",
    "SVDF",
    "TOPK_V2",
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
];

/// Operators whose float kernels call libm.
const NEEDS_LIBM: &[&str] = &["ATAN2", "ELU", "EXP", "GELU", "LOG", "POW"];

/// A TFLite operator with its attributes.
pub(crate) trait Operator: Send + Sync {
    /// The builtin operator's name.
    fn name(&self) -> &'static str;

    /// How many leading inputs are tensors; the others were read by the parser.
    fn operands(&self) -> usize {
        usize::MAX
    }

    /// The output's shape, which the file's own is checked against.
    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>>;

    /// The same for all outputs of the file.
    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        Ok(vec![self.output_shape(inputs)?])
    }

    /// The operator in float32: the reference for calibration. Integers and
    /// booleans are real numbers here, too.
    fn evaluate(
        &self,
        inputs: &[Option<ArrayViewD<'_, f32>>],
        shape: &[usize],
    ) -> Result<ArrayD<f32>>;

    /// The same for all outputs, what is kept for the next run included.
    fn evaluate_all(
        &self,
        inputs: &[Option<ArrayViewD<'_, f32>>],
        shapes: &[&[usize]],
    ) -> Result<Vec<ArrayD<f32>>> {
        let first = shapes.first().copied().unwrap_or(&[]);
        Ok(vec![self.evaluate(inputs, first)?])
    }

    /// What one run takes, for tensors of these shapes: multiply-accumulates, or elements
    /// that are read and written.
    fn work(&self, inputs: &[&[usize]], outputs: &[Vec<usize>]) -> u64 {
        let outputs = outputs.iter().map(Vec::as_slice);
        let shapes = inputs.iter().copied().chain(outputs);
        limits::sum(shapes.map(|shape| limits::product(shape.iter().copied()))) as u64
    }

    /// True if one kernel writes all outputs; else each output of the file is
    /// an operator of its own, parsed with its number.
    fn is_joint(&self) -> bool {
        false
    }

    /// The positions of operands that it also writes, for the next run. Each is
    /// an output behind those of the file.
    fn variables(&self) -> Vec<usize> {
        Vec::new()
    }

    /// What it keeps for the next run without a tensor in the file. Each becomes an
    /// operand behind the others, and a variable.
    fn own_states(&self, _inputs: &[&[usize]]) -> Result<Vec<OwnState>> {
        Ok(Vec::new())
    }

    /// How variables are quantized where the file does not say.
    fn state_rules(&self) -> Vec<(usize, StateRule)> {
        Vec::new()
    }

    /// True if the output depends on shapes only.
    fn is_static(&self) -> bool {
        false
    }

    /// The function of one value that it is, given the operands that are one
    /// constant number each; the variable operand is `None`.
    fn function(&self, _constants: &[Option<f32>]) -> Option<RealFunction> {
        None
    }

    /// How the output is quantized.
    fn rule(&self) -> QuantRule {
        QuantRule::Observed
    }

    /// Chooses the int8 (or, for [`Target::F32`], real-valued) kernel.
    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered>;

    /// Chooses the kernel of an operator that is kept in float: it reads and
    /// writes f32.
    fn lower_float(&self, _: &LowerContext<'_>) -> Result<Lowered> {
        Err(no_float_kernel(self.name()))
    }

    /// True if it always computes in f32, from operands that are converted: post-processing
    /// and spectra, which int8 steps would spoil.
    fn is_float_only(&self) -> bool {
        false
    }

    /// True if the operand holds indices or a mask, also where the operator is
    /// kept in float.
    fn takes_integers(&self, _operand: usize) -> bool {
        false
    }

    /// True if an output that is no f32 is computed from f32 operands, where these are
    /// there, without quantizing them.
    fn reads_reals(&self) -> bool {
        false
    }

    /// True if it computes with the integers of its tensors, whatever real numbers they
    /// stand for: its kernel is also its float evaluation.
    fn computes_integers(&self) -> bool {
        false
    }

    /// True if it takes integers without sign.
    fn takes_unsigned(&self) -> bool {
        self.only_moves()
    }

    /// Takes complex operands, which are held as pairs along a last dimension; false if it
    /// cannot.
    fn take_pairs(&mut self) -> bool {
        false
    }

    /// True if integers become real numbers, be it in f32.
    fn makes_reals(&self) -> bool {
        false
    }

    /// True if the output's elements are elements of operand 0, or a constant, and there
    /// is an f32 kernel.
    fn only_moves(&self) -> bool {
        self.is_view()
    }

    /// For a division: the multiplication by the reciprocal.
    fn by_reciprocal(&self) -> Option<Box<dyn Operator>> {
        None
    }

    /// True if every output is one of the inputs (maxima and minima over a window).
    fn selects(&self) -> bool {
        false
    }

    /// True if `lower_float` gives a kernel.
    fn has_float_kernel(&self) -> bool {
        !NO_FLOAT_KERNEL.contains(&self.name())
    }

    /// True if that kernel is there only with the runtime's feature `float`.
    fn needs_libm(&self) -> bool {
        NEEDS_LIBM.contains(&self.name())
    }

    /// True if the function repeats itself, so that large operands need as small steps as
    /// small ones.
    fn is_periodic(&self) -> bool {
        matches!(self.name(), "SIN" | "COS")
    }

    /// Which differences between operands make none at the output.
    fn saturation(&self) -> Option<Saturation> {
        None
    }

    /// True for what is left of IF and WHILE.
    fn is_control(&self) -> bool {
        false
    }

    /// True if it writes a loop's variable, which another operator writes, too.
    fn carries(&self) -> bool {
        false
    }

    /// True if operands without elements change nothing.
    fn ignores_empty(&self) -> bool {
        false
    }

    /// True if the output has the input's elements in the same order.
    fn is_view(&self) -> bool {
        false
    }

    /// True for operators that only change a tensor's representation
    /// (DEQUANTIZE, QUANTIZE, FAKE_QUANT).
    fn cast(&self) -> Option<Cast> {
        None
    }

    /// The activation that this operator is, if it is one.
    fn as_activation(&self) -> Option<Activation> {
        None
    }

    /// Takes over an activation that follows; false if it cannot.
    fn fuse(&mut self, _activation: Activation) -> bool {
        false
    }

    /// True if the kernel reads an f32 input as it comes, before any int8 step.
    fn reads_f32(&self) -> bool {
        false
    }

    /// True if lowering to [`Target::F32`] works: the operator accumulates in
    /// int32, so an f32 output needs no int8 step in between.
    fn writes_f32(&self) -> bool {
        false
    }

    /// The same operator on f32 values, for the last step before an f32 output.
    fn tail(&self) -> Option<FloatEpilogue> {
        None
    }

    /// True if TensorFlow Lite Micro has an int8 kernel for it.
    fn in_tflite_micro(&self) -> bool {
        !LACKING.contains(&self.name())
    }

    /// How the operator treats channels (the last dimension), if it keeps them
    /// apart or mixes them by constant weights.
    fn channels(&self) -> Option<ChannelRole> {
        None
    }

    /// True if a positive factor per channel may be pulled through:
    /// `op(f * x) = f * op(x)`.
    fn is_homogeneous(&self) -> bool {
        true
    }

    /// The clamp that the operator applies to its output.
    fn clips(&self) -> Option<Activation> {
        self.as_activation()
    }

    /// For `x op constant` (or `constant op x` if `reversed`): the elementwise
    /// `x * factor + offset` that it is.
    fn affine(&self, _constant: &ArrayD<f32>, _reversed: bool) -> Option<[ArrayD<f32>; 2]> {
        None
    }
}

/// The error about an operator that the user keeps in float, but that has no float kernel.
pub(crate) fn no_float_kernel(name: &str) -> Error {
    Error::model(format!(
        "{name} cannot be kept in float; name a tensor that another operator computes"
    ))
}

/// See [`Operator::own_states`].
pub(crate) struct OwnState {
    /// What is added to the output's name.
    pub name: &'static str,
    pub element: ElementType,
    pub shape: Vec<usize>,
    /// What a fresh one contains; zeros if there is nothing.
    pub initial: Option<Constant>,
}

/// Where an operator's output no longer depends on how large an operand is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Saturation {
    /// Elements so far below the largest of their row count as nothing (SOFTMAX).
    BelowRowMax(f32),
    /// Elements below all outputs are never chosen (maxima).
    BelowOutput,
    /// The function is flat outside of a range.
    Outside([f32; 2]),
    /// The output is the sum of two operands.
    Sum,
    /// The output is operand 0 less operand 1.
    Difference,
}

/// What an operator does with the channels of operand 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ChannelRole {
    /// Weights mix all channels; the last axis of operand 1 counts them.
    Mixes,
    /// Weights per channel.
    Depthwise,
    /// No weights: every channel stays what it is.
    Through,
    /// Adds or subtracts operands channel by channel.
    Joins,
}

/// How an operator changes a tensor's representation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cast {
    Quantize,
    Dequantize,
    FakeQuant { min: f32, max: f32 },
}
