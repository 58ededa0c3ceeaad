//! Operators that the user keeps in float: f32 in, f32 out.
//!
//! Weighted operators are the integer kernels with other accumulators; what only
//! moves elements is the same for all types.

use crate::arithmetic::fixed_point::sqrt;
use crate::kernels::angle::{cos, sin};
use crate::kernels::binary_f32::floor_mod_of;
use crate::kernels::float_epilogue::{logistic, tanh};
use crate::kernels::reduce::Reduce;
use crate::params::broadcast::Broadcast;
use crate::params::window::Window;

/// Parameters of elementwise functions of two operands.
#[derive(Clone, Copy, Debug)]
pub struct FloatBinary {
    /// Sizes and strides of the operands.
    pub broadcast: Broadcast,
    /// Smallest output; smaller ones are clamped.
    pub activation_min: f32,
    /// Largest output; larger ones are clamped.
    pub activation_max: f32,
}

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident: $f:expr;)*) => {$(
        $(#[$doc])*
        pub fn $name(p: &FloatBinary, input1: &[f32], input2: &[f32], output: &mut [f32]) {
            p.broadcast.apply(input1, input2, output, |a, b| {
                let x: f32 = $f(a, b);
                x.max(p.activation_min).min(p.activation_max)
            });
        }
    )*};
}

binary! {
    /// Computes `output = input1 + input2`, broadcast.
    float_add: |a, b| a + b;
    /// Computes `output = input1 - input2`, broadcast.
    float_sub: |a, b| a - b;
    /// Computes `output = input1 * input2`, broadcast.
    float_mul: |a, b| a * b;
    /// Computes `output = input1 / input2`, broadcast.
    float_div: |a, b| a / b;
    /// `input1 / input2`, rounded down.
    float_floor_div: |a: f32, b: f32| floor(a / b);
    /// Computes `output = max(input1, input2)`, broadcast.
    float_maximum: f32::max;
    /// Computes `a - b * floor(a / b)`, which has the sign of `b`.
    float_floor_mod: floor_mod_of;
    /// Computes `output = min(input1, input2)`, broadcast.
    float_minimum: f32::min;
    /// `input1`, or below zero `input1 * input2`.
    float_prelu: |x: f32, alpha: f32| if x >= 0.0 { x } else { x * alpha };
    /// Computes `output = (input1 - input2)^2`, broadcast.
    float_squared_difference: |a: f32, b: f32| (a - b) * (a - b);
}

#[cfg(feature = "float")]
binary! {
    /// The angle of a point.
    float_atan2: libm::atan2f;
    /// `input1` to the power of `input2`.
    float_pow_of: libm::powf;
}

#[cfg(not(feature = "float"))]
macro_rules! missing_binary {
    ($($name:ident)*) => {$(
        /// Needs the feature `float`; a program that calls it without does not compile.
        pub fn $name<T>(_: &FloatBinary, _: &[T], _: &[T], _: &mut [T]) {
            const {
                panic!("an operator that is kept in float needs a function of libm: enable the feature `float` of the crate niello");
            }
        }
    )*};
}

#[cfg(not(feature = "float"))]
missing_binary! { float_atan2 float_pow_of }

/// Parameters of elementwise functions of one operand.
#[derive(Clone, Copy, Debug)]
pub struct FloatUnary {
    /// LEAKY_RELU's slope, POW's exponent; else unused.
    pub parameter: f32,
}

/// The largest integer that is not above `x`.
fn floor(x: f32) -> f32 {
    // Larger numbers are integers; so are infinities, and NaN stays.
    if x.is_nan() || x.abs() >= 8_388_608.0 {
        return x;
    }
    let whole = x as i32 as f32;
    // The sign of zero is the argument's.
    if whole > x {
        whole - 1.0
    } else {
        whole.copysign(x)
    }
}

/// The nearest integer, ties to even.
fn round_to_even(x: f32) -> f32 {
    if x.is_nan() || x.abs() >= 8_388_608.0 {
        return x;
    }
    // The sum has no bits for fractions: it is rounded.
    ((x.abs() + 8_388_608.0) - 8_388_608.0).copysign(x)
}

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident: $f:expr;)*) => {$(
        $(#[$doc])*
        pub fn $name(p: &FloatUnary, input: &[f32], output: &mut [f32]) {
            for (out, &x) in output.iter_mut().zip(input) {
                *out = $f(x, p.parameter);
            }
        }
    )*};
}

