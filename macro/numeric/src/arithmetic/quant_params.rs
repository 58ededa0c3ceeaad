//! From real ranges to scales and zero points.

use crate::arithmetic::convert::{nearest_f32, saturate_i8, saturate_i16, truncate_i32};

/// `real = scale * (q - zero_point)` for a whole tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuantParams {
    /// Real value of one step.
    pub scale: f32,
    /// The quantized value that stands for 0.0.
    pub zero_point: i32,
}

impl QuantParams {
    /// The real value of `q`.
    pub fn dequantize(self, q: i8) -> f32 {
        self.scale * (i32::from(q) - self.zero_point) as f32
    }

    /// The nearest int8 value, ties away from zero as in TFLite's QUANTIZE.
    pub fn quantize(self, real: f32) -> i8 {
        let q = truncate_i32((real / self.scale).round().into());
        saturate_i8(q.saturating_add(self.zero_point))
    }

    /// The nearest int16 value, ties away from zero.
    pub fn quantize_i16(self, real: f32) -> i16 {
        let q = truncate_i32((real / self.scale).round().into());
        saturate_i16(q.saturating_add(self.zero_point))
    }
}

/// Asymmetric int8 over [-128, 127] (8-bit specification): the range is widened
/// to contain zero, and zero is represented exactly.
pub fn asymmetric(min: f32, max: f32) -> QuantParams {
    let (min, max) = (f64::from(min).min(0.0), f64::from(max).max(0.0));
    let scale = nearest_f32((max - min) / 255.0);
    if !(scale.is_finite() && scale >= f32::MIN_POSITIVE) {
        // A tensor of zeros: any scale will do.
        return QuantParams {
            scale: 1.0,
            zero_point: 0,
        };
    }
    let zero_point = (-128.0 - min / f64::from(scale)).round();
    QuantParams {
        scale,
        zero_point: truncate_i32(zero_point.clamp(-128.0, 127.0)),
    }
}

/// int16 from -1 to 1, as the 16x8 specification has the outputs of LOGISTIC, TANH and SOFTMAX.
pub const UNIT_I16: QuantParams = QuantParams {
    scale: 1.0 / 32768.0,
    zero_point: 0,
};

/// Symmetric int16 (16x8 quantization): -32767 to 32767, zero point 0.
pub fn symmetric_i16(min: f32, max: f32) -> QuantParams {
    let scale = max.abs().max(min.abs()) / 32767.0;
    let is_usable = scale.is_finite() && scale >= f32::MIN_POSITIVE;
    QuantParams {
        // A tensor of zeros: any scale will do.
        scale: if is_usable { scale } else { 1.0 },
        zero_point: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_contain_zero_and_use_all_steps() {
        assert_eq!(
            asymmetric(0.0, 255.0),
            QuantParams {
                scale: 1.0,
                zero_point: -128
            }
        );
        assert_eq!(
            asymmetric(-128.0, 127.0),
            QuantParams {
                scale: 1.0,
                zero_point: 0
            }
        );
        assert_eq!(asymmetric(10.0, 51.0).scale, 0.2);
        assert_eq!(asymmetric(10.0, 51.0).zero_point, -128);
        assert_eq!(
            asymmetric(0.0, 0.0),
            QuantParams {
                scale: 1.0,
                zero_point: 0
            }
        );
        assert_eq!(asymmetric(-1.0, 0.0).zero_point, 127);
    }
}
