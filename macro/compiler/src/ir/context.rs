//! What operators see when they are parsed and lowered.

use crate::arithmetic::quant_params::QuantParams;
use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::element_type::ElementType;
use crate::ir::kernel::Source;
use crate::ir::rounding::Rounding;
use crate::ir::value::{Constant, Value};
use crate::tflite;

/// What an operator's parser sees: the file's record and the tensors around it.
pub(crate) struct ParseContext<'a> {
    pub operator: tflite::Operator<'a>,
    pub inputs: Vec<Option<&'a Value>>,
    /// The element type of the output that is being parsed.
    pub output: ElementType,
    /// The dimensions of its shape that the file fixes: only a hint, since files are
    /// wrong about shapes that depend on open dimensions.
    pub file_shape: &'a [Option<usize>],
    /// Its number, and how many there are.
    pub number: usize,
    pub outputs: usize,
    /// It reads complex numbers: pairs of real ones, along one more dimension.
    pub is_complex: bool,
}

impl ParseContext<'_> {
    /// Input `i`, which must be there.
    pub(crate) fn input(&self, i: usize) -> Result<&Value> {
        self.inputs
            .get(i)
            .copied()
            .flatten()
            .ok_or_else(|| Error::model(format!("input {i} is missing")))
    }

    /// Input `i` as one integer known at compile time.
    pub(crate) fn integer(&self, i: usize, what: &str) -> Result<i32> {
        match *self.integers(i, what)? {
            [one] => Ok(one),
            ref all => Err(Error::model(format!(
                "input {i} ({what}) has {} elements, expected one",
                all.len()
            ))),
        }
    }

    /// Input `i` as integers known at compile time.
    pub(crate) fn integers(&self, i: usize, what: &str) -> Result<Vec<i32>> {
        match &self.input(i)?.constant {
            Some(Constant::I32(data)) => Ok(data.iter().copied().collect()),
            // "To the end", as some files write it.
            Some(Constant::I64(data)) => {
                let narrow = |&x: &i64| x.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
                Ok(data.iter().map(narrow).collect())
            }
            _ => Err(Error::model(format!(
                "its {what} (input {i}) is computed at run time; only constants are supported"
            ))),
        }
    }
}

/// How an output's quantization is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum QuantRule {
    /// From the range seen during calibration.
    Observed,
    /// As input 0 is: the operator only moves or selects values.
    SameAsInput,
    /// As all inputs are: the operator puts them side by side.
    SameAsAllInputs,
    /// Observed, and every input that nothing else reads takes it over: values
    /// outside of it are never chosen (MAXIMUM, MINIMUM, SELECT).
    SelectsInputs,
    /// Set by the quantization specification: for int8, and for int16 if that says so; else
    /// observed.
    Fixed {
        int8: QuantParams,
        int16: Option<QuantParams>,
    },
}

/// How a variable is quantized.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum StateRule {
    /// It holds values of the output.
    SameAsOutput,
    /// It is int16, with this quantization.
    Int16(QuantParams),
}

/// What a kernel writes, and how it is quantized.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Target {
    /// An int8 tensor with this quantization.
    I8(QuantParams),
    /// An int16 tensor; its zero point is mostly 0.
    I16(QuantParams),
    /// An int32 tensor: indices or counts.
    I32,
    /// 0 and 1 in int8.
    Bool,
    /// Real values: an output that the caller reads as f32, or an operator that
    /// is to stay in float.
    F32,
}

impl Target {
    /// The element type of the tensor that is written.
    pub(crate) fn element(self) -> ElementType {
        match self {
            Target::I8(_) | Target::Bool => ElementType::I8,
            Target::I16(_) => ElementType::I16,
            Target::I32 => ElementType::I32,
            Target::F32 => ElementType::F32,
        }
    }

    pub(crate) fn params(self) -> Option<QuantParams> {
        match self {
            Target::I8(params) | Target::I16(params) => Some(params),
            _ => None,
        }
    }
}

/// An operand at lowering: its tensor and, unless constant, its quantization.
pub(crate) struct Operand<'a> {
    pub value: &'a Value,
    pub params: Option<QuantParams>,
    /// What kernels read it as.
    pub element: ElementType,
    /// How its weights are rounded, if not each to its nearest step.
    pub rounding: Option<&'a Rounding>,
}

