//! Broadcasting of two operands (NumPy's rule), and what ADD, SUB, MUL and
//! PRELU share because of it.

use ndarray::ArrayD;
use niello_numeric::{elementwise, positions};
use proc_macro2::TokenStream;
use quote::quote;

use crate::arithmetic::quant_params::{QuantParams, asymmetric, symmetric_i16};
use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::LowerContext;
use crate::ir::graph::{Constant, ElementType, array, contiguous};
use crate::ir::kernel::Source;
use crate::ir::operator::RealOperands;
use crate::tokens::literals;

/// Dimensions that kernels loop over; shapes are merged into as few as possible.
const MAX_DIMS: usize = 6;

/// How two flat operands meet in a flat output: sizes and strides per
/// dimension, outermost first; a stride of 0 repeats.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Broadcast {
    pub dims: [usize; MAX_DIMS],
    pub strides: [[usize; MAX_DIMS]; 2],
}

/// The shape that two shapes broadcast to.
pub(crate) fn shape(a: &[usize], b: &[usize]) -> Result<Vec<usize>> {
    let rank = a.len().max(b.len());
    let size = |s: &[usize], i: usize| (i + s.len()).checked_sub(rank).map_or(1, |i| s[i]);
    (0..rank)
        .map(|i| match (size(a, i), size(b, i)) {
            (x, y) if x == y => Ok(x),
            (1, y) => Ok(y),
            (x, 1) => Ok(x),
            _ => Err(Error::model(format!(
                "shapes {a:?} and {b:?} do not broadcast"
            ))),
        })
        .collect()
}

/// The shape of an operator's output whose only two operands broadcast.
pub(crate) fn output_shape(inputs: &[&[usize]]) -> Result<Vec<usize>> {
    match inputs {
        [a, b] => shape(a, b),
        _ => Err(Error::model("it needs two operands")),
    }
}

impl Broadcast {
    pub(crate) fn new(a: &[usize], b: &[usize]) -> Result<Self> {
        let output = shape(a, b)?;
        // Innermost first: (size, a moves, b moves); neighbours that move alike merge.
        let mut merged: Vec<(usize, bool, bool)> = Vec::new();
        for i in 0..output.len() {
            let moves = |s: &[usize]| s.len().checked_sub(i + 1).is_some_and(|d| s[d] != 1);
            let size = output[output.len() - 1 - i];
            match merged.last_mut() {
                _ if size == 1 => {}
                Some(last) if (last.1, last.2) == (moves(a), moves(b)) => last.0 *= size,
                _ => merged.push((size, moves(a), moves(b))),
            }
        }
        if merged.len() > MAX_DIMS {
            return Err(Error::model(format!(
                "shapes {a:?} and {b:?} alternate more than {MAX_DIMS} times"
            )));
        }
        let mut plan = Self {
            dims: [1; MAX_DIMS],
            strides: [[0; MAX_DIMS]; 2],
        };
        let mut next = [1, 1];
        for (i, (size, a, b)) in merged.into_iter().enumerate() {
            let d = MAX_DIMS - 1 - i;
            plan.dims[d] = size;
            for (operand, moves) in [a, b].into_iter().enumerate() {
                if moves {
                    plan.strides[operand][d] = next[operand];
                    next[operand] *= size;
                }
            }
        }
        Ok(plan)
    }

    /// The plan for two operands of so many elements, in one loop.
    pub(crate) fn flat(elements: usize) -> Self {
        let (mut dims, mut strides) = ([1; MAX_DIMS], [[0; MAX_DIMS]; 2]);
        dims[MAX_DIMS - 1] = elements;
        strides.iter_mut().for_each(|s| s[MAX_DIMS - 1] = 1);
        Self { dims, strides }
    }

    /// The operand positions for each output element.
    pub(crate) fn positions(&self) -> Vec<(usize, usize)> {
        positions::of_two(&self.dims, [&self.strides[0], &self.strides[1]])
    }

    /// True if operand `i` has as many elements as the output.
    pub(crate) fn is_whole(&self, i: usize) -> bool {
        self.dims
            .iter()
            .zip(&self.strides[i])
            .all(|(&d, &s)| d == 1 || s != 0)
    }

