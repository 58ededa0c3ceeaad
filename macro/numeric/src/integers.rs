//! Functions of integers over whole tensors.

use crate::arithmetic::convert::{saturate_i8, saturate_i16};

/// Gives int8 numbers the type int32.
pub fn widen_i8(data: &[i8]) -> Vec<i32> {
    data.iter().map(|&q| q.into()).collect()
}

/// Gives int16 numbers the type int32.
pub fn widen_i16(data: &[i16]) -> Vec<i32> {
    data.iter().map(|&q| q.into()).collect()
}

/// For each number, the nearest one that int8 holds.
pub fn narrow_i8(data: &[i32]) -> Vec<i8> {
    data.iter().map(|&q| saturate_i8(q)).collect()
}

/// For each number, the nearest one that int16 holds.
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
