//! What weighted sums know of single channels: how their ranges follow from those of the inputs,
//! and the sums with channels taken out ([`crate::ir::channelwise`]).

use crate::ir::channelwise::{Channels, IntRange};
use crate::ops::shared::weighted_sum::Accumulation;

/// What a window sees of each channel, the zero point subtracted.
fn offsets(input: &[IntRange], zero_point: i32, is_padded: bool) -> Vec<[i32; 2]> {
    let seen = input.iter().map(|range| range.seen(zero_point, is_padded));
    seen.map(|range| [range.min - zero_point, range.max - zero_point])
        .collect()
}

/// The least and the greatest sum of products with these weights.
fn sums<'a>(
    weights: impl Iterator<Item = &'a i8>,
    inputs: impl Iterator<Item = &'a [i32; 2]>,
) -> [i64; 2] {
    let mut sums = [0; 2];
    for (weight, [least, greatest]) in weights.zip(inputs) {
        let [a, b] = [least, greatest].map(|x| i64::from(x * i32::from(*weight)));
        sums = [sums[0] + a.min(b), sums[1] + a.max(b)];
    }
    sums
}

/// Sums of all channels, with int8 weights in the order `[output channel][tap][input channel]`.
pub(crate) struct DenseChannels<'a> {
    pub accumulation: &'a Accumulation,
    /// The number of products in one sum.
    pub depth: usize,
    /// Some taps lie outside of the image.
    pub is_padded: bool,
}

impl DenseChannels<'_> {
    pub(crate) fn ranges(&self, input: &[IntRange]) -> Option<Vec<IntRange>> {
        if input.is_empty() || !self.depth.is_multiple_of(input.len()) {
            return None;
        }
        let (filter, bias, zero_point) = self.accumulation.int8()?;
        let inputs = offsets(input, zero_point, self.is_padded);
        let channels = filter.chunks(self.depth.max(1)).zip(bias).enumerate();
        let ranges = channels.map(|(channel, (weights, bias))| {
            let mut ends = [i64::from(*bias); 2];
            for pixel in weights.chunks(inputs.len()) {
                let of = sums(pixel.iter(), inputs.iter());
                ends = [ends[0] + of[0], ends[1] + of[1]];
            }
            self.accumulation.outputs_of(channel, ends)
        });
        Some(ranges.collect())
    }

    pub(crate) fn needs(&self, input: &[IntRange], output: &[bool]) -> Vec<bool> {
        let Some((filter, _, zero_point)) = self.accumulation.int8() else {
            return vec![true; input.len()];
        };
        let varies = |range: &IntRange| range.seen(zero_point, self.is_padded).constant().is_none();
        let varies: Vec<bool> = input.iter().map(varies).collect();
        let mut needed = vec![false; input.len()];
        let rows = filter.chunks(self.depth.max(1)).zip(output);
        for (weights, _) in rows.filter(|(_, kept)| **kept) {
            for pixel in weights.chunks(input.len().max(1)) {
                for (needed, (weight, varies)) in needed.iter_mut().zip(pixel.iter().zip(&varies)) {
                    *needed |= *weight != 0 && *varies;
                }
            }
            if needed == varies {
                break;
            }
        }
        needed
    }

    /// Weights and biases of kept channels; what was constant is in the biases.
    pub(crate) fn with(&self, input: &Channels, output: &Channels) -> Accumulation {
        let Some((filter, bias, zero_point)) = self.accumulation.int8() else {
            return self.accumulation.clone();
        };
        let mut is_gone = vec![input.differ(); input.all()];
        input.order.iter().for_each(|&c| is_gone[c] = false);
        let (mut filters, mut biases) = (Vec::new(), Vec::new());
        for &channel in &output.order {
            let weights = &filter[channel * self.depth..][..self.depth];
            filters.extend(input.keep(weights));
            let gone = weights.iter().enumerate().filter_map(|(at, weight)| {
                let channel = at % input.all();
                let x = input.ranges[channel].min - zero_point;
                is_gone[channel].then(|| x * i32::from(*weight))
            });
            biases.push(gone.fold(bias[channel], i32::wrapping_add));
        }
        self.accumulation.of_channels(output, filters, biases)
    }
}

/// Sums of single channels, with int8 weights in the order `[tap][channel]`.
pub(crate) struct DepthwiseChannels<'a> {
    pub accumulation: &'a Accumulation,
    /// Some taps lie outside of the image.
    pub is_padded: bool,
}

impl DepthwiseChannels<'_> {
    pub(crate) fn ranges(&self, input: &[IntRange]) -> Option<Vec<IntRange>> {
        let (filter, bias, zero_point) = self.accumulation.int8()?;
        if bias.len() != input.len() {
            return None;
        }
        let inputs = offsets(input, zero_point, self.is_padded);
        let channels = inputs.iter().zip(bias).enumerate();
        let ranges = channels.map(|(channel, (input, bias))| {
            let weights = filter.iter().skip(channel).step_by(inputs.len().max(1));
            let ends = sums(weights, std::iter::repeat(input)).map(|end| end + i64::from(*bias));
            self.accumulation.outputs_of(channel, ends)
        });
        Some(ranges.collect())
    }

    pub(crate) fn with(&self, output: &Channels) -> Accumulation {
        let Some((filter, bias, _)) = self.accumulation.int8() else {
            return self.accumulation.clone();
        };
        let (filter, bias) = (output.keep(filter), output.keep(bias));
        self.accumulation.of_channels(output, filter, bias)
    }
}