unary! {
    /// Computes `y = |x|` in f32.
    float_abs: |x: f32, _| x.abs();
    /// `x * min(max(x + 3, 0), 6) / 6`.
    float_hard_swish: |x: f32, _| x * (x + 3.0).clamp(0.0, 6.0) * (1.0 / 6.0);
    /// `x`, or below zero `alpha * x`.
    float_leaky_relu: |x, alpha| if x > 0.0 { x } else { alpha * x };
    /// `1 / (1 + exp(-x))`.
    float_logistic: |x, _| logistic(x);
    /// Computes `y = -x` in f32.
    float_neg: |x: f32, _| -x;
    /// Computes `y = max(x, 0)` in f32.
    float_relu: |x: f32, _| x.max(0.0);
    /// Computes `y = min(max(x, 0), 6)` in f32.
    float_relu6: |x: f32, _| x.clamp(0.0, 6.0);
    /// Computes `y = min(max(x, 0), 1)` in f32.
    float_relu_0_to_1: |x: f32, _| x.clamp(0.0, 1.0);
    /// Computes `y = min(max(x, -1), 1)` in f32.
    float_relu_n1_to_1: |x: f32, _| x.clamp(-1.0, 1.0);
    /// Computes the sign in f32: -1, 0 or 1.
    float_sign: |x: f32, _| if x > 0.0 { 1.0 } else if x < 0.0 { -1.0 } else { 0.0 };
    /// Computes `y = x * x` in f32.
    float_square: |x: f32, _| x * x;
    /// Computes `y = cos(x)` in f32.
    float_cos: |x, _| cos(x);
    /// Computes `y = sin(x)` in f32.
    float_sin: |x, _| sin(x);
    /// Computes `y = ceil(x)` in f32.
    float_ceil: |x: f32, _| -floor(-x);
    /// Computes `y = floor(x)` in f32.
    float_floor: |x, _| floor(x);
    /// To the nearest integer, ties to even.
    float_round: |x, _| round_to_even(x);
    /// Computes `y = 1 / sqrt(x)` in f32.
    float_rsqrt: |x, _| 1.0 / sqrt(x);
    /// Computes `y = sqrt(x)` in f32.
    float_sqrt: |x, _| sqrt(x);
    /// Computes `y = tanh(x)` in f32.
    float_tanh: |x, _| tanh(x);
}

#[cfg(feature = "float")]
unary! {
    /// `x`, or below zero `exp(x) - 1`.
    float_elu: |x, _| if x > 0.0 { x } else { libm::expm1f(x) };
    /// Computes `y = exp(x)` in f32.
    float_exp: |x, _| libm::expf(x);
    /// `x` times the normal distribution function, or its tanh approximation if
    /// the parameter is not 0.
    float_gelu: |x: f32, approximate: f32| if approximate != 0.0 {
        0.5 * x * (1.0 + tanh(0.797_884_6 * (x + 0.044_715 * x * x * x)))
    } else {
        0.5 * x * libm::erfcf(-x * core::f32::consts::FRAC_1_SQRT_2)
    };
    /// Computes `y = ln(x)` in f32.
    float_log: |x, _| libm::logf(x);
    /// `x` to the power of the parameter.
    float_pow: libm::powf;
}

#[cfg(not(feature = "float"))]
macro_rules! missing {
    ($($name:ident)*) => {$(
        /// Needs the feature `float`; a program that calls it without does not compile.
        pub fn $name<T>(_: &FloatUnary, _: &[T], _: &mut [T]) {
            const {
                panic!("an operator that is kept in float needs a function of libm: enable the feature `float` of the crate niello");
            }
        }
    )*};
}

#[cfg(not(feature = "float"))]
missing! {
    float_elu float_exp float_gelu float_log float_pow
}

/// Parameters of both float pools.
#[derive(Clone, Copy, Debug)]
pub struct FloatPool2d {
    /// Sizes, strides and padding of the window.
    pub window: Window,
    /// Number of channels of a pixel.
    pub channels: usize,
    /// Smallest output; smaller ones are clamped.
    pub activation_min: f32,
    /// Largest output; larger ones are clamped.
    pub activation_max: f32,
}

