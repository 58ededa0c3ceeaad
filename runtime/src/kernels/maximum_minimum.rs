//! MAXIMUM and MINIMUM of operands of one scale.

use crate::params::broadcast::Broadcast;

/// The larger of two.
pub fn maximum<T: Copy + Ord>(p: &Broadcast, input1: &[T], input2: &[T], output: &mut [T]) {
    p.apply(input1, input2, output, T::max);
}

/// The smaller of two.
pub fn minimum<T: Copy + Ord>(p: &Broadcast, input1: &[T], input2: &[T], output: &mut [T]) {
    p.apply(input1, input2, output, T::min);
}
