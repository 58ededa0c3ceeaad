//! Integers while the model is computed at compile time: f32 does not hold those beyond
//! 2^24, so that operators on integers alone are computed by their kernels.

use ndarray::ArrayD;

use super::{Buffer, LowerContext, Lowered, Operand, Operator, Reference, Source, Target, array};
use crate::error::Result;
use crate::graph::{Constant, ElementType, Value};

/// The largest integer up to which f32 holds all.
pub(crate) const LARGEST: i32 = 1 << 24;

/// The results of an operator on integers and booleans, by its kernel; `None` if it has
/// none for these operands, or some are real numbers.
pub(crate) fn results(
    op: &dyn Operator,
    inputs: &[Option<(&Value, Buffer)>],
    outputs: &[&Value],
) -> Option<Vec<Buffer>> {
    let values = inputs.iter().flatten().map(|(value, _)| *value);
    if values
        .chain(outputs.iter().copied())
        .any(|v| v.element.is_real())
    {
        return None;
    }
    let target = |value: &&Value| match value.element {
        ElementType::Bool => Target::Bool,
        _ => Target::I32,
    };
    let operand = |input: &Option<(&'_ Value, Buffer)>| {
        let (value, _) = input.as_ref()?;
        Some(value.element.held())
    };
    let context = LowerContext {
        inputs: inputs
            .iter()
            .map(|input| {
                let element = operand(input)?;
                let (value, _) = input.as_ref()?;
                Some(Operand {
                    value,
                    params: None,
                    element,
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
        _ => None,
    }
}

/// Integers or booleans that f32 holds.
pub(crate) fn of_reals(element: ElementType, data: &ArrayD<f32>) -> Buffer {
    match element {
        ElementType::Bool => Buffer::I8(data.iter().map(|&x| i8::from(x != 0.0)).collect()),
        _ => Buffer::I32(data.iter().map(|&x| x as i32).collect()),
    }
}

/// Integers as f32 numbers, which may round.
pub(crate) fn to_reals(data: &Buffer, shape: &[usize]) -> Result<ArrayD<f32>> {
    let real = (0..data.len()).map(|at| data.integer(at) as f32).collect();
    array(shape, real)
}
