//! CONV_2D and FULLY_CONNECTED of int8 with packed weights: see `mcu`.
//!
//! The input's zero point is subtracted where inputs are widened to 16 bits, which
//! costs nothing; padding is filled with it.
//!
//! What is `inline(never)` here is shared by all layers: flash counts.

use core::ops::Range;

#[cfg(niello_helium)]
use crate::kernels::gemm_packed2_fours::{convolve_fours, multiply_fours};
use crate::kernels::output_stage::OutputStage;
use crate::mcu;
use crate::params::requantize_fast::{Bias, PairSums};
use crate::params::window::{Position, Window};

/// Weights of a matrix product and its output stage.
#[derive(Clone, Copy, Debug)]
pub struct Packed2<'a, S> {
    /// Number of products per sum.
    pub depth: usize,
    /// Zero point of the input tensor.
    pub zero_point: i8,
    /// Weights, in the layout of `mcu/mod.rs`.
    pub filter: &'a [u8],
    /// Initial accumulators, which include the share of zero points.
    pub bias: Bias<'a>,
    /// Output stage: from sums to outputs.
    pub output: S,
}

/// Parameters of the kernel [`conv_2d_packed2`].
#[derive(Clone, Copy, Debug)]
pub struct Packed2Conv2d<'a, S> {
    /// Sizes, strides and padding of the window.
    pub window: Window,
    /// Number of channels of the input.
    pub input_depth: usize,
    /// Weights, biases and output stage.
    pub packed: Packed2<'a, S>,
}

impl<S: OutputStage> Packed2<'_, S> {
    /// Bytes of a packed pair of channels.
    #[inline(always)]
    pub(super) fn pair(&self) -> usize {
        self.depth.div_ceil(4) * 8
    }

    /// All channels of the two pixels in `columns`.
    #[inline(never)]
    pub(super) fn two_pixels(
        &self,
        columns: &[i16],
        first: &mut [S::Element],
        second: &mut [S::Element],
    ) {
        let sums = PairSums {
            columns: columns.get(..self.pair()).unwrap_or(&[]),
            filter: self.filter,
            bias: self.bias,
        };
        #[cfg(niello_dsp)]
        let done = self.output.pairs(&sums, first, second);
        #[cfg(not(niello_dsp))]
        let done = if S::HAS_PAIRS {
            self.output.pairs(&sums, first, second)
        } else {
            self.quads(sums.columns, first, second)
        };
        if done < first.len() {
            self.remaining(columns, done, first, second);
        }
    }

    /// The channels of two pixels from `channel` on, an even one, or of the first pixel in `columns`
    /// if `second` is empty.
    #[inline(never)]
    fn remaining(
        &self,
        columns: &[i16],
        mut channel: usize,
        first: &mut [S::Element],
        second: &mut [S::Element],
    ) {
        let size = self.pair().max(1);
        let weights = self.filter.get(channel / 2 * size..).unwrap_or(&[]);
        let first = first.get_mut(channel..).unwrap_or_default();
        let second = second.get_mut(channel..).unwrap_or_default();
        let mut seconds = second.chunks_mut(2);
        for (weights, first) in weights.chunks(size).zip(first.chunks_mut(2)) {
            let sums = self.pair_sums(columns, weights, channel, first.len());
            self.finish(&sums, channel, first);
            let second = seconds.next().unwrap_or_default();
            self.finish(sums.get(2..).unwrap_or(&[]), channel, second);
            channel += 2;
        }
    }

    /// All groups of four channels of two pixels; gives the number of channels.
    #[cfg(not(niello_dsp))]
    #[inline(always)]
    fn quads(&self, columns: &[i16], first: &mut [S::Element], second: &mut [S::Element]) -> usize {
        let size = columns.len().max(1);
        let outputs = first.as_chunks_mut::<4>().0.iter_mut();
        let outputs = outputs.zip(second.as_chunks_mut::<4>().0);
        let mut channel = 0;
        for (weights, (first, second)) in self.filter.chunks_exact(2 * size).zip(outputs) {
            let Some(bias) = self.bias.several::<4>(channel) else {
                break;
            };
            let mut sums = bias.map(|bias| [bias; 2]);
            mcu::dot_2x4(columns, weights.split_at(size).into(), &mut sums);
            // One copy of the output stage: flash counts.
            let sums = core::hint::black_box(&sums[..]);
            for (sums, (first, second)) in sums.iter().zip(first.iter_mut().zip(second)) {
                [*first, *second] = self.output.two(*sums, channel);
                channel += 1;
            }
        }
        channel
    }

    /// The sums of one or two channels of the first pixel, then of the second.
    #[inline(always)]
    fn pair_sums(&self, columns: &[i16], weights: &[u8], channel: usize, count: usize) -> [i32; 4] {
        let first = self.bias.get(channel).unwrap_or(0);
        let second = self.bias.get(channel + 1).unwrap_or(0);
        let mut sums = [first, second, first, second];
        if count == 2 {
            mcu::dot_2x2(columns, weights, &mut sums);
        } else {
            let mut single = [first; 2];
            mcu::dot_2x1(columns, weights, &mut single);
            [sums[0], sums[2]] = single;
        }
        sums
    }

    /// Computes the outputs of neighbouring channels.
    #[inline(never)]
    fn finish(&self, sums: &[i32], channel: usize, output: &mut [S::Element]) {
        for (k, (out, &sum)) in output.iter_mut().zip(sums).enumerate() {
            *out = self.output.finish(sum, channel + k);
        }
    }

    /// All channels of one row: four at a time, then the others.
    #[inline(always)]
    fn row(&self, row: &[i8], output: &mut [S::Element]) {
        let size = self.pair().max(1);
        let (outputs, rest) = output.as_chunks_mut::<4>();
        let done = 4 * outputs.len();
        let mut weights = self.filter.chunks(size);
        #[cfg(niello_dsp)]
        let outputs = if S::HAS_ROW {
            let (zero_point, filter, bias) = (self.zero_point, self.filter, self.bias);
            let fours = outputs.as_flattened_mut();
            let finished = self.output.row_fours(row, zero_point, filter, bias, fours);
            debug_assert_eq!(finished, done, "weights or biases are too short");
            weights = filter.get(done / 2 * size..).unwrap_or(&[]).chunks(size);
            &mut []
        } else {
            outputs
        };
        for (i, out) in outputs.iter_mut().enumerate() {
            let (Some(first), Some(second), Some(mut sums)) =
                (weights.next(), weights.next(), self.bias.several(4 * i))
            else {
                debug_assert!(false, "weights or biases are too short");
                return;
            };
            mcu::dot_1x4(row, self.zero_point, [first, second], &mut sums);
            self.output.four(&sums, 4 * i, out);
        }
        for (k, out) in rest.chunks_mut(2).enumerate() {
            let channel = done + 2 * k;
            let weights = weights.next().unwrap_or(&[]);
            let mut sums = [0, 1].map(|k| self.bias.get(channel + k).unwrap_or(0));
            if out.len() == 2 {
                mcu::dot_1x2(row, self.zero_point, weights, &mut sums);
            } else {
                let products = row.iter().zip(weights);
                sums[0] = products.fold(sums[0], |sum, (&x, &w)| {
                    let x = i32::from(x) - i32::from(self.zero_point);
                    sum.wrapping_add(x * i32::from(w as i8))
                });
            }
            self.finish(&sums, channel, out);
        }
    }
}

