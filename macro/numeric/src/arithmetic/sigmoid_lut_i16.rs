//! The int16 logistic function and hyperbolic tangent: interpolation in a table.

// Tests of other crates include this file: it names nothing outside of it.

/// 65536 / (1 + exp(-i / 24)), as rounded by TFLite: its bytes define the result.
pub const TABLE: [u16; 256] = [
    32768, 33451, 34133, 34813, 35493, 36169, 36843, 37513, 38180, 38841, 39498, 40149, 40794,
    41432, 42064, 42688, 43304, 43912, 44511, 45102, 45683, 46255, 46817, 47369, 47911, 48443,
    48964, 49475, 49975, 50464, 50942, 51409, 51865, 52311, 52745, 53169, 53581, 53983, 54374,
    54755, 55125, 55485, 55834, 56174, 56503, 56823, 57133, 57433, 57724, 58007, 58280, 58544,
    58800, 59048, 59288, 59519, 59743, 59959, 60168, 60370, 60565, 60753, 60935, 61110, 61279,
    61441, 61599, 61750, 61896, 62036, 62172, 62302, 62428, 62549, 62666, 62778, 62886, 62990,
    63090, 63186, 63279, 63368, 63454, 63536, 63615, 63691, 63765, 63835, 63903, 63968, 64030,
    64090, 64148, 64204, 64257, 64308, 64357, 64405, 64450, 64494, 64536, 64576, 64614, 64652,
    64687, 64721, 64754, 64786, 64816, 64845, 64873, 64900, 64926, 64950, 64974, 64997, 65019,
    65039, 65060, 65079, 65097, 65115, 65132, 65149, 65164, 65179, 65194, 65208, 65221, 65234,
    65246, 65258, 65269, 65280, 65291, 65301, 65310, 65319, 65328, 65337, 65345, 65352, 65360,
    65367, 65374, 65381, 65387, 65393, 65399, 65404, 65410, 65415, 65420, 65425, 65429, 65433,
    65438, 65442, 65445, 65449, 65453, 65456, 65459, 65462, 65465, 65468, 65471, 65474, 65476,
    65479, 65481, 65483, 65485, 65488, 65489, 65491, 65493, 65495, 65497, 65498, 65500, 65501,
    65503, 65504, 65505, 65507, 65508, 65509, 65510, 65511, 65512, 65513, 65514, 65515, 65516,
    65517, 65517, 65518, 65519, 65520, 65520, 65521, 65522, 65522, 65523, 65523, 65524, 65524,
    65525, 65525, 65526, 65526, 65526, 65527, 65527, 65528, 65528, 65528, 65529, 65529, 65529,
    65529, 65530, 65530, 65530, 65530, 65531, 65531, 65531, 65531, 65531, 65532, 65532, 65532,
    65532, 65532, 65532, 65533, 65533, 65533, 65533, 65533, 65533, 65533, 65533, 65534, 65534,
    65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65535,
];

/// The factor from int16 inputs of some scale to the table's steps: `(x * multiplier) >>
/// shift`, rounded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steps {
    /// The factor.
    pub multiplier: i32,
    /// How far the product is shifted to the right.
    pub shift: u32,
}

impl Steps {
    /// The factor for inputs whose scale is a power of two; those in units of 2^-12 have shift
    /// 0.
    pub fn of_power(left_shift: i32) -> Self {
        if left_shift < 0 {
            Self {
                multiplier: 3,
                shift: left_shift.unsigned_abs().min(31),
            }
        } else {
            Self {
                multiplier: 3 << left_shift.min(28),
                shift: 0,
            }
        }
    }

    /// The factor for inputs of any scale, of which 15 bits count.
    pub fn of_scale(scale: f32) -> Self {
        let mut multiplier = f64::from(scale) * 4096.0 * 3.0;
        let mut shift = 0;
        while multiplier <= 32767.0 / 2.0 && shift <= 30 {
            shift += 1;
            multiplier *= 2.0;
        }
        #[allow(clippy::cast_possible_truncation, reason = "at most 32767")]
        let multiplier = multiplier.min(32767.0) as i32;
        Self { multiplier, shift }
    }

    /// The input in the table's steps.
    fn apply(self, x: i16) -> i32 {
        let round = if self.shift > 0 {
            1 << (self.shift - 1)
        } else {
            0
        };
        i32::from(x)
            .wrapping_mul(self.multiplier)
            .wrapping_add(round)
            >> self.shift
    }
}

/// The low 16 bits, as a number in two's complement.
const fn low_i16(x: i32) -> i16 {
    let [a, b, ..] = x.to_le_bytes();
    i16::from_le_bytes([a, b])
}

/// The logistic function of an int16 input, in Q0.15.
pub fn logistic(x: i16, steps: Steps) -> i16 {
    let x = steps.apply(x);
    let magnitude = x.unsigned_abs();
    let index = (magnitude >> 9) as usize;
    let result = if index >= 255 {
        0x7FFF << 10
    } else {
        let (a, b) = (u32::from(TABLE[index]), u32::from(TABLE[index + 1]));
        (a << 9) + (magnitude & 0x1FF) * (b - a)
    };
    let result = if x >= 0 {
        result + (1 << 9)
    } else {
        (1 << 25) - result + (1 << 9) - 1
    };
    low_i16((result >> 10).cast_signed())
}

/// The hyperbolic tangent of an int16 input, in Q0.15.
pub fn tanh(x: i16, steps: Steps) -> i16 {
    let x = steps.apply(x);
    let magnitude = x.unsigned_abs();
    let index = (magnitude >> 8) as usize;
    let result = if index >= 255 {
        0xFFFF << 8
    } else {
        let (a, b) = (i32::from(TABLE[index]), i32::from(TABLE[index + 1]));
        (a << 8) + (magnitude & 0xFF).cast_signed() * (b - a)
    };
    let result = if x >= 0 {
        result - (1 << 23) + (1 << 7)
    } else {
        -result + (1 << 23) + (1 << 7) - 1
    };
    low_i16(result >> 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_follow_the_real_functions() {
        let steps = Steps::of_power(0);
        for i in -32768..=32767_i32 {
            let (x, real) = (low_i16(i), f64::from(i) / 4096.0);
            let close = |q: i16, want: f64| (f64::from(q) / 32768.0 - want).abs() < 2e-4;
            assert!(
                close(logistic(x, steps), 1.0 / (1.0 + (-real).exp())),
                "{i}"
            );
            assert!(close(tanh(x, steps), real.tanh()), "{i}");
        }
    }
}
