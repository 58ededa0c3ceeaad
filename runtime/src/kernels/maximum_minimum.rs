//! MAXIMUM and MINIMUM of operands of one scale.

use crate::params::broadcast::Broadcast;

/// Computes `output = max(input1, input2)`, broadcast.
pub fn maximum<T: Copy + Ord>(p: &Broadcast, input1: &[T], input2: &[T], output: &mut [T]) {
    p.apply(input1, input2, output, T::max);
}

/// Computes `output = min(input1, input2)`, broadcast.
pub fn minimum<T: Copy + Ord>(p: &Broadcast, input1: &[T], input2: &[T], output: &mut [T]) {
    p.apply(input1, input2, output, T::min);
}
