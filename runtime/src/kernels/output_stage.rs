//! Sums of products, and the step from them to outputs.

use crate::arithmetic::fixed_point::{Multiplier, multiply_by_quantized_multiplier, multiply_i64};
#[cfg(niello_dsp)]
use crate::params::requantize_fast::Bias;
use crate::params::requantize_fast::{PairSums, RequantizeFast};
use crate::params::requantize_i16::RequantizeI16Fast;

/// The accumulator of products of inputs (`X`) and weights (`W`): int32 for
/// int8 inputs, int64 (or, as the model says, int32) for int16 ones, f32 for
/// operators that are kept in float.
pub trait Accumulate<X, W>: Copy + Default {
    /// `self + (x + offset) * w`; floats have no offset.
    fn add_product(self, x: X, w: W, offset: i32) -> Self;
}

impl Accumulate<i8, u8> for i32 {
    #[inline(always)]
    fn add_product(self, x: i8, w: u8, offset: i32) -> Self {
        self.wrapping_add((i32::from(x) + offset) * i32::from(w as i8))
    }
}

/// Weights of 9 bits, less their zero point, are bytes, too: int16 in little-endian order.
impl Accumulate<i8, [u8; 2]> for i32 {
    #[inline(always)]
    fn add_product(self, x: i8, w: [u8; 2], offset: i32) -> Self {
        self.wrapping_add((i32::from(x) + offset) * i32::from(i16::from_le_bytes(w)))
    }
}

impl Accumulate<i16, u8> for i32 {
    #[inline(always)]
    fn add_product(self, x: i16, w: u8, offset: i32) -> Self {
        self.wrapping_add((i32::from(x) + offset) * i32::from(w as i8))
    }
}

impl Accumulate<i16, u8> for i64 {
    #[inline(always)]
    fn add_product(self, x: i16, w: u8, offset: i32) -> Self {
        self.wrapping_add(((i32::from(x) + offset) * i32::from(w as i8)).into())
    }
}

/// Float weights are bytes, too, in little-endian order.
impl Accumulate<f32, [u8; 4]> for f32 {
    #[inline(always)]
    fn add_product(self, x: f32, w: [u8; 4], _: i32) -> Self {
        self + x * f32::from_le_bytes(w)
    }
}

/// `sum + (x + offset) * w` over two slices; int8 weights are bytes of two's
/// complement.
#[inline(always)]
pub(super) fn dot<X: Copy, W: Copy, A: Accumulate<X, W>>(
    sum: A,
    x: &[X],
    weights: &[W],
    offset: i32,
) -> A {
    x.iter()
        .zip(weights)
        .fold(sum, |sum, (&x, &w)| sum.add_product(x, w, offset))
}

/// An output stage: from a finished accumulator to an output (gemmlowp's term).
pub trait OutputStage<A = i32> {
    /// Element type of the output tensor.
    type Element: Copy;
    /// True if the target has a routine for [`Self::pairs`].
    #[cfg(not(niello_dsp))]
    const HAS_PAIRS: bool = false;
    /// True if the target has a routine for [`Self::row_fours`].
    #[cfg(niello_dsp)]
    const HAS_ROW: bool = false;

    /// True if [`Self::fours`] does all.
    #[cfg(niello_helium)]
    const HAS_FOURS: bool = false;

    /// The output of a channel.
    fn finish(&self, accumulator: A, channel: usize) -> Self::Element;

    /// The outputs of four channels in a row.
    #[inline(always)]
    fn four(&self, sums: &[A; 4], channel: usize, output: &mut [Self::Element; 4])
    where
        A: Copy,
    {
        for (k, (out, sum)) in output.iter_mut().zip(sums).enumerate() {
            *out = self.finish(*sum, channel + k);
        }
    }

    /// The outputs of two sums of one channel.
    #[inline(always)]
    fn two(&self, sums: [A; 2], channel: usize) -> [Self::Element; 2] {
        sums.map(|sum| self.finish(sum, channel))
    }

    /// Sums and outputs of as many pairs of channels of two pixels as the target
    /// has one routine for; gives the number of channels that are done.
    #[inline(always)]
    fn pairs(
        &self,
        _sums: &PairSums<'_>,
        _first: &mut [Self::Element],
        _second: &mut [Self::Element],
    ) -> usize {
        0
    }

    /// Sums and outputs of as many groups of four channels of one row as the target has one routine
    /// for; gives the number of channels that are done. Weights are packed as in `mcu`.
    #[cfg(niello_dsp)]
    #[inline(always)]
    fn row_fours(
        &self,
        _row: &[i8],
        _zero_point: i8,
        _filter: &[u8],
        _bias: Bias<'_>,
        _output: &mut [Self::Element],
    ) -> usize {
        0
    }