    pub(crate) fn emit(&self) -> TokenStream {
        let dims = literals::usizes(&self.dims);
        let strides1 = literals::usizes(&self.strides[0]);
        let strides2 = literals::usizes(&self.strides[1]);
        quote!(rt::Broadcast { dims: [#dims], strides1: [#strides1], strides2: [#strides2] })
    }
}

/// A float function of two broadcast operands.
pub(crate) fn evaluate(
    inputs: &RealOperands<'_>,
    shape: &[usize],
    f: impl Fn(f32, f32) -> f32,
) -> Result<ArrayD<f32>> {
    let (mut a, b) = (repeated(inputs, 0, shape)?, repeated(inputs, 1, shape)?);
    elementwise::zip(&mut a, &b, &f);
    array(shape, a)
}

/// Operand `i` with as many elements as the output.
fn repeated(inputs: &RealOperands<'_>, i: usize, shape: &[usize]) -> Result<Vec<f32>> {
    let operand = crate::ops::shared::operands::operand(inputs, i)?;
    elementwise::repeat(&contiguous(operand), operand.shape(), shape)
        .ok_or_else(|| Error::internal("operands do not broadcast to the output"))
}

/// Operand `i`'s quantization and source; float constants are quantized to
/// their own range, in the type of the other operand.
pub(crate) fn operand(context: &LowerContext<'_>, i: usize) -> Result<(QuantParams, Source)> {
    let element = context.input(1 - i.min(1))?.element;
    operand_of_type(context, i, element)
}

/// Operand `i`'s quantization and source; float constants are quantized to their own range, in
/// int16 or else in int8.
pub(crate) fn operand_of_type(
    context: &LowerContext<'_>,
    i: usize,
    element: ElementType,
) -> Result<(QuantParams, Source)> {
    let operand = context.input(i)?;
    if let Some(params) = operand.params {
        return Ok((params, Source::Operand(i)));
    }
    match (&operand.value.constant, operand.value.params()) {
        (Some(Constant::I8(data)), Some(params)) => {
            let data = Buffer::I8(data.iter().copied().collect());
            Ok((params, Source::Constant(data)))
        }
        (Some(Constant::I16(data)), Some(params)) => {
            let data = Buffer::I16(data.iter().copied().collect());
            Ok((params, Source::Constant(data)))
        }
        (Some(Constant::F32(data)), _) => {
            let bounds = data.iter().fold((0.0, 0.0), |(lo, hi): (f32, f32), &x| {
                (lo.min(x), hi.max(x))
            });
            if element == ElementType::I16 {
                let params = symmetric_i16(bounds.0, bounds.1);
                let data = data.iter().map(|&x| params.quantize_i16(x)).collect();
                return Ok((params, Source::Constant(Buffer::I16(data))));
            }
            let params = asymmetric(bounds.0, bounds.1);
            let data = data.iter().map(|&x| params.quantize(x)).collect();
            Ok((params, Source::Constant(Buffer::I8(data))))
        }
        _ if operand.value.element == ElementType::I32 => Err(Error::model(format!(
            "its operand {:?} is int32, but it computes real numbers",
            operand.value.name
        ))),
        _ => Err(Error::model(format!(
            "operand {:?} is neither a quantized tensor with a scale nor a float constant",
            operand.value.name
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_shapes_are_one_loop() {
        let plan = Broadcast::new(&[1, 4, 5, 6], &[4, 5, 6]).expect("fit");
        assert_eq!(plan.dims, [1, 1, 1, 1, 1, 120]);
        assert!(plan.is_whole(0) && plan.is_whole(1));
    }

    #[test]
    fn positions_follow_numpy() {
        let plan = Broadcast::new(&[2, 1, 3], &[4, 1]).expect("fit");
        assert_eq!(shape(&[2, 1, 3], &[4, 1]).expect("fit"), [2, 4, 3]);
        let expected: Vec<_> = (0..2)
            .flat_map(|i| (0..4).flat_map(move |j| (0..3).map(move |k| (i * 3 + k, j))))
            .collect();
        assert_eq!(plan.positions(), expected);
        assert!(Broadcast::new(&[2, 3], &[4, 3]).is_err());
    }
}
