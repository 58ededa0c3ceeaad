//! What sums and outputs can be, and what follows from it.

use niello_numeric::products;

use crate::arithmetic::fixed_point::Multiplier;
use crate::ir::channelwise::{Channels, IntRange};
use crate::ir::graph::ElementType;
use crate::ops::shared::weighted_sum::{Accumulation, OutputStage, Terms};

impl Accumulation {
    /// A copy whose weights have the channel as their first dimension.
    pub(crate) fn by_channel(&self) -> Self {
        let mut turned = self.clone();
        if let (true, Terms::I32 { filter, bias }) = (self.channels_last, &mut turned.terms) {
            let channels = bias.len().max(1);
            let all = (0..channels).flat_map(|c| filter.iter().skip(c).step_by(channels));
            *filter = all.copied().collect();
            turned.channels_last = false;
        }
        turned
    }

    /// A copy in which channels whose output does not depend on the input are
    /// constant. Converters give dead channels biases of 2^30, which need more than
    /// 32 bits on the way.
    pub(crate) fn simplified(&self) -> Self {
        let mut simple = self.clone();
        let OutputStage::Requantize {
            element: ElementType::I8,
            multipliers,
            rounds_once: false,
            output_offset,
            ..
        } = &mut simple.output
        else {
            return simple;
        };
        let Terms::I32 { filter, bias } = &mut simple.terms else {
            return simple;
        };
        let reaches = self.reaches(filter);
        let mut is_constant = vec![false; bias.len()];
        for (channel, (bias, multiplier)) in bias.iter_mut().zip(multipliers).enumerate() {
            let sums = [-reaches[channel], reaches[channel]].map(|r| i64::from(*bias) + r);
            if let Some(q) = self.outputs_of(channel, sums).constant() {
                *bias = (q - *output_offset) << 8;
                *multiplier = Multiplier {
                    multiplier: 1 << 30,
                    shift: -7,
                };
                is_constant[channel] = true;
            }
        }
        let channel_of = self.channel_of(filter.len());
        for (i, weight) in filter.iter_mut().enumerate() {
            if is_constant.get(channel_of(i)) == Some(&true) {
                *weight = 0;
            }
        }
        simple
    }

    /// The int8 outputs of a channel whose sums lie between these two.
    pub(crate) fn outputs_of(&self, channel: usize, sums: [i64; 2]) -> IntRange {
        let OutputStage::Requantize {
            element: ElementType::I8,
            multipliers,
            rounds_once,
            output_offset,
            activation: (min, max),
        } = &self.output
        else {
            return IntRange::FULL;
        };
        let is_one = sums[0] == sums[1];
        let output = |sum: i64| {
            let multiplier = *multipliers.get(channel)?;
            let sum = i32::try_from(sum).ok()?;
            let shifted = i64::from(sum) << multiplier.shift.max(0);
            // Within 32 bits, more is never less; one sum has one output in any case.
            let grows = multiplier.multiplier >= 0 && i32::try_from(shifted).is_ok();
            let q = multiplier.apply(sum).checked_add(*output_offset)?;
            (!rounds_once && (is_one || grows)).then(|| q.clamp(*min, *max))
        };
        match sums.map(output) {
            [Some(least), Some(greatest)] => IntRange {
                min: least,
                max: greatest,
            },
            _ => IntRange {
                min: *min,
                max: *max,
            },
        }
    }

    /// The sums of some output channels, which have these int8 weights and biases.
    pub(crate) fn of_channels(&self, channels: &Channels, filter: Vec<i8>, bias: Vec<i32>) -> Self {
        let mut some = self.clone();
        some.terms = Terms::I32 { filter, bias };
        some.scales = channels.keep(&some.scales);
        if let OutputStage::Requantize { multipliers, .. } = &mut some.output {
            *multipliers = channels.keep(multipliers);
        }
        some
    }

    /// The largest magnitude that each channel's sums can have.
    pub(super) fn bounds(&self) -> Option<Vec<i64>> {
        let (filter, bias, _) = self.int8()?;
        let bounds = bias.iter().zip(self.reaches(filter));
        Some(
            bounds
                .map(|(b, reach)| i64::from(*b).abs() + reach)
                .collect(),
        )
    }

    /// The output channel of each weight.
    pub(super) fn channel_of(&self, weights: usize) -> impl Fn(usize) -> usize + use<> {
        let channels = self.channels().max(1);
        let (per_channel, last) = ((weights / channels).max(1), self.channels_last);
        move |i| if last { i % channels } else { i / per_channel }
    }

    /// The largest magnitude that the sums of each channel's products can have.
    fn reaches(&self, filter: &[i8]) -> Vec<i64> {
        products::reaches(filter, self.channels(), self.channels_last)
    }

    /// True if no sum leaves 32 bits where it is shifted left by one more than its
    /// multiplier asks for: then few instructions give the reference's rounding.
    fn is_small(&self, multipliers: &[Multiplier]) -> bool {
        let Some(bounds) = self.bounds() else {
            return false;
        };
        bounds.iter().zip(multipliers).all(|(&bound, m)| {
            (-31..=15).contains(&m.shift)
                && m.multiplier >= 1 << 30
                && bound << (1 + m.shift.max(0)) < 1 << 31
        })
    }

    /// True if the few-instruction stage applies.
    pub(crate) fn is_fast(&self) -> bool {
        match &self.output {
            OutputStage::Requantize {
                element: ElementType::I8,
                multipliers,
                rounds_once: false,
                ..
            } => self.is_small(multipliers),
            _ => false,
        }
    }

    /// The output's zero point, if it has one.
    pub(crate) fn output_zero_point(&self) -> Option<i32> {
        match &self.output {
            OutputStage::Requantize { output_offset, .. } => Some(*output_offset),
            _ => None,
        }
    }

    /// The largest magnitude of a sum, if outputs are int8 by few instructions.
    pub(crate) fn fast_bound(&self) -> Option<i64> {
        let simplified = self.simplified();
        simplified
            .is_fast()
            .then(|| simplified.bounds())??
            .into_iter()
            .max()
    }
}