    /// Sums and outputs of all channels of up to four pixels, whose bytes are in `columns`; gives
    /// false if there is no routine.
    #[cfg(niello_helium)]
    #[inline(always)]
    fn fours(
        &self,
        _sums: &PairSums<'_>,
        _zero_point: i8,
        _output: &mut [Self::Element],
        _pixels: usize,
    ) -> bool {
        false
    }
}

/// To int8, by a multiplier per channel; `ONCE` rounds once (half away from zero), as
/// LiteRT's FULLY_CONNECTED, instead of twice.
#[derive(Clone, Copy, Debug)]
pub struct Requantize<'a, const ONCE: bool = false> {
    /// Significands in Q31, one for each channel.
    pub multiplier: &'a [i32],
    /// Powers of two, one for each channel.
    pub shift: &'a [i8],
    /// Zero point of the output tensor.
    pub output_offset: i32,
    /// Smallest output; smaller ones are clamped.
    pub activation_min: i32,
    /// Largest output; larger ones are clamped.
    pub activation_max: i32,
}

impl<const ONCE: bool> Requantize<'_, ONCE> {
    /// The multiplier of a channel.
    #[inline(always)]
    fn of(&self, channel: usize) -> Option<Multiplier> {
        let (&multiplier, &shift) = self.multiplier.get(channel).zip(self.shift.get(channel))?;
        Some(Multiplier {
            multiplier,
            shift: shift.into(),
        })
    }

    #[inline(always)]
    fn clamp(&self, scaled: i32) -> i32 {
        let q = scaled.wrapping_add(self.output_offset);
        q.max(self.activation_min).min(self.activation_max)
    }
}

impl<const ONCE: bool> OutputStage for Requantize<'_, ONCE> {
    type Element = i8;

    #[inline(always)]
    fn finish(&self, accumulator: i32, channel: usize) -> i8 {
        let Some(by) = self.of(channel) else {
            debug_assert!(false, "a channel has no multiplier");
            return 0;
        };
        let scaled = if ONCE {
            by.apply_once(accumulator)
        } else {
            multiply_by_quantized_multiplier(accumulator, by.multiplier, by.shift)
        };
        self.clamp(scaled) as i8
    }
}

impl OutputStage<i64> for Requantize<'_> {
    type Element = i8;

    #[inline(always)]
    fn finish(&self, accumulator: i64, channel: usize) -> i8 {
        let by = self.of(channel);
        by.map_or(0, |by| self.clamp(multiply_i64(accumulator, by)) as i8)
    }
}

impl OutputStage for RequantizeFast<'_> {
    type Element = i8;
    #[cfg(not(niello_dsp))]
    const HAS_PAIRS: bool = cfg!(any(niello_thumb1, niello_thumb2));
    #[cfg(niello_dsp)]
    const HAS_ROW: bool = true;
    #[cfg(niello_helium)]
    const HAS_FOURS: bool = true;

    // Flash counts where there is no operating system; loops that are hot take
    // `channel` or `four`.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn finish(&self, accumulator: i32, channel: usize) -> i8 {
        self.channel(channel).map_or(0, |c| c.finish(accumulator))
    }

    #[inline(always)]
    fn four(&self, sums: &[i32; 4], channel: usize, output: &mut [i8; 4]) {
        // Of four channels that share it, the parameters are found once.
        if let (Some(one), 1) = (self.channel(0), self.multiplier.len()) {
            for (out, &sum) in output.iter_mut().zip(sums) {
                *out = one.finish(sum);
            }
            return;
        }
        for (k, (out, sum)) in output.iter_mut().zip(sums).enumerate() {
            *out = self.finish(*sum, channel + k);
        }
    }

    #[inline(always)]
    fn two(&self, sums: [i32; 2], channel: usize) -> [i8; 2] {
        let by = self.channel(channel);
        by.map_or([0; 2], |by| sums.map(|sum| by.finish(sum)))
    }

    #[cfg(any(niello_dsp, niello_thumb1, niello_thumb2))]
    #[inline(always)]
    fn pairs(&self, sums: &PairSums<'_>, first: &mut [i8], second: &mut [i8]) -> usize {
        crate::mcu::pairs(sums, self, first, second)
    }

    #[cfg(niello_dsp)]
    #[inline(always)]
    fn row_fours(
        &self,
        row: &[i8],
        zero_point: i8,
        filter: &[u8],
        bias: Bias<'_>,
        output: &mut [i8],
    ) -> usize {
        crate::mcu::row_fours(row, zero_point, filter, bias, self, output)
    }

    #[cfg(niello_helium)]
    #[inline(always)]
    fn fours(&self, sums: &PairSums<'_>, zero_point: i8, output: &mut [i8], pixels: usize) -> bool {
        crate::mcu::fours_of_bytes(sums, zero_point, self, output, pixels)
    }
}

