//! Parameters of ADD and SUB.

use crate::arithmetic::fixed_point::{Integer, Multiplier};
use crate::params::broadcast::Broadcast;
use crate::params::linear::Linear;

/// How an operand is brought to the common scale.
#[derive(Clone, Copy, Debug)]
pub struct AddOperand {
    /// Negated zero point of the operand.
    pub offset: i32,
    /// Its scale by twice the larger one.
    pub multiplier: Multiplier,
}

/// Parameters of both kernels of this file.
#[derive(Clone, Copy, Debug)]
pub struct Add {
    /// Sizes and strides of the operands.
    pub broadcast: Broadcast,
    /// How operand 1 is rescaled.
    pub input1: AddOperand,
    /// How operand 2 is rescaled.
    pub input2: AddOperand,
    /// The common scale by the output's.
    pub output_multiplier: Multiplier,
    /// Zero point of the output tensor.
    pub output_offset: i32,
    /// Smallest output; smaller ones are clamped.
    pub activation_min: i32,
    /// Largest output; larger ones are clamped.
    pub activation_max: i32,
    /// Factors that compute the sum in a few instructions; for SUB the second factor is negative.
    pub linear: Linear,
}

impl AddOperand {
    #[inline(always)]
    pub(crate) fn scaled<T: Integer>(&self, q: T) -> i32 {
        if size_of::<T>() == 1 {
            // Below 2^28, and the factor is at most 1/2.
            self.multiplier.apply_small((q.wide() + self.offset) << 20)
        } else {
            self.multiplier.apply((q.wide() + self.offset) << 15)
        }
    }
}

/// The other operand of an ADD that a matrix product is fused with.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub struct Addend<'a> {
    /// The other operand, with as many elements as there are outputs.
    pub(crate) other: &'a [i8],
    /// The sum of an output, less its zero point, and another element.
    pub(crate) sum: AddF32,
    /// Parameters of ADD for outputs that have been stored first.
    pub(crate) add: &'a Add,
}

/// `a * first + (b * second + constant)`, each step rounded once, between two outputs.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct AddF32 {
    /// Factor of the first operand.
    pub(crate) first: f32,
    /// Factor of the second operand.
    pub(crate) second: f32,
    /// Number that is added to both products.
    pub(crate) constant: f32,
    /// Smallest output; smaller ones are clamped.
    pub(crate) min: i32,
    /// Largest output; larger ones are clamped.
    pub(crate) max: i32,
}
