//! LOGICAL_AND and LOGICAL_OR of 1 and 0.

use super::broadcast::Broadcast;

/// True if both are.
pub fn logical_and(p: &Broadcast, input1: &[i8], input2: &[i8], output: &mut [i8]) {
    p.apply(input1, input2, output, |a, b| a & b);
}

/// True if one is.
pub fn logical_or(p: &Broadcast, input1: &[i8], input2: &[i8], output: &mut [i8]) {
    p.apply(input1, input2, output, |a, b| a | b);
}