impl OutputStage for RequantizeI16Fast<'_> {
    type Element = i16;

    #[inline(always)]
    fn finish(&self, accumulator: i32, channel: usize) -> i16 {
        let factor = self.factor.get(channel);
        factor.map_or(0, |&factor| self.scaled(accumulator, factor))
    }
}

/// To int16, by a multiplier per channel.
#[derive(Clone, Copy, Debug)]
pub struct RequantizeI16<'a>(
    /// Multipliers, shifts and range, as for int8.
    pub Requantize<'a>,
);

impl OutputStage<i64> for RequantizeI16<'_> {
    type Element = i16;

    #[inline(always)]
    fn finish(&self, accumulator: i64, channel: usize) -> i16 {
        let by = self.0.of(channel);
        by.map_or(0, |by| self.0.clamp(multiply_i64(accumulator, by)) as i16)
    }
}

impl OutputStage for RequantizeI16<'_> {
    type Element = i16;

    #[inline(always)]
    fn finish(&self, accumulator: i32, channel: usize) -> i16 {
        let by = self.0.of(channel);
        by.map_or(0, |by| self.0.clamp(by.apply(accumulator)) as i16)
    }
}

/// To real values, for outputs that callers read as f32.
#[derive(Clone, Copy, Debug)]
pub struct Rescale<'a> {
    /// Real value of one accumulator step, per channel.
    pub scale: &'a [f32],
    /// Smallest output; smaller ones are clamped.
    pub activation_min: f32,
    /// Largest output; larger ones are clamped.
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

impl OutputStage<i64> for Rescale<'_> {
    type Element = f32;

    #[inline(always)]
    fn finish(&self, accumulator: i64, channel: usize) -> f32 {
        let scale = self.scale.get(channel).copied().unwrap_or(0.0);
        (accumulator as f32 * scale)
            .max(self.activation_min)
            .min(self.activation_max)
    }
}

/// Between two bounds, for operators that are kept in float.
#[derive(Clone, Copy, Debug)]
pub struct Clamp {
    /// Smallest output; smaller ones are clamped.
    pub activation_min: f32,
    /// Largest output; larger ones are clamped.
    pub activation_max: f32,
}

impl OutputStage<f32> for Clamp {
    type Element = f32;

    #[inline(always)]
    fn finish(&self, accumulator: f32, _: usize) -> f32 {
        accumulator
            .max(self.activation_min)
            .min(self.activation_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_bytes_of_twos_complement() {
        assert_eq!(dot(10, &[1_i8, -2], &[255_u8, 3], 1), 10 - 2 - 3);
        assert_eq!(dot(0_i64, &[30_000_i16; 3], &[127_u8; 3], 0), 11_430_000);
        let weights = [0.25_f32, -1.0].map(f32::to_le_bytes);
        assert_eq!(dot(0.5_f32, &[2.0, 3.0], &weights, 7), -2.0);
    }

    #[test]
    #[cfg_attr(debug_assertions, should_panic = "no multiplier")]
    fn a_channel_too_many_is_nothing() {
        let one = Requantize::<'_, false> {
            multiplier: &[1 << 30],
            shift: &[0],
            output_offset: 1,
            activation_min: -100,
            activation_max: 100,
        };
        assert_eq!(one.finish(9_i32, 1), 0);
    }

    #[test]
    fn stages_scale_and_clamp() {
        let half = Requantize {
            multiplier: &[1 << 30],
            shift: &[0],
            output_offset: 1,
            activation_min: -100,
            activation_max: 100,
        };
        assert_eq!(half.finish(9_i32, 0), 6);
        assert_eq!(half.finish(1000_i32, 0), 100);
        // Sums of int16 inputs have 64 bits.
        assert_eq!(half.finish(9_i64, 0), 6);
        assert_eq!(half.finish(1_i64 << 24, 0), 100);
        let wide = Requantize {
            activation_max: 32767,
            ..half
        };
        assert_eq!(RequantizeI16(wide).finish(2_000_i64, 0), 1001);
        assert_eq!(RequantizeI16(wide).finish(1_i64 << 24, 0), 32767);
        assert_eq!(RequantizeI16(wide).finish(2_000_i32, 0), 1001);
        let clamp = Clamp {
            activation_min: 0.0,
            activation_max: 6.0,
        };
        assert_eq!(clamp.finish(-1.0, 0), 0.0);
        assert_eq!(clamp.finish(7.0, 9), 6.0);
    }
}
