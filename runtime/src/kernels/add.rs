//! ADD and SUB: both operands are brought to a common scale with more bits:
//! 20 for int8, 15 for int16.

use crate::arithmetic::fixed_point::Integer;
#[cfg(niello_helium)]
use crate::kernels::add_helium;
use crate::kernels::add_i16::{try_add, try_add_in_place};
#[cfg(niello_vector)]
use crate::kernels::elementwise_f32::{Between, sum, sum_in_place};
use crate::macros::instantiate::instantiate;
use crate::macros::multiversion::multiversion;
use crate::params::add::Add;

impl Add {
    #[inline(always)]
    fn finish<T: Integer>(&self, sum: i32) -> T {
        let scaled = if size_of::<T>() == 1 && self.output_multiplier.shift <= 0 {
            // Below 2^29.
            self.output_multiplier.apply_small(sum)
        } else {
            self.output_multiplier.apply(sum)
        };
        let q = scaled.wrapping_add(self.output_offset);
        T::wrapped(q.max(self.activation_min).min(self.activation_max))
    }

    #[inline(always)]
    fn add<T: Integer>(&self, a: T, b: T) -> T {
        self.finish(self.input1.scaled(a).wrapping_add(self.input2.scaled(b)))
    }

    #[inline(always)]
    fn sub<T: Integer>(&self, a: T, b: T) -> T {
        self.finish(self.input1.scaled(a).wrapping_sub(self.input2.scaled(b)))
    }
}

instantiate! {
    /// Computes `output = input1 + input2`, broadcast.
    pub fn add<T: AddHere>(p: &Add, input1: &[T], input2: &[T], output: &mut [T]) = add_inner,
        for i8 i16 i32;
    /// `in_out + input2`, in place.
    pub fn add_in_place<T: AddInPlaceHere>(p: &Add, in_out: &mut [T], input2: &[T]) = add_in_place_inner,
        for i8 i16 i32;
    /// Computes `output = input1 - input2`, broadcast.
    pub fn sub<T: SubHere>(p: &Add, input1: &[T], input2: &[T], output: &mut [T]) = sub_inner,
        for i8 i16 i32;
    /// `in_out - input2`, in place.
    pub fn sub_in_place<T: SubInPlaceHere>(p: &Add, in_out: &mut [T], input2: &[T]) = sub_in_place_inner,
        for i8 i16 i32;
}

// Inlined on small cores as `instantiate` does: their loops know the parameters.
#[cfg_attr(not(niello_vector), inline(always))]
fn add_inner<T: Integer>(p: &Add, input1: &[T], input2: &[T], output: &mut [T]) {
    #[cfg(niello_helium)]
    if add_helium::try_add(p, input1, input2, output) {
        return;
    }
    if !p.is_linear(input1, input2, output) && !try_add(p, 0, input1, input2, output) {
        add_widely(p, input1, input2, output);
    }
}

#[cfg_attr(not(niello_vector), inline(always))]
fn add_in_place_inner<T: Integer>(p: &Add, in_out: &mut [T], input2: &[T]) {
    #[cfg(niello_helium)]
    if add_helium::try_add_in_place(p, in_out, input2) {
        return;
    }
    if !p.is_linear_in_place(in_out, input2) && !try_add_in_place(p, 0, in_out, input2) {
        add_in_place_widely(p, in_out, input2);
    }
}

#[cfg_attr(not(niello_vector), inline(always))]
fn sub_inner<T: Integer>(p: &Add, input1: &[T], input2: &[T], output: &mut [T]) {
    if !p.is_linear(input1, input2, output) && !try_add(p, -1, input1, input2, output) {
        sub_widely(p, input1, input2, output);
    }
}

#[cfg_attr(not(niello_vector), inline(always))]
fn sub_in_place_inner<T: Integer>(p: &Add, in_out: &mut [T], input2: &[T]) {
    if !p.is_linear_in_place(in_out, input2) && !try_add_in_place(p, -1, in_out, input2) {
        sub_in_place_widely(p, in_out, input2);
    }
}

/// The few-instruction version, where there is one: true if it was that.
impl Add {
    #[cfg(niello_vector)]
    fn is_linear<T: Integer>(&self, a: &[T], b: &[T], output: &mut [T]) -> bool {
        let (Some(a), Some(b), Some(output)) = (T::int8(a), T::int8(b), T::int8_mut(output)) else {
            return false;
        };
        let bounds = Between(self.activation_min, self.activation_max);
        if self.linear.is_there() {
            sum(&self.linear, &self.broadcast, bounds, a, b, output);
        }
        self.linear.is_there()
    }

    #[cfg(niello_vector)]
    fn is_linear_in_place<T: Integer>(&self, in_out: &mut [T], b: &[T]) -> bool {
        let (Some(in_out), Some(b)) = (T::int8_mut(in_out), T::int8(b)) else {
            return false;
        };
        let bounds = Between(self.activation_min, self.activation_max);
        if self.linear.is_there() {
            sum_in_place(&self.linear, &self.broadcast, bounds, in_out, b);
        }
        self.linear.is_there()
    }

    #[cfg(not(niello_vector))]
    fn is_linear<T: Integer>(&self, _: &[T], _: &[T], _: &mut [T]) -> bool {
        false
    }

    #[cfg(not(niello_vector))]
    fn is_linear_in_place<T: Integer>(&self, _: &mut [T], _: &[T]) -> bool {
        false
    }
}

multiversion! {
fn add_widely<T: Integer>(p: &Add, input1: &[T], input2: &[T], output: &mut [T]) {
    p.broadcast
        .apply(input1, input2, output, |a, b| p.add(a, b));
}

fn add_in_place_widely<T: Integer>(p: &Add, in_out: &mut [T], input2: &[T]) {
    p.broadcast
        .apply_in_place(in_out, input2, |a, b| p.add(a, b));
}

fn sub_widely<T: Integer>(p: &Add, input1: &[T], input2: &[T], output: &mut [T]) {
    p.broadcast
        .apply(input1, input2, output, |a, b| p.sub(a, b));
}

fn sub_in_place_widely<T: Integer>(p: &Add, in_out: &mut [T], input2: &[T]) {
    p.broadcast
        .apply_in_place(in_out, input2, |a, b| p.sub(a, b));
}
}
