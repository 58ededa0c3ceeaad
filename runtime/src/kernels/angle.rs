//! Sine and cosine in f32, without libm: the angle less the nearest multiple of pi/2, then
//! the Taylor polynomial, both in f64.

/// Bits of 2/pi behind the binary point, 64 in a word (OEIS A060294 in base 2).
const TWO_OVER_PI: [u64; 4] = [
    0xA2F9_836E_4E44_1529,
    0xFC27_57D1_F534_DDC0,
    0xDB62_9599_3C43_9041,
    0xFE51_63AB_DEBB_C561,
];

/// The first 33 bits of pi/2, so that products with up to 20 bits are exact, and the rest.
const HALF_PI_HIGH: f64 = 1.570_796_326_734_125_6;
const HALF_PI_LOW: f64 = 6.077_100_506_506_192e-11;

/// An angle as `quadrant * pi/2 + rest`, `rest` between -pi/4 and pi/4. `x` is finite.
fn reduce(x: f32) -> (u32, f64) {
    if x.abs() < 1_048_576.0 {
        let turns = f64::from(x) * core::f64::consts::FRAC_2_PI;
        let quadrant = (turns + 0.5_f64.copysign(turns)) as i32;
        let turns = f64::from(quadrant);
        let rest = f64::from(x) - turns * HALF_PI_HIGH - turns * HALF_PI_LOW;
        return (quadrant as u32, rest);
    }
    // `x = m * 2^e`, `e` at least -3: whole turns are multiples of 4 quadrants, so that only
    // some bits of 2/pi matter (Payne and Hanek, "Radian reduction for trigonometric
    // functions", 1983): 96 of them behind bit `e - 2`.
    let bits = x.to_bits();
    let significand = u128::from(bits & 0x007F_FFFF | 0x0080_0000);
    let exponent = (bits >> 23 & 255) as i32 - 150;
    let first = exponent - 2;
    let mut window = 0_u128;
    let mut i = 0;
    while i < 96 {
        let bit = first + i;
        let word = TWO_OVER_PI.get((bit >> 6) as usize).copied().unwrap_or(0);
        let one = if bit < 0 {
            0
        } else {
            word >> (63 - (bit & 63)) & 1
        };
        window = window << 1 | u128::from(one);
        i += 1;
    }
    // In units of 2^-94 quadrants.
    let product = significand * window;
    let quadrant = (product >> 94) as u32;
    let fraction = (product & ((1 << 94) - 1)) as f64 / (1_u128 << 94) as f64;
    let up = fraction >= 0.5;
    let quadrant = quadrant.wrapping_add(up.into());
    let rest = if up { fraction - 1.0 } else { fraction } * core::f64::consts::FRAC_PI_2;
    if x < 0.0 {
        (quadrant.wrapping_neg(), -rest)
    } else {
        (quadrant, rest)
    }
}

/// Sine of an angle from -pi/4 to pi/4.
fn sin_of_rest(r: f64) -> f64 {
    let s = r * r;
    r * (1.0 - s / 6.0 * (1.0 - s / 20.0 * (1.0 - s / 42.0 * (1.0 - s / 72.0))))
}

/// Cosine of an angle from -pi/4 to pi/4.
fn cos_of_rest(r: f64) -> f64 {
    let s = r * r;
    1.0 - s / 2.0 * (1.0 - s / 12.0 * (1.0 - s / 30.0 * (1.0 - s / 56.0 * (1.0 - s / 90.0))))
}

/// Sine of `x + quadrants * pi/2`.
fn sin_ahead(x: f32, quadrants: u32) -> f32 {
    if !x.is_finite() {
        return f32::NAN;
    }
    let (quadrant, rest) = reduce(x);
    let quadrant = quadrant.wrapping_add(quadrants);
    let value = if quadrant & 1 == 0 {
        sin_of_rest(rest)
    } else {
        cos_of_rest(rest)
    };
    (if quadrant & 2 == 0 { value } else { -value }) as f32
}

/// Sine of an angle in radians, to half a unit in the last place and a little.
pub(super) fn sin(x: f32) -> f32 {
    // Keeps the sign of zero, and small numbers, which are their own sine.
    if x.abs() < 1e-4 {
        x * (1.0 - x * x / 6.0)
    } else {
        sin_ahead(x, 0)
    }
}

/// Cosine of an angle in radians, to half a unit in the last place and a little.
pub(super) fn cos(x: f32) -> f32 {
    sin_ahead(x, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everywhere within one unit in the last place of the standard library's f64.
    #[test]
    fn as_the_standard_library() {
        extern crate std;
        let mut bits = 0_u32;
        let mut checked = 0;
        while bits < f32::INFINITY.to_bits() {
            for x in [f32::from_bits(bits), -f32::from_bits(bits)] {
                let wanted = [f64::from(x).sin() as f32, f64::from(x).cos() as f32];
                for (got, wanted) in [sin(x), cos(x)].into_iter().zip(wanted) {
                    let apart = got.to_bits().abs_diff(wanted.to_bits());
                    assert!(apart <= 1, "{x}: {got}, not {wanted}");
                    checked += 1;
                }
            }
            bits += 4_001;
        }
        assert!(checked > 2_000_000);
        assert!(sin(f32::INFINITY).is_nan() && cos(f32::NAN).is_nan());
        assert_eq!(sin(-0.0).to_bits(), (-0.0_f32).to_bits());
    }
}
