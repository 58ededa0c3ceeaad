//! Elementwise functions of two int8 operands that are computed in f32.

use crate::arithmetic::fixed_point::{Quantization, round};
use crate::params::broadcast::Broadcast;

/// Parameters of the kernels of this file.
#[derive(Clone, Copy, Debug)]
pub struct OfReals {
    /// Sizes and strides of the operands.
    pub broadcast: Broadcast,
    /// Operand 1's scale and zero point.
    pub input1: Quantization,
    /// Scale and zero point of operand 2.
    pub input2: Quantization,
    /// Scale and zero point of the output.
    pub output: Quantization,
}

/// An element type that represents real numbers.
pub trait Real: Copy {
    /// The real number that an element represents.
    fn real(self, quantization: &Quantization) -> f32;
}

impl Real for i8 {
    #[inline(always)]
    fn real(self, quantization: &Quantization) -> f32 {
        quantization.scale * (i32::from(self) - quantization.zero_point) as f32
    }
}

/// A constant, as it is.
impl Real for f32 {
    #[inline(always)]
    fn real(self, _: &Quantization) -> f32 {
        self
    }
}

#[inline(always)]
fn apply<A: Real, B: Real>(
    p: &OfReals,
    input1: &[A],
    input2: &[B],
    output: &mut [i8],
    f: impl Fn(f32, f32) -> f32,
) {
    p.broadcast.apply(input1, input2, output, |a: A, b: B| {
        let real = f(a.real(&p.input1), b.real(&p.input2));
        let q = round(real / p.output.scale).saturating_add(p.output.zero_point);
        q.clamp(-128, 127) as i8
    });
}

/// Computes `a - b * floor(a / b)`, which has the sign of `b`.
pub(super) fn floor_mod_of(a: f32, b: f32) -> f32 {
    let rest = a % b;
    if rest != 0.0 && (rest < 0.0) != (b < 0.0) {
        rest + b
    } else {
        rest
    }
}

/// Computes FLOOR_MOD: `a - b * floor(a / b)`, in f32.
pub fn floor_mod<A: Real, B: Real>(p: &OfReals, input1: &[A], input2: &[B], output: &mut [i8]) {
    apply(p, input1, input2, output, floor_mod_of);
}

/// Computes ATAN2: the angle of (b, a), in f32.
#[cfg(feature = "float")]
pub fn atan2<A: Real, B: Real>(p: &OfReals, input1: &[A], input2: &[B], output: &mut [i8]) {
    apply(p, input1, input2, output, libm::atan2f);
}

/// Computes POW: `a` to the power of `b`, in f32.
#[cfg(feature = "float")]
pub fn pow<A: Real, B: Real>(p: &OfReals, input1: &[A], input2: &[B], output: &mut [i8]) {
    apply(p, input1, input2, output, libm::powf);
}

#[cfg(not(feature = "float"))]
macro_rules! missing {
    ($($name:ident)*) => {$(
        /// Needs the feature `float`; a program that calls it without does not compile.
        pub fn $name<A, B>(_: &OfReals, _: &[A], _: &[B], _: &mut [i8]) {
            const {
                panic!("ATAN2 and POW of two tensors need functions of libm: enable the feature `float` of the crate niello");
            }
        }
    )*};
}

#[cfg(not(feature = "float"))]
missing! { atan2 pow }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remainders_have_the_divisors_sign() {
        let step = |scale| Quantization {
            scale,
            zero_point: 1,
        };
        let p = OfReals {
            broadcast: Broadcast {
                dims: [1, 1, 1, 1, 1, 3],
                strides1: [0, 0, 0, 0, 0, 1],
                strides2: [0; 6],
            },
            input1: step(0.5),
            input2: step(1.0),
            output: step(0.25),
        };
        let mut output = [0; 3];
        // 3.5, -3.5 and 0 by 2.
        floor_mod(&p, &[8_i8, -6, 1], &[2.0_f32], &mut output);
        assert_eq!(output, [7, 3, 1]);
    }
}