/// All that an operator needs to become a kernel.
pub(crate) struct LowerContext<'a> {
    pub inputs: Vec<Option<Operand<'a>>>,
    pub output: &'a Value,
    pub target: Target,
    /// What is written to the outputs behind the first.
    pub other_targets: Vec<Target>,
    /// The file computes it in float32, also if it does so between conversions.
    pub in_float: bool,
    /// The file computes it in uint8.
    pub in_uint8: bool,
    /// One weight scale per output channel (else one per tensor).
    pub per_channel: bool,
    pub reference: Reference,
}

/// Whose kernels define the bytes of an int8 model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    /// The reference kernels of TensorFlow Lite Micro.
    TfliteMicro,
    /// LiteRT's, for models with an operator that TensorFlow Lite Micro lacks.
    /// They differ in the rounding of FULLY_CONNECTED.
    LiteRt,
}

impl<'a> LowerContext<'a> {
    /// Operand `i`, which must be there.
    pub(crate) fn input(&self, i: usize) -> Result<&Operand<'a>> {
        self.inputs
            .get(i)
            .and_then(Option::as_ref)
            .ok_or_else(|| Error::model(format!("input {i} is missing")))
    }

    /// The quantization of operand `i`, an activation.
    pub(crate) fn params(&self, i: usize) -> Result<QuantParams> {
        let operand = self.input(i)?;
        operand.params.ok_or_else(|| {
            Error::model(format!(
                "input {i} ({:?}) is a constant where a computed tensor is needed",
                operand.value.name
            ))
        })
    }

    /// The output's quantization, for operators that only write int8.
    pub(crate) fn output_params(&self) -> Result<QuantParams> {
        match self.target {
            Target::I8(params) => Ok(params),
            other => Err(Error::model(format!(
                "cannot write {}; supported is int8",
                other.element().name()
            ))),
        }
    }

    /// True where LiteRT rounds fully connected layers once.
    pub(crate) fn rounds_once(&self) -> bool {
        self.reference == Reference::LiteRt
    }

    /// The output's quantization, int8 or int16.
    pub(crate) fn params_of_output(&self) -> Result<QuantParams> {
        self.target
            .params()
            .ok_or_else(|| Error::model(format!("cannot write {}", self.target.element().name())))
    }

    /// What operand `i` is read as: its element type where it is computed.
    pub(crate) fn element(&self, i: usize) -> Result<ElementType> {
        Ok(self.input(i)?.element)
    }
}

/// Operand `i`, which has the output's quantization: as it is computed, or a
/// constant in the output's element type.
pub(crate) fn constant_source(context: &LowerContext<'_>, i: usize) -> Result<Source> {
    let value = context.input(i)?.value;
    let Some(constant) = &value.constant else {
        return Ok(Source::Operand(i));
    };
    let real = || {
        let none = || Error::internal(format!("constant {:?} has no real values", value.name));
        value.real().ok_or_else(none)
    };
    if let (Constant::I64(_), Target::I32) = (constant, context.target) {
        return Err(value.too_wide());
    }
    Ok(Source::Constant(match (constant, context.target) {
        (Constant::I8(data), Target::I8(_) | Target::Bool) => {
            Buffer::I8(data.iter().copied().collect())
        }
        (Constant::I16(data), Target::I16(_)) => Buffer::I16(data.iter().copied().collect()),
        (Constant::I32(data), Target::I32) => Buffer::I32(data.iter().copied().collect()),
        (_, Target::I8(params)) => {
            Buffer::I8(real()?.iter().map(|&x| params.quantize(x)).collect())
        }
        (_, Target::I16(params)) => {
            Buffer::I16(real()?.iter().map(|&x| params.quantize_i16(x)).collect())
        }
        (_, Target::I32) => Buffer::I32(real()?.iter().map(|&x| x as i32).collect()),
        (_, Target::Bool) => Buffer::I8(real()?.iter().map(|&x| i8::from(x != 0.0)).collect()),
        (_, Target::F32) => Buffer::F32(real()?.iter().copied().collect()),
    }))
}
