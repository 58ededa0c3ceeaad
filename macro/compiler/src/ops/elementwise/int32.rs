//! Arithmetic of int32 tensors: indices and counts. What leaves 32 bits wraps; a
//! division by zero, which the reference refuses to run, gives 0.

use proc_macro2::TokenStream;
use quote::quote;

use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, constant_source};
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered, Source};
use crate::ops::elementwise::binary::{BinaryKernel, Integer};
use crate::ops::shared::broadcast::Broadcast;
use crate::tokens::constants::Constants;

/// The kernel of `f`, which the runtime calls `runtime`.
pub(crate) fn lower(
    context: &LowerContext<'_>,
    activation: Activation,
    runtime: &'static str,
    f: fn(i32, i32) -> i32,
) -> Result<Lowered> {
    let (a, b) = (context.input(0)?, context.input(1)?);
    let (function, sources) = function(context, activation, runtime, f)?;
    let kernel = BinaryKernel {
        broadcast: Broadcast::new(&a.value.shape, &b.value.shape)?,
        function,
    };
    Ok(Lowered::new(kernel, sources.into()))
}

/// The integer function of a [`crate::ops::elementwise::binary::Binary`], and its operands.
pub(crate) fn function(
    context: &LowerContext<'_>,
    activation: Activation,
    runtime: &'static str,
    f: fn(i32, i32) -> i32,
) -> Result<(Box<dyn Integer>, [Source; 2])> {
    if activation != Activation::None {
        return Err(Error::model(
            "it has a fused activation, which int32 arithmetic does not support",
        ));
    }
    let sources = [constant_source(context, 0)?, constant_source(context, 1)?];
    Ok((Box::new(Elementwise { runtime, f }), sources))
}

struct Elementwise {
    runtime: &'static str,
    f: fn(i32, i32) -> i32,
}

impl Integer for Elementwise {
    fn apply(&self, a: i32, b: i32) -> i32 {
        (self.f)(a, b)
    }

    fn emit(&self, broadcast: TokenStream) -> Emitted {
        Emitted {
            parameters_type: quote!(Broadcast),
            parameters: broadcast,
            function: KernelId::new(self.runtime),
        }
    }

    fn keeps_type(&self) -> bool {
        true
    }
}

/// The quotient, cut off; `i32::MIN / -1` is `i32::MIN`.
pub(crate) fn div(a: i32, b: i32) -> i32 {
    if b == 0 { 0 } else { a.wrapping_div(b) }
}

/// The integer below the quotient.
pub(crate) fn floor_div(a: i32, b: i32) -> i32 {
    let below = b != 0 && a.wrapping_rem(b) != 0 && (a < 0) != (b < 0);
    div(a, b) - i32::from(below)
}

/// What is left of [`floor_div`]: it has the divisor's sign.
pub(crate) fn floor_mod(a: i32, b: i32) -> i32 {
    let rest = if b == 0 { 0 } else { a.wrapping_rem(b) };
    if rest != 0 && (rest < 0) != (b < 0) {
        rest + b
    } else {
        rest
    }
}

/// `a` to the power of `b`; of a negative one, the cut-off reciprocal.
pub(crate) fn pow(a: i32, b: i32) -> i32 {
    match (a, u32::try_from(b)) {
        (_, Ok(exponent)) => a.wrapping_pow(exponent),
        (1, _) => 1,
        (-1, _) if b % 2 == 0 => 1,
        (-1, _) => -1,
        _ => 0,
    }
}

/// The square of the difference, `(a - b)^2`, which wraps.
pub(crate) fn squared_difference(a: i32, b: i32) -> i32 {
    let difference = a.wrapping_sub(b);
    difference.wrapping_mul(difference)
}

/// A function of one int32 value.
pub(crate) struct UnaryKernel {
    pub runtime: &'static str,
    pub f: fn(i32) -> i32,
}

impl Kernel for UnaryKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        Buffer::I32(inputs[0].i32().iter().map(|&x| (self.f)(x)).collect())
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        Emitted {
            parameters_type: quote!(Integers),
            parameters: quote!(rt::Integers),
            function: KernelId::new(self.runtime),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_are_defined_for_all_operands() {
        for (a, b, cut, floor, rest) in [
            (7, 2, 3, 3, 1),
            (-7, 2, -3, -4, 1),
            (7, -2, -3, -4, -1),
            (-7, -2, 3, 3, -1),
            (6, -3, -2, -2, 0),
            (5, 0, 0, 0, 0),
            (i32::MIN, -1, i32::MIN, i32::MIN, 0),
            (i32::MIN, i32::MAX, -1, -2, i32::MAX - 1),
        ] {
            let got = (div(a, b), floor_div(a, b), floor_mod(a, b));
            assert_eq!(got, (cut, floor, rest), "{a} {b}");
        }
        assert_eq!(
            [pow(-3, 3), pow(2, -1), pow(-1, -3), pow(0, 0)],
            [-27, 0, -1, 1]
        );
    }
}
