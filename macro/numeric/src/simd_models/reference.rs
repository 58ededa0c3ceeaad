//! The reference's fixed-point functions once more, from their definitions: exact products in
//! 128 bits, each rounded by itself, constants from the real functions. Tests compare the
//! compiler's and the runtime's with these; they share no code.

/// `x` between the numbers of 32 bits.
fn saturated(x: i128) -> i32 {
    x.clamp(i32::MIN.into(), i32::MAX.into()) as i32
}

/// Two Q0.31 numbers' product, to the nearest, ties up.
pub fn product(a: i32, b: i32) -> i32 {
    saturated((i128::from(a) * i128::from(b) + (1 << 30)) >> 31)
}

/// `x` by a power of two, to the nearest, ties away from zero.
pub fn halved(x: i32, times: u32) -> i32 {
    let magnitude = (i128::from(x).abs() + ((1 << times) >> 1)) >> times;
    saturated(magnitude * i128::from(x.signum()))
}

/// `x` times a power of two, saturating.
fn doubled(x: i32, times: u32) -> i32 {
    saturated(i128::from(x) << times)
}

/// A real number as a Q0.31 significand, and the power of two that it is to be multiplied by.
pub fn multiplier(real: f64) -> (i32, i32) {
    if real == 0.0 {
        return (0, 0);
    }
    let mut exponent = real.abs().log2().floor() as i32 + 1;
    let mut significand = (real / 2_f64.powi(exponent) * 2_f64.powi(31)).round();
    if significand == 2_f64.powi(31) {
        (significand, exponent) = (2_f64.powi(30), exponent + 1);
    }
    if exponent < -31 {
        return (0, 0);
    }
    (significand as i32, exponent)
}

/// `x` by a multiplier: shifted left or multiplied and shifted right, with two roundings.
pub fn scaled(x: i32, (significand, exponent): (i32, i32)) -> i32 {
    let left = exponent.max(0) as u32;
    let shifted = (i128::from(x) << left) as i32;
    halved(product(shifted, significand), (-exponent).max(0) as u32)
}

/// A real number in (-1, 1) as Q0.31.
fn q31(real: f64) -> i32 {
    (real * 2_f64.powi(31)).round() as i32
}

/// exp(x) in Q0.31, of an `x` of at most 0 with so many integer bits: a series of the fourth
/// order between -1/4 and 0, then a factor for each bit above.
pub fn exponential(x: i32, integer_bits: u32) -> i32 {
    if x == 0 {
        return i32::MAX;
    }
    let quarter = 1_i64 << (31 - integer_bits - 2);
    let within = i64::from(x).rem_euclid(quarter) - quarter;
    let mut quarters = (within - i64::from(x)) / quarter;
    let d = doubled(within as i32, integer_bits) + (1 << 28);
    let (square, eighth) = (product(d, d), q31((-0.125_f64).exp()));
    let cube = product(square, d);
    let fourth = halved(product(square, square), 2);
    let higher = halved(product(fourth + cube, q31(1.0 / 3.0)) + square, 1);
    let mut result = eighth + product(eighth, d + higher);
    let mut exponent = 0.25_f64;
    while quarters > 0 {
        if quarters & 1 == 1 {
            result = product(result, q31((-exponent).exp()));
        }
        (quarters, exponent) = (quarters >> 1, exponent * 2.0);
    }
    result
}

/// 1 / (1 + x) in Q2.29, of a Q0.31 number between 0 and 1: three steps of Newton's method.
fn reciprocal(x: i32) -> i32 {
    let sum = i128::from(x) + i128::from(i32::MAX);
    let half = ((sum + 1) / 2) as i32;
    let q29 = |real: f64| (real * 2_f64.powi(29)).round() as i32;
    let mut found = q29(48.0 / 17.0) + product(half, q29(-32.0 / 17.0));
    for _ in 0..3 {
        let error = (1 << 29) - product(half, found);
        found += doubled(product(found, error), 2);
    }
    found
}

/// The logistic function of a Q4.27 number, in Q0.31.
pub fn logistic(x: i32) -> i32 {
    let of_magnitude = || {
        let magnitude = x.saturating_abs();
        doubled(reciprocal(exponential(-magnitude, 4)), 1)
    };
    match x.signum() {
        0 => 1 << 30,
        1 => of_magnitude(),
        _ => i32::MAX - of_magnitude(),
    }
}

/// The hyperbolic tangent of a Q4.27 number, in Q0.31: the exponential is that of twice as much.
pub fn tanh(x: i32) -> i32 {
    if x == 0 {
        return 0;
    }
    let magnitude = exponential(-x.saturating_abs(), 5);
    doubled(reciprocal(magnitude) - (1 << 29), 2) * x.signum()
}

/// Differences from there on count as infinite: of inputs with so many integer bits behind a
/// shift to the left.
pub fn radius(integer_bits: u32, left: i32) -> i32 {
    let largest = ((1_i64 << integer_bits) - 1) as f64;
    (largest * 2_f64.powi(31 - integer_bits as i32) / 2_f64.powi(left)).floor() as i32
}

/// exp(-d) in Q0.31 of a difference of `d` steps, if it counts; `by` is `beta` times the input's
/// scale in Q5.26.
pub fn softmax_term(d: i32, by: (i32, i32)) -> Option<i32> {
    let shifted = (i128::from(-d) << by.1) as i32;
    (d <= radius(5, by.1)).then(|| exponential(product(shifted, by.0), 5))
}

/// SOFTMAX of a row of int8, to int8. The reference itself ends with an error where a row has
/// more than 511 ones; the quotient, rounded, is what is right there.
pub fn softmax(row: &[i8], by: (i32, i32)) -> Vec<i8> {
    let largest = row.iter().copied().max().unwrap_or_default();
    let term = |x: i8| softmax_term(i32::from(largest) - i32::from(x), by);
    // Q12.19. More than 4096 ones have no answer of the reference's, which overflows.
    let terms = row.iter().filter_map(|&x| term(x)).map(|e| halved(e, 12));
    let sum = saturated(terms.map(i128::from).sum());
    let left = sum.leading_zeros();
    let fraction = ((i64::from(sum) << left) - (1 << 31)) as i32;
    let one_by_sum = doubled(reciprocal(fraction), 1);
    let output = |x: &i8| match term(*x) {
        Some(e) => halved(product(one_by_sum, e), 12 + 31 - 8 - left) - 128,
        None => -128,
    };
    row.iter()
        .map(|x| output(x).clamp(-128, 127) as i8)
        .collect()
}