#[inline(always)]
fn pool(
    p: &FloatPool2d,
    input: &[f32],
    output: &mut [f32],
    start: f32,
    fold: impl Fn(f32, f32) -> f32,
    finish: impl Fn(f32, f32) -> f32,
) {
    let channels = p.channels.max(1);
    for (position, pixel) in p.window.positions().zip(output.chunks_exact_mut(channels)) {
        for (channel, out) in pixel.iter_mut().enumerate() {
            let (mut value, mut count) = (start, 0.0);
            p.window.taps(position, |_, at| {
                if let Some(&x) = input.get(at * channels + channel) {
                    value = fold(value, x);
                    count += 1.0;
                }
            });
            *out = finish(value, count)
                .max(p.activation_min)
                .min(p.activation_max);
        }
    }
}

/// Means of the taps inside the input.
pub fn float_average_pool_2d(p: &FloatPool2d, input: &[f32], output: &mut [f32]) {
    pool(p, input, output, 0.0, |sum, x| sum + x, |sum, n| sum / n);
}

/// Maxima of the taps inside the input.
pub fn float_max_pool_2d(p: &FloatPool2d, input: &[f32], output: &mut [f32]) {
    pool(p, input, output, f32::MIN, f32::max, |max, _| max);
}

/// Roots of the mean squares of the taps inside the input.
pub fn float_l2_pool_2d(p: &FloatPool2d, input: &[f32], output: &mut [f32]) {
    let root = |sum: f32, n: f32| sqrt(sum / n);
    pool(p, input, output, 0.0, |sum, x| sum + x * x, root);
}

/// Parameters of the kernel [`float_mean`].
#[derive(Clone, Copy, Debug)]
pub struct FloatMean {
    /// Sizes of the dimensions, and which are reduced.
    pub reduce: Reduce,
    /// `1 / n` for the mean of `n` elements; 1 for SUM.
    pub factor: f32,
}

/// Computes MEAN or SUM in f32.
pub fn float_mean(p: &FloatMean, input: &[f32], output: &mut [f32]) {
    let finish = |sum| sum * p.factor;
    p.reduce
        .fold(input, output, 0.0, |sum: f32, x: f32| sum + x, finish);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_and_integers_are_those_of_the_standard_library() {
        let mut bits = 1_u32;
        for _ in 0..if cfg!(miri) { 200 } else { 200_000 } {
            bits = bits.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let x = f32::from_bits(bits);
            let (root, want) = (sqrt(x.abs()), x.abs().sqrt());
            assert!(
                root.to_bits() == want.to_bits() || x.is_nan(),
                "{x}: {root} {want}"
            );
            for (got, want) in [
                (floor(x), x.floor()),
                (-floor(-x), x.ceil()),
                (round_to_even(x), x.round_ties_even()),
            ] {
                assert!(got == want || x.is_nan(), "{x}: {got} {want}");
            }
        }
        assert_eq!(
            sqrt(f32::MIN_POSITIVE / 4.0),
            (f32::MIN_POSITIVE / 4.0).sqrt()
        );
    }

    #[test]
    fn elements_are_clamped_and_broadcast() {
        let p = FloatBinary {
            broadcast: Broadcast {
                dims: [1, 1, 1, 1, 2, 2],
                strides1: [0, 0, 0, 0, 2, 1],
                strides2: [0, 0, 0, 0, 0, 1],
            },
            activation_min: 0.0,
            activation_max: f32::INFINITY,
        };
        let mut output = [0.0; 4];
        float_sub(&p, &[1.0, 2.0, 3.0, 4.0], &[2.0, 0.5], &mut output);
        assert_eq!(output, [0.0, 1.5, 1.0, 3.5]);
    }

    #[test]
    fn functions_follow_their_definitions() {
        let p = FloatUnary { parameter: 0.25 };
        let run = |f: fn(&FloatUnary, &[f32], &mut [f32])| {
            let mut output = [0.0; 4];
            f(&p, &[-4.0, -0.5, 0.0, 7.0], &mut output);
            output
        };
        assert_eq!(run(float_leaky_relu), [-1.0, -0.125, 0.0, 7.0]);
        assert_eq!(run(float_relu6), [0.0, 0.0, 0.0, 6.0]);
        assert_eq!(run(float_sign), [-1.0, -1.0, 0.0, 1.0]);
        assert_eq!(run(float_hard_swish)[3], 7.0);
    }
}
