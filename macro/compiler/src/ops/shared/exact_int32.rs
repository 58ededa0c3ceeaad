//! Integers while the model is computed at compile time: f32 does not hold those beyond
//! 2^24, so that operators on integers alone are computed by their kernels.

use ndarray::ArrayD;

use crate::arithmetic::quant_params::QuantParams;
use crate::error::Result;
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, Operand, Reference, Target};
use crate::ir::graph::array;
use crate::ir::graph::{Constant, ElementType, Value};
use crate::ir::kernel::{Lowered, Source};
use crate::ir::operator::Operator;

/// The largest integer up to which f32 holds all.
pub(crate) const LARGEST: i32 = 1 << 24;

/// The quantization of integers that stand for themselves.
const UNIT: QuantParams = QuantParams {
    scale: 1.0,
    zero_point: 0,
};

/// The results of an operator on integers and booleans, by its kernel; `None` if it has
/// none for these operands, or some are real numbers and it does not compute with the
/// integers that stand for them.
pub(crate) fn results(
    op: &dyn Operator,
    inputs: &[Option<(&Value, Buffer)>],
    outputs: &[&Value],
) -> Option<Vec<Buffer>> {
    let values = inputs.iter().flatten().map(|(value, _)| *value);
    if !op.computes_integers()
        && values
            .chain(outputs.iter().copied())
            .any(|v| v.element.is_real())
    {
        return None;
    }
    let target = |value: &&Value| match value.element {
        ElementType::Bool => Target::Bool,
        ElementType::I16 => Target::I16(value.params().unwrap_or(UNIT)),
        ElementType::F32 => Target::F32,
        _ => Target::I32,
    };
    let operand = |input: &Option<(&'_ Value, Buffer)>| {
        let (value, _) = input.as_ref()?;
        Some(value.element.storage_type())
    };
    let context = LowerContext {
        inputs: inputs
            .iter()
            .map(|input| {
                let element = operand(input)?;
                let (value, _) = input.as_ref()?;
                Some(Operand {
                    value,
                    params: value.params(),
                    element,
                    rounding: None,
                })
            })
            .collect(),
        output: outputs.first()?,
        target: target(outputs.first()?),
        other_targets: outputs[1..].iter().map(target).collect(),
        in_float: false,
        in_uint8: false,
        per_channel: false,
        reference: Reference::TfliteMicro,
    };
    let Lowered { kernel, sources } = op.lower(&context).ok()?;
    let buffers: Vec<&Buffer> = sources
        .iter()
        .map(|source| match source {
            Source::Constant(data) => Some(data),
            Source::Operand(i) => Some(&inputs.get(*i)?.as_ref()?.1),
        })
        .collect::<Option<_>>()?;
    let results = kernel.simulate_all(&buffers);
    let lengths = outputs.iter().map(|v| v.len());
    (results.len() == outputs.len() && results.iter().map(Buffer::len).eq(lengths))
        .then_some(results)
}

/// The integers or booleans of a constant.
pub(crate) fn constant(constant: &Constant) -> Option<Buffer> {
    match constant {
        Constant::I32(data) => Some(Buffer::I32(data.iter().copied().collect())),
        Constant::I8(data) => Some(Buffer::I8(data.iter().copied().collect())),
        Constant::I16(data) => Some(Buffer::I16(data.iter().copied().collect())),
        _ => None,
    }
}

/// The integers of a tensor, or booleans, from real numbers that hold them.
pub(crate) fn of_reals(value: &Value, data: &ArrayD<f32>) -> Buffer {
    match value.element {
        ElementType::Bool => Buffer::I8(data.iter().map(|&x| i8::from(x != 0.0)).collect()),
        ElementType::U32 => Buffer::I32(data.iter().map(|&x| x as u32 as i32).collect()),
        ElementType::I16 => {
            let params = value.params().unwrap_or(UNIT);
            Buffer::I16(data.iter().map(|&x| params.quantize_i16(x)).collect())
        }
        ElementType::F32 => Buffer::F32(data.iter().copied().collect()),
        _ => Buffer::I32(data.iter().map(|&x| x as i32).collect()),
    }
}

/// Integers as the f32 numbers that they stand for, which may round.
pub(crate) fn to_reals(data: &Buffer, value: &Value) -> Result<ArrayD<f32>> {
    let params = value.params().unwrap_or(UNIT);
    let real = |at: usize| match value.element {
        ElementType::F32 => data.number(at) as f32,
        ElementType::U32 => data.integer(at) as u32 as f32,
        ElementType::I16 => params.scale * (data.integer(at) - params.zero_point) as f32,
        _ => data.integer(at) as f32,
    };
    array(&value.shape, (0..data.len()).map(real).collect())
}
