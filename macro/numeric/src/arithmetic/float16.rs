//! IEEE 754 binary16, used only in files.

/// The value of a 16-bit float: 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits.
pub fn from_bits(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let (exponent, fraction) = (u32::from(bits >> 10 & 31), u32::from(bits & 0x3FF));
    match exponent {
        // Subnormal: fraction * 2^-24, exact in f32.
        0 => {
            let magnitude = fraction as f32 * (1.0 / 16_777_216.0);
            f32::from_bits(magnitude.to_bits() | sign)
        }
        31 => f32::from_bits(sign | 0x7F80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_standard() {
        let cases = [
            (0x0000, 0.0),
            (0x8000, -0.0),
            (0x3C00, 1.0),
            (0xC000, -2.0),
            (0x7BFF, 65504.0),
            (0x0400, 6.103_515_6e-5),
            (0x0001, 5.960_464_5e-8),
            (0x03FF, 6.097_555e-5),
            (0x3555, 0.333_251_95),
            (0x7C00, f32::INFINITY),
            (0xFC00, f32::NEG_INFINITY),
        ];
        for (bits, value) in cases {
            assert_eq!(from_bits(bits).to_bits(), f32::to_bits(value), "{bits:#x}");
        }
        assert!(from_bits(0x7E00).is_nan() && from_bits(0xFC01).is_nan());
    }

    #[test]
    fn neighbours_differ_by_their_step() {
        // Every finite magnitude is larger than the one before, by 2^max(e - 25, -24).
        for bits in 1..0x7C00_u16 {
            let exponent = i32::from(((bits - 1) >> 10).max(1)) - 25;
            let step = from_bits(bits) - from_bits(bits - 1);
            assert_eq!(step, 2_f32.powi(exponent), "{bits:#x}");
        }
    }
}
