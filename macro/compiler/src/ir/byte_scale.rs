//! What a byte of an image stands for.

/// `real = byte * scale + offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ByteScale {
    pub scale: f32,
    pub offset: f32,
}

impl ByteScale {
    /// Images without anything else said: 0 to 1.
    pub(crate) const UNIT: Self = Self {
        scale: 1.0 / 255.0,
        offset: 0.0,
    };

    /// The scale of bytes that stand for themselves.
    pub(crate) const PLAIN: Self = Self {
        scale: 1.0,
        offset: 0.0,
    };

    pub(crate) fn real(self, byte: u8) -> f32 {
        f32::from(byte) * self.scale + self.offset
    }

    /// The byte that stands for the nearest number.
    pub(crate) fn byte(self, real: f32) -> u8 {
        let steps = (f64::from(real) - f64::from(self.offset)) / f64::from(self.scale);
        steps.round() as u8
    }

    /// The smallest and the largest real value.
    pub(crate) fn range(self) -> (f32, f32) {
        let ends = [self.real(0), self.real(255)];
        (ends[0].min(ends[1]), ends[0].max(ends[1]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_reals_are_exact_opposites() {
        for (scale, offset) in [(1.0 / 255.0, 0.0), (1.0 / 127.5, -1.0), (-0.5, 3.0)] {
            let bytes = ByteScale { scale, offset };
            for byte in 0..=255 {
                assert_eq!(bytes.byte(bytes.real(byte)), byte);
            }
            assert_eq!(bytes.byte(f32::NAN), 0);
            assert!(bytes.range().0 < bytes.range().1);
        }
    }
}
