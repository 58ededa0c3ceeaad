//! Requantization of int8 in few instructions, for small cores, and its inputs.

use crate::arithmetic::fixed_point::Multiplier;

/// Initial accumulators, one for each channel.
#[derive(Clone, Copy, Debug)]
pub enum Bias<'a> {
    /// Numbers that all fit 16 bits.
    Narrow(&'a [i16]),
    /// Numbers of 32 bits: some do not fit 16 bits.
    Wide(&'a [i32]),
}

impl Bias<'_> {
    /// The number of channels they are for.
    #[inline(always)]
    pub fn len(&self) -> usize {
        match self {
            Bias::Narrow(list) => list.len(),
            Bias::Wide(list) => list.len(),
        }
    }

    /// True if there are no channels.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bias of a channel.
    #[inline(always)]
    pub fn get(&self, channel: usize) -> Option<i32> {
        match self {
            Bias::Narrow(list) => list.get(channel).map(|&b| b.into()),
            Bias::Wide(list) => list.get(channel).copied(),
        }
    }

    /// The biases of neighbouring channels, if there are as many.
    #[inline(always)]
    pub(crate) fn several<const N: usize>(&self, channel: usize) -> Option<[i32; N]> {
        let end = channel.checked_add(N)?;
        match self {
            Bias::Narrow(list) => {
                let list: &[i16; N] = list.get(channel..end)?.try_into().ok()?;
                Some(list.map(i32::from))
            }
            Bias::Wide(list) => list.get(channel..end)?.try_into().ok(),
        }
    }
}

/// The sums of pairs of channels of two pixels: see `mcu`.
#[derive(Clone, Copy, Debug)]
pub struct PairSums<'a> {
    /// The inputs of both pixels, widened.
    pub columns: &'a [i16],
    /// Packed weights of two channels each.
    pub filter: &'a [u8],
    /// Initial accumulators, which include the share of zero points.
    pub bias: Bias<'a>,
}

/// To int8 by few instructions: the same as `Requantize` where no sum, shifted
/// left by one more than its multiplier asks for, leaves 32 bits. The compiler
/// checks that.
#[derive(Clone, Copy, Debug)]
pub struct RequantizeFast<'a> {
    /// One per channel, or one for all: the lower 30 bits of a Q31 significand
    /// (its bit 30 is 1 and its bit 31 is 0); the two highest bits say by how many
    /// places more than `shift` the product is shifted right.
    pub multiplier: &'a [u32],
    /// Powers of two: one per channel, or one for all.
    pub shift: &'a [i8],
    /// True if all of them are below 0.
    pub shifts_right: bool,
    /// Zero point of the output tensor.
    pub output_offset: i32,
    /// Smallest output; smaller ones are clamped.
    pub activation_min: i32,
    /// Largest output; larger ones are clamped.
    pub activation_max: i32,
}

/// The element of a channel, or the one that all channels have.
#[inline(always)]
fn shared<T: Copy>(list: &[T], channel: usize) -> Option<T> {
    match list {
        [one] => Some(*one),
        all => all.get(channel).copied(),
    }
}

/// The multiplier of one channel of [`RequantizeFast`].
#[derive(Clone, Copy, Debug)]
pub struct FastChannel {
    pub(crate) multiplier: Multiplier,
    pub(crate) output_offset: i32,
    pub(crate) activation_min: i32,
    pub(crate) activation_max: i32,
}

impl FastChannel {
    /// The output of a sum.
    #[inline(always)]
    pub fn finish(self, accumulator: i32) -> i8 {
        let q = self
            .multiplier
            .apply_small(accumulator)
            .wrapping_add(self.output_offset);
        q.max(self.activation_min).min(self.activation_max) as i8
    }
}

impl RequantizeFast<'_> {
    /// The multiplier of a channel.
    #[inline(always)]
    fn of(&self, channel: usize) -> Option<Multiplier> {
        let word = shared(self.multiplier, channel)?;
        let shift = shared(self.shift, channel)?;
        Some(Multiplier {
            multiplier: (word & 0x3FFF_FFFF | 0x4000_0000) as i32,
            shift: i32::from(shift) - (word >> 30) as i32,
        })
    }

    /// The multiplier and range of one channel.
    #[inline(always)]
    pub fn channel(&self, channel: usize) -> Option<FastChannel> {
        Some(FastChannel {
            multiplier: self.of(channel)?,
            output_offset: self.output_offset,
            activation_min: self.activation_min,
            activation_max: self.activation_max,
        })
    }
}
