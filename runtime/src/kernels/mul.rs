//! MUL: the elementwise product of two tensors.

use crate::arithmetic::fixed_point::{Integer, Multiplier};
#[cfg(niello_vector)]
use crate::kernels::elementwise_f32::{Between, product, product_in_place};
use crate::macros::instantiate::instantiate;
use crate::macros::multiversion::multiversion;
use crate::params::broadcast::Broadcast;
use crate::params::linear::Linear;

/// Parameters of the kernel [`mul`].
#[derive(Clone, Copy, Debug)]
pub struct Mul {
    /// Sizes and strides of the operands.
    pub broadcast: Broadcast,
    /// Operand 1's negated zero point.
    pub input1_offset: i32,
    /// Operand 2's negated zero point.
    pub input2_offset: i32,
    /// Product of the operands' scales, divided by the output's scale.
    pub output_multiplier: Multiplier,
    /// Zero point of the output tensor.
    pub output_offset: i32,
    /// Smallest output; smaller ones are clamped.
    pub activation_min: i32,
    /// Largest output; larger ones are clamped.
    pub activation_max: i32,
    /// Factors that compute the product in a few instructions.
    pub linear: Linear,
}

impl Mul {
    #[inline(always)]
    fn element<T: Integer>(&self, a: T, b: T) -> T {
        let product = (a.wide() + self.input1_offset).wrapping_mul(b.wide() + self.input2_offset);
        let q = self
            .output_multiplier
            .apply(product)
            .wrapping_add(self.output_offset);
        T::wrapped(q.max(self.activation_min).min(self.activation_max))
    }
}

instantiate! {
    /// Computes `output = input1 * input2`, broadcast.
    pub fn mul<T: MulHere>(p: &Mul, input1: &[T], input2: &[T], output: &mut [T]) = mul_inner,
        for i8 i16 i32;
    /// `in_out * input2`, in place.
    pub fn mul_in_place<T: MulInPlaceHere>(p: &Mul, in_out: &mut [T], input2: &[T]) = mul_in_place_inner,
        for i8 i16 i32;
}

fn mul_inner<T: Integer>(p: &Mul, input1: &[T], input2: &[T], output: &mut [T]) {
    #[cfg(niello_vector)]
    if let (Some(a), Some(b), Some(output)) =
        (T::int8(input1), T::int8(input2), T::int8_mut(output))
        && p.linear.is_there()
    {
        let offsets = [p.input1_offset, p.input2_offset];
        let bounds = Between(p.activation_min, p.activation_max);
        product(&p.linear, &p.broadcast, offsets, bounds, a, b, output);
        return;
    }
    mul_widely(p, input1, input2, output);
}

fn mul_in_place_inner<T: Integer>(p: &Mul, in_out: &mut [T], input2: &[T]) {
    #[cfg(niello_vector)]
    if let (Some(in_out), Some(b)) = (T::int8_mut(in_out), T::int8(input2))
        && p.linear.is_there()
    {
        let offsets = [p.input1_offset, p.input2_offset];
        let bounds = Between(p.activation_min, p.activation_max);
        product_in_place(&p.linear, &p.broadcast, offsets, bounds, in_out, b);
        return;
    }
    mul_in_place_widely(p, in_out, input2);
}

multiversion! {
fn mul_widely<T: Integer>(p: &Mul, input1: &[T], input2: &[T], output: &mut [T]) {
    p.broadcast
        .apply(input1, input2, output, |a, b| p.element(a, b));
}

fn mul_in_place_widely<T: Integer>(p: &Mul, in_out: &mut [T], input2: &[T]) {
    p.broadcast
        .apply_in_place(in_out, input2, |a, b| p.element(a, b));
}
}
