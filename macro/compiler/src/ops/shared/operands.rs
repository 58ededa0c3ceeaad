//! The operands of a float evaluation ([`crate::ir::operator::Operator::evaluate`]), as arrays.

use ndarray::{ArrayD, ArrayView2, ArrayViewD, CowArray, IxDyn};

use crate::error::{Error, Result};

/// An operand that is not optional.
pub(crate) fn operand<'a, 'b>(
    inputs: &'a [Option<ArrayViewD<'b, f32>>],
    i: usize,
) -> Result<&'a ArrayViewD<'b, f32>> {
    let missing = || Error::internal(format!("operand {i} has no value"));
    inputs.get(i).and_then(Option::as_ref).ok_or_else(missing)
}

/// All operands, none of which is optional.
pub(crate) fn operands<'b>(
    inputs: &[Option<ArrayViewD<'b, f32>>],
) -> Result<Vec<ArrayViewD<'b, f32>>> {
    (0..inputs.len())
        .map(|i| operand(inputs, i).cloned())
        .collect()
}

/// A clone of an operand.
pub(crate) fn owned(inputs: &[Option<ArrayViewD<'_, f32>>], i: usize) -> Result<ArrayD<f32>> {
    operand(inputs, i).map(ArrayViewD::to_owned)
}

/// The elements of an array in standard layout.
pub(crate) fn flat<'a>(array: &'a CowArray<'_, f32, IxDyn>) -> Result<&'a [f32]> {
    let strided = || Error::internal("an array is not in standard layout");
    array.as_slice().ok_or_else(strided)
}

/// Elements as a matrix.
pub(crate) fn matrix(rows: usize, columns: usize, data: &[f32]) -> Result<ArrayView2<'_, f32>> {
    ArrayView2::from_shape((rows, columns), data).map_err(Error::internal)
}
