//! Arithmetic of int32 tensors: results wrap at 32 bits, and a division by zero
//! gives 0.

use crate::kernels::reduce::Reduce;
use crate::params::broadcast::Broadcast;

/// Parameters of functions of one int32 value: there are none.
#[derive(Clone, Copy, Debug)]
pub struct Integers;

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident: $f:expr;)*) => {$(
        $(#[$doc])*
        pub fn $name(p: &Broadcast, input1: &[i32], input2: &[i32], output: &mut [i32]) {
            p.apply(input1, input2, output, $f);
        }
    )*};
}

binary! {
    /// Computes `output = input1 + input2`, broadcast.
    add_i32: i32::wrapping_add;
    /// Computes `output = input1 - input2`, broadcast.
    sub_i32: i32::wrapping_sub;
    /// Computes `output = input1 * input2`, broadcast.
    mul_i32: i32::wrapping_mul;
    /// `input1 / input2`, cut off.
    div_i32: div;
    /// `input1 / input2`, rounded down.
    floor_div_i32: |a, b| {
        let below = floor_mod(a, b) != a.checked_rem(b).unwrap_or(0);
        div(a, b) - i32::from(below)
    };
    /// Computes `a - b * floor(a / b)`, which has the sign of `b`.
    floor_mod_i32: floor_mod;
    /// `input1` to the power of `input2`; of a negative one, the cut-off reciprocal.
    pow_i32: pow;
    /// The bits in which `input1` and `input2` differ.
    bitwise_xor_i32: |a, b| a ^ b;
    /// `input1` shifted right by 0 to 31 bits.
    right_shift_i32: |a: i32, b: i32| a >> b.clamp(0, 31);
    /// Computes `output = (input1 - input2)^2`, broadcast.
    squared_difference_i32: |a: i32, b| {
        let difference = a.wrapping_sub(b);
        difference.wrapping_mul(difference)
    };
}

fn div(a: i32, b: i32) -> i32 {
    if b == 0 { 0 } else { a.wrapping_div(b) }
}

fn floor_mod(a: i32, b: i32) -> i32 {
    let rest = a.checked_rem(b).unwrap_or(0);
    // The divisor's sign.
    if rest != 0 && (rest ^ b) < 0 {
        rest + b
    } else {
        rest
    }
}

fn pow(a: i32, b: i32) -> i32 {
    match (a, u32::try_from(b)) {
        (_, Ok(exponent)) => a.wrapping_pow(exponent),
        (1, _) => 1,
        (-1, _) => 1 - 2 * (b & 1),
        _ => 0,
    }
}

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident: $f:expr;)*) => {$(
        $(#[$doc])*
        pub fn $name(_: &Integers, input: &[i32], output: &mut [i32]) {
            for (out, &x) in output.iter_mut().zip(input) {
                *out = $f(x);
            }
        }
    )*};
}

unary! {
    /// Computes `y = |x|` in f32.
    abs_i32: i32::wrapping_abs;
    /// Computes `y = -x` in f32.
    neg_i32: i32::wrapping_neg;
}

/// Computes the sum of each reduced lane.
pub fn sum_i32(p: &Reduce, input: &[i32], output: &mut [i32]) {
    p.fold(input, output, 0, i32::wrapping_add, |sum| sum);
}

/// Computes the mean of each lane, truncated towards zero.
pub fn mean_i32(p: &Reduce, input: &[i32], output: &mut [i32]) {
    let sizes = p.dims.iter().zip(p.reduced);
    let count = sizes.fold(1, |n, (&size, reduced)| if reduced { n * size } else { n });
    let count = count.max(1) as i64;
    let next = |sum: i64, x: i32| sum.wrapping_add(x.into());
    p.fold(input, output, 0, next, |sum| (sum / count) as i32);
}

/// Computes the product of the elements of each reduced lane.
pub fn product_i32(p: &Reduce, input: &[i32], output: &mut [i32]) {
    p.fold(input, output, 1, i32::wrapping_mul, |product| product);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Broadcast of one number to all elements.
    const NUMBER: Broadcast = Broadcast {
        dims: [1, 1, 1, 1, 1, 3],
        strides1: [0, 0, 0, 0, 0, 1],
        strides2: [0; 6],
    };

    fn run(
        f: fn(&Broadcast, &[i32], &[i32], &mut [i32]),
        input1: [i32; 3],
        input2: i32,
    ) -> [i32; 3] {
        let mut output = [9; 3];
        f(&NUMBER, &input1, &[input2], &mut output);
        output
    }

    #[test]
    fn a_number_meets_every_element() {
        assert_eq!(run(sub_i32, [7, i32::MIN, 0], 2), [5, i32::MAX - 1, -2]);
    }

    #[test]
    fn quotients_are_defined_for_all_operands() {
        let all = [7, -7, i32::MIN];
        assert_eq!(run(div_i32, all, -1), [-7, 7, i32::MIN]);
        assert_eq!(run(floor_div_i32, all, -2), [-4, 3, 1 << 30]);
        assert_eq!(run(floor_mod_i32, all, -2), [-1, -1, 0]);
        assert_eq!(run(floor_mod_i32, all, 3), [1, 2, 1]);
        for f in [div_i32, floor_div_i32, floor_mod_i32] {
            assert_eq!(run(f, all, 0), [0; 3]);
        }
        assert_eq!(run(floor_div_i32, all, -1), [-7, 7, i32::MIN]);
        assert_eq!(run(pow_i32, [-3, 2, -1], 3), [-27, 8, -1]);
        assert_eq!(run(pow_i32, [-1, 2, 1], -3), [-1, 0, 1]);
    }

    #[test]
    fn means_are_cut_off() {
        let p = Reduce {
            dims: [1, 1, 1, 3],
            reduced: [false, false, false, true],
        };
        let mut output = [0];
        mean_i32(&p, &[i32::MIN, i32::MIN, 0], &mut output);
        assert_eq!(output, [-1_431_655_765]);
        product_i32(&p, &[1 << 20, 1 << 20, 3], &mut output);
        assert_eq!(output, [0]);
    }
}
