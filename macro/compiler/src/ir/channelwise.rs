//! What kernels know of single channels, so that the compiler can take out those that
//! do nothing (`quantize/prune.rs`).

use crate::ir::kernel::Kernel;
use crate::ops::shared::weighted_sum::Accumulation;

/// The least and the greatest int8 value that a channel can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub min: i32,
    pub max: i32,
}

impl Range {
    /// Any value.
    pub(crate) const FULL: Self = Self {
        min: -128,
        max: 127,
    };

    pub(crate) fn constant(self) -> Option<i32> {
        (self.min == self.max).then_some(self.min)
    }

    /// What a window sees of it: the zero point, too, where taps lie outside of the image.
    fn seen(self, zero_point: i32, is_padded: bool) -> Self {
        if !is_padded {
            return self;
        }
        Self {
            min: self.min.min(zero_point),
            max: self.max.max(zero_point),
        }
    }
}

/// What becomes of the channels of a tensor, its last dimension.
#[derive(Clone)]
pub(crate) struct Channels {
    pub ranges: Vec<Range>,
    /// Those that are kept, in their new order.
    pub order: Vec<usize>,
}

impl Channels {
    /// How many there were.
    pub(crate) fn all(&self) -> usize {
        self.ranges.len()
    }

    /// True if not all are kept where they are.
    pub(crate) fn differ(&self) -> bool {
        !self.order.iter().copied().eq(0..self.all())
    }

    /// How many are kept of so many elements.
    pub(crate) fn of(&self, elements: usize) -> usize {
        if self.differ() {
            elements / self.all() * self.order.len()
        } else {
            elements
        }
    }

    /// The elements of kept channels.
    pub(crate) fn keep<T: Copy>(&self, elements: &[T]) -> Vec<T> {
        if !self.differ() {
            return elements.to_vec();
        }
        let pixels = elements.chunks_exact(self.all());
        pixels
            .flat_map(|pixel| self.order.iter().map(|&c| pixel[c]))
            .collect()
    }
}

/// A kernel whose operands and output have channels.
pub(crate) trait Channelwise {
    /// How many channels operand 0 has, where nothing else tells.
    fn depth(&self) -> Option<usize>;

    /// The ranges of the output's channels, from those of the operands; `None` if the
    /// kernel reads them as something else than channels.
    fn ranges(&self, operands: &[&[Range]]) -> Option<Vec<Range>>;

    /// Which channels of operand 0 make a difference to those of the output that are
    /// kept. `None` if the kernel does not mix channels: all operands have the output's.
    fn needs(&self, _input: &[Range], _output: &[bool]) -> Option<Vec<bool>> {
        None
    }

    /// An order of the output's channels that makes the kernel faster, of those in `kept`.
    fn better_order(&self, _kept: &[usize], _vectorized: bool) -> Option<Vec<usize>> {
        None
    }

    /// How many of the output's channels kernels take at once.
    fn unit(&self, vectorized: bool) -> usize {
        if vectorized { 16 } else { 4 }
    }

    /// The kernel with the channels that are kept. The others of the input are constant,
    /// or there are no weights for them.
    fn with(&self, input: &Channels, output: &Channels) -> Box<dyn Kernel>;
}

/// What a window sees of each channel, the zero point subtracted.
fn offsets(input: &[Range], zero_point: i32, is_padded: bool) -> Vec<[i32; 2]> {
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

/// int8 weights `[output channel][tap][input channel]`.
pub(crate) struct DenseChannels<'a> {
    pub accumulation: &'a Accumulation,
    /// Products per sum.
    pub depth: usize,
    /// Some taps lie outside of the image.
    pub is_padded: bool,
}

impl DenseChannels<'_> {
    pub(crate) fn ranges(&self, input: &[Range]) -> Option<Vec<Range>> {
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

    pub(crate) fn needs(&self, input: &[Range], output: &[bool]) -> Vec<bool> {
        let Some((filter, _, zero_point)) = self.accumulation.int8() else {
            return vec![true; input.len()];
        };
        let varies = |range: &Range| range.seen(zero_point, self.is_padded).constant().is_none();
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

/// int8 weights `[tap][channel]`.
pub(crate) struct DepthwiseChannels<'a> {
    pub accumulation: &'a Accumulation,
    /// Some taps lie outside of the image.
    pub is_padded: bool,
}

impl DepthwiseChannels<'_> {
    pub(crate) fn ranges(&self, input: &[Range]) -> Option<Vec<Range>> {
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
