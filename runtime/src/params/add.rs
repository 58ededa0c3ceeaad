//! ADD and SUB.

use crate::arithmetic::fixed_point::{Integer, Multiplier};
use crate::params::broadcast::Broadcast;
use crate::params::linear::Linear;

/// How an operand is brought to the common scale.
#[derive(Clone, Copy, Debug)]
pub struct AddOperand {
    /// Its negated zero point.
    pub offset: i32,
    /// Its scale by twice the larger one.
    pub multiplier: Multiplier,
}

/// Parameters of both.
#[derive(Clone, Copy, Debug)]
pub struct Add {
    /// How the operands meet.
    pub broadcast: Broadcast,
    /// Operand 1.
    pub input1: AddOperand,
    /// Operand 2.
    pub input2: AddOperand,
    /// The common scale by the output's.
    pub output_multiplier: Multiplier,
    /// The output's zero point.
    pub output_offset: i32,
    /// Smallest output.
    pub activation_min: i32,
    /// Largest output.
    pub activation_max: i32,
    /// The same in a few instructions; of SUB with the second operand's sign.
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

/// What is added to the outputs of a matrix product.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub struct Addend<'a> {
    /// As many elements as there are outputs.
    pub(crate) other: &'a [i8],
    /// The sum of an output, less its zero point, and another element.
    pub(crate) sum: AddF32,
    /// The same of outputs that have been stored.
    pub(crate) add: &'a Add,
}

/// `a * first + (b * second + constant)`, each step rounded once, between two outputs.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct AddF32 {
    pub(crate) first: f32,
    pub(crate) second: f32,
    pub(crate) constant: f32,
    pub(crate) min: i32,
    pub(crate) max: i32,
}
