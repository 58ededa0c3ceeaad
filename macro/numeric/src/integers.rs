//! Functions of integers over whole tensors.

use crate::arithmetic::convert::{saturate_i8, saturate_i16};

/// int8 values as int32.
pub fn widen_i8(data: &[i8]) -> Vec<i32> {
    data.iter().map(|&q| q.into()).collect()
}

/// int16 values as int32.
pub fn widen_i16(data: &[i16]) -> Vec<i32> {
    data.iter().map(|&q| q.into()).collect()
}

/// The nearest int8 values.
pub fn narrow_i8(data: &[i32]) -> Vec<i8> {
    data.iter().map(|&q| saturate_i8(q)).collect()
}

/// The nearest int16 values.
pub fn narrow_i16(data: &[i32]) -> Vec<i16> {
    data.iter().map(|&q| saturate_i16(q)).collect()
}

/// A function of two operands, whose elements meet at these positions.
pub fn zip(
    a: &[i32],
    b: &[i32],
    positions: &[(usize, usize)],
    function: &dyn Fn(i32, i32) -> i32,
) -> Vec<i32> {
    positions
        .iter()
        .map(|&(i, j)| function(a[i], b[j]))
        .collect()
}