/// Computes one row of FULLY_CONNECTED.
#[inline(always)]
pub fn fully_connected_packed2_row<S: OutputStage>(
    p: &Packed2<'_, S>,
    input: &[i8],
    output: &mut [S::Element],
) {
    row(p, input, output);
}

#[inline(never)]
fn row<S: OutputStage>(p: &Packed2<'_, S>, input: &[i8], output: &mut [S::Element]) {
    debug_assert!(input.len() >= p.depth, "the input is too short");
    p.row(input.get(..p.depth).unwrap_or(&[]), output);
}

/// Rows of FULLY_CONNECTED, two at a time; `columns` holds both.
#[inline(always)]
pub fn fully_connected_packed2_rows<S: OutputStage>(
    p: &Packed2<'_, S>,
    input: &[i8],
    output: &mut [S::Element],
    columns: &mut [i16],
) where
    S::Element: Bytes,
{
    rows(p, Source::Apart(input), output, columns);
}

/// Computes all pixels where the input is a part of the output's memory. The planner
/// knows how far behind the output an input must be so that it is read in time.
#[inline(always)]
pub fn fully_connected_packed2_rows_overlapping<S: OutputStage<Element = i8>>(
    p: &Packed2<'_, S>,
    memory: &mut [i8],
    columns: &mut [i16],
    input: Range<usize>,
) {
    rows(p, Source::Inside(input.start, input.end), memory, columns);
}

