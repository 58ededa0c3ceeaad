//! From int32 accumulators to outputs.

use crate::arithmetic::multiply_by_quantized_multiplier;

/// What is done with a finished accumulator.
pub trait OutputStage {
    /// The output's element type.
    type Element: Copy;

    /// The output of a channel.
    fn finish(&self, accumulator: i32, channel: usize) -> Self::Element;
}

/// To int8, by a multiplier per channel; `ONCE` rounds once (half up), as LiteRT's
/// FULLY_CONNECTED, instead of twice.
#[derive(Clone, Copy, Debug)]
pub struct Requantize<'a, const ONCE: bool = false> {
    /// Q31 significands.
    pub multiplier: &'a [i32],
    /// Powers of two.
    pub shift: &'a [i8],
    /// The output's zero point.
    pub output_offset: i32,
    /// Smallest output.
    pub activation_min: i32,
    /// Largest output.
    pub activation_max: i32,
}

impl<const ONCE: bool> OutputStage for Requantize<'_, ONCE> {
    type Element = i8;

    #[inline(always)]
    fn finish(&self, accumulator: i32, channel: usize) -> i8 {
        let (Some(&multiplier), Some(&shift)) =
            (self.multiplier.get(channel), self.shift.get(channel))
        else {
            return 0;
        };
        let scaled = if ONCE {
            round_once(accumulator, multiplier, shift.into())
        } else {
            multiply_by_quantized_multiplier(accumulator, multiplier, shift.into())
        };
        let q = scaled.wrapping_add(self.output_offset);
        q.max(self.activation_min).min(self.activation_max) as i8
    }
}

#[inline(always)]
fn round_once(x: i32, multiplier: i32, shift: i32) -> i32 {
    let shift = (31 - shift).clamp(1, 62);
    ((i64::from(x) * i64::from(multiplier) + (1 << (shift - 1))) >> shift) as i32
}

/// To real values, for outputs that callers read as f32.
#[derive(Clone, Copy, Debug)]
pub struct Rescale<'a> {
    /// Real value of one accumulator step, per channel.
    pub scale: &'a [f32],
    /// Smallest output.
    pub activation_min: f32,
    /// Largest output.
    pub activation_max: f32,
}

impl OutputStage for Rescale<'_> {
    type Element = f32;

    #[inline(always)]
    fn finish(&self, accumulator: i32, channel: usize) -> f32 {
        let scale = self.scale.get(channel).copied().unwrap_or(0.0);
        (accumulator as f32 * scale)
            .max(self.activation_min)
            .min(self.activation_max)
    }
}

/// `sum + (x + offset) * w` over two slices; weights are bytes of two's complement.
#[inline(always)]
pub(super) fn dot(sum: i32, x: &[i8], weights: &[u8], offset: i32) -> i32 {
    x.iter().zip(weights).fold(sum, |sum, (&x, &w)| {
        sum.wrapping_add((i32::from(x) + offset) * i32::from(w as i8))
    })
}
