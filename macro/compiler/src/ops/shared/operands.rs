//! Float evaluation ([`crate::ir::operator::Operator::evaluate`]): operands as arrays, and
//! evaluation by a kernel that computes in f32.

use ndarray::{ArrayD, ArrayViewD, CowArray, IxDyn};
use niello_numeric::elementwise;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::graph::{array, contiguous};
use crate::ir::kernel::Kernel;
use crate::ir::operator::RealOperands;

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
pub(crate) fn owned(inputs: &RealOperands<'_>, i: usize) -> Result<ArrayD<f32>> {
    operand(inputs, i).map(ArrayViewD::to_owned)
}

/// A function of every element of operand 0.
pub(crate) fn mapped(
    inputs: &RealOperands<'_>,
    function: &dyn Fn(f32) -> f32,
) -> Result<ArrayD<f32>> {
    let operand = operand(inputs, 0)?;
    let mut data = contiguous(operand).into_owned();
    elementwise::map(&mut data, function);
    array(operand.shape(), data)
}

/// The elements of an array in standard layout.
pub(crate) fn flat<'a>(array: &'a CowArray<'_, f32, IxDyn>) -> Result<&'a [f32]> {
    let strided = || Error::internal("an array is not in standard layout");
    array.as_slice().ok_or_else(strided)
}

/// Operand 0 with each row of `depth` elements changed in place.
pub(crate) fn evaluate_rows(
    inputs: &RealOperands<'_>,
    depth: usize,
    shape: &[usize],
    change: impl FnMut(&mut [f32]),
) -> Result<ArrayD<f32>> {
    let mut data: Vec<f32> = operand(inputs, 0)?.iter().copied().collect();
    data.chunks_mut(depth.max(1)).for_each(change);
    array(shape, data)
}

/// The outputs of a kernel that reads its first `count` operands as f32, as real numbers.
pub(crate) fn evaluate_by_kernel(
    kernel: &dyn Kernel,
    inputs: &RealOperands<'_>,
    count: usize,
    shapes: &[&[usize]],
) -> Result<Vec<ArrayD<f32>>> {
    let buffers: Vec<Buffer> = (0..count)
        .map(|i| Ok(Buffer::F32(operand(inputs, i)?.iter().copied().collect())))
        .collect::<Result<_>>()?;
    let results = kernel.simulate_all(&buffers.iter().collect::<Vec<_>>());
    let real = |(data, shape): (&Buffer, &&[usize])| {
        let numbers = (0..data.len()).map(|at| data.number(at) as f32);
        array(shape, numbers.collect())
    };
    results.iter().zip(shapes).map(real).collect()
}