#[inline(never)]
fn rows<S: OutputStage>(
    p: &Packed2<'_, S>,
    source: Source<'_>,
    output: &mut [S::Element],
    columns: &mut [i16],
) where
    S::Element: Bytes,
{
    let (depth, channels) = (p.depth.max(1), p.bias.len().max(1));
    let count = source.of(output).len() / depth;
    #[cfg(niello_helium)]
    if S::HAS_FOURS {
        return multiply_fours(p, source, output, columns);
    }
    for at in (0..count).step_by(2) {
        let input = source.of(output);
        let both = input.get(at * depth..(at + 2) * depth);
        let rest = input.get(at * depth..).unwrap_or(&[]);
        let (first, second) = both
            .unwrap_or(rest)
            .split_at_checked(depth)
            .unwrap_or_default();
        mcu::expand(first, p.zero_point, 0, columns);
        mcu::expand(second, p.zero_point, 1, columns);
        let (begin, two) = (at * channels, both.is_some());
        debug_assert!(
            output.len() >= begin + channels * (1 + usize::from(two)),
            "the output is too short"
        );
        if !two {
            if let Some(out) = output.get_mut(begin..begin + channels) {
                last_pixel(p, columns, out);
            }
            return;
        }
        let out = output.get_mut(begin..begin + 2 * channels);
        if let Some((a, b)) = out.and_then(|out| out.split_at_mut_checked(channels)) {
            p.two_pixels(columns, a, b);
        }
    }
}

/// The memory that has a kernel's input.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    /// In memory of its own.
    Apart(&'a [i8]),
    /// In the output's memory, from here to there.
    Inside(usize, usize),
}

impl<'a> Source<'a> {
    #[inline(always)]
    pub(super) fn of<T: Bytes>(self, output: &'a [T]) -> &'a [i8] {
        match self {
            Source::Apart(input) => input,
            Source::Inside(begin, end) => {
                let input = T::bytes(output).get(begin..end);
                debug_assert!(input.is_some(), "the input lies outside of the memory");
                input.unwrap_or(&[])
            }
        }
    }
}

/// Outputs whose memory may also have the input.
pub trait Bytes: Copy {
    /// Themselves, if they are int8.
    fn bytes(slice: &[Self]) -> &[i8];
}

impl Bytes for i8 {
    fn bytes(slice: &[Self]) -> &[i8] {
        slice
    }
}

impl Bytes for f32 {
    fn bytes(_: &[Self]) -> &[i8] {
        &[]
    }
}

/// All output pixels, two at a time; `columns` holds the inputs of both, and
/// `pixel` those of one.
#[inline(always)]
pub fn conv_2d_packed2<S: OutputStage>(
    p: &Packed2Conv2d<'_, S>,
    input: &[i8],
    output: &mut [S::Element],
    columns: &mut [i16],
    pixel: &mut [i8],
) where
    S::Element: Bytes,
{
    convolve(p, Source::Apart(input), output, columns, pixel);
}

/// Computes the convolution where the input is a part of the output's memory.
#[inline(always)]
pub fn conv_2d_packed2_overlapping<S: OutputStage<Element = i8>>(
    p: &Packed2Conv2d<'_, S>,
    memory: &mut [i8],
    columns: &mut [i16],
    pixel: &mut [i8],
    input: Range<usize>,
) {
    convolve(
        p,
        Source::Inside(input.start, input.end),
        memory,
        columns,
        pixel,
    );
}

#[inline(never)]
fn convolve<S: OutputStage>(
    p: &Packed2Conv2d<'_, S>,
    source: Source<'_>,
    output: &mut [S::Element],
    columns: &mut [i16],
    pixel: &mut [i8],
) where
    S::Element: Bytes,
{
    #[cfg(niello_helium)]
    if S::HAS_FOURS {
        return convolve_fours(p, source, output, columns, pixel);
    }
    let channels = p.packed.bias.len().max(1);
    let pixels = p.window.pixels();
    let mut position = Position::default();
    for first in (0..pixels).step_by(2) {
        let both = first + 1 < pixels;
        for at in 0..1 + usize::from(both) {
            p.load(position, at, source.of(output), columns, pixel);
            position.advance(&p.window);
        }
        let begin = first * channels;
        let end = begin + channels * (1 + usize::from(both));
        let Some(out) = output.get_mut(begin..end) else {
            debug_assert!(false, "the output is too short");
            return;
        };
        match out.split_at_mut_checked(channels) {
            Some((a, b)) if both => p.packed.two_pixels(columns, a, b),
            _ => last_pixel(&p.packed, columns, out),
        }
    }
}

/// All channels of the first pixel in `columns`.
#[inline(always)]
pub(super) fn last_pixel<S: OutputStage>(
    p: &Packed2<'_, S>,
    columns: &[i16],
    output: &mut [S::Element],
) {
    p.remaining(columns, 0, output, &mut []);
}
