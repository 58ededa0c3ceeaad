//! CONV_2D and FULLY_CONNECTED of int8 with packed weights: see [`crate::arch`].
//!
//! The input's zero point is subtracted where inputs are widened to 16 bits, which
//! costs nothing; padding is filled with it.
//!
//! Parameters go through `black_box`: else LLVM makes a copy of a kernel for every
//! layer, which costs flash and gains little.

use core::hint::black_box;
use core::ops::Range;

use super::accumulate::{Bias, OutputStage, PairSums};
use super::strided::copy_row;
use super::window::{Position, Window};
use crate::arch;

/// Weights of a matrix product and what becomes of its sums.
#[derive(Clone, Copy, Debug)]
pub struct Packed<'a, S> {
    /// Products per sum.
    pub depth: usize,
    /// The input's zero point.
    pub zero_point: i8,
    /// Weights, in the order of [`crate::arch`].
    pub filter: &'a [u8],
    /// What sums begin with.
    pub bias: Bias<'a>,
    /// What becomes of the sums.
    pub output: S,
}

/// Parameters of [`conv_2d_packed`].
#[derive(Clone, Copy, Debug)]
pub struct PackedConv2d<'a, S> {
    /// Sizes, strides and padding.
    pub window: Window,
    /// Channels of the input.
    pub input_depth: usize,
    /// The weights.
    pub packed: Packed<'a, S>,
}

impl<S: OutputStage> Packed<'_, S> {
    /// Bytes of a packed pair of channels.
    #[inline(always)]
    fn pair(&self) -> usize {
        self.depth.div_ceil(4) * 8
    }

    /// All channels of the two pixels in `columns`.
    #[inline(never)]
    fn two_pixels(&self, columns: &[i16], first: &mut [S::Element], second: &mut [S::Element]) {
        let size = self.pair().max(1);
        let sums = PairSums {
            columns: columns.get(..size).unwrap_or(&[]),
            filter: self.filter,
            bias: self.bias,
        };
        let done = self.output.pairs(&sums, first, second) / 2;
        let weights = self.filter.chunks(size);
        let outputs = first.chunks_mut(2).zip(second.chunks_mut(2));
        for (i, (weights, (a, b))) in weights.zip(outputs).enumerate().skip(done) {
            let bias = |channel| self.bias.get(channel).unwrap_or(0);
            match (a, b) {
                ([a0, a1], [c0, c1]) => {
                    let (b0, b1) = (bias(2 * i), bias(2 * i + 1));
                    let mut sums = [b0, b1, b0, b1];
                    arch::dot_2x2(columns, weights, &mut sums);
                    *a0 = self.output.finish(sums[0], 2 * i);
                    *a1 = self.output.finish(sums[1], 2 * i + 1);
                    *c0 = self.output.finish(sums[2], 2 * i);
                    *c1 = self.output.finish(sums[3], 2 * i + 1);
                }
                ([a0, ..], [c0, ..]) => {
                    let mut sums = [bias(2 * i); 2];
                    arch::dot_2x1(columns, weights, &mut sums);
                    *a0 = self.output.finish(sums[0], 2 * i);
                    *c0 = self.output.finish(sums[1], 2 * i);
                }
                _ => {}
            }
        }
    }

    /// All channels of one row: four at a time, then what is left.
    #[inline(always)]
    fn row(&self, row: &[i8], output: &mut [S::Element]) {
        let size = self.pair().max(1);
        let (outputs, rest) = output.as_chunks_mut::<4>();
        let done = 4 * outputs.len();
        let mut weights = self.filter.chunks(size);
        for (i, out) in outputs.iter_mut().enumerate() {
            let (Some(first), Some(second), Some(mut sums)) =
                (weights.next(), weights.next(), self.bias.several(4 * i))
            else {
                return;
            };
            arch::dot_1x4(row, self.zero_point, [first, second], &mut sums);
            self.output.four(&sums, 4 * i, out);
        }
        for (k, out) in rest.chunks_mut(2).enumerate() {
            let channel = done + 2 * k;
            let weights = weights.next().unwrap_or(&[]);
            match out {
                [first, second] => {
                    let mut sums = self.bias.several(channel).unwrap_or_default();
                    arch::dot_1x2(row, self.zero_point, weights, &mut sums);
                    *first = self.output.finish(sums[0], channel);
                    *second = self.output.finish(sums[1], channel + 1);
                }
                [single] => {
                    let products = row.iter().zip(weights);
                    let bias = self.bias.get(channel).unwrap_or(0);
                    let sum = products.fold(bias, |sum, (&x, &w)| {
                        let x = i32::from(x) - i32::from(self.zero_point);
                        sum.wrapping_add(x * i32::from(w as i8))
                    });
                    *single = self.output.finish(sum, channel);
                }
                _ => {}
            }
        }
    }
}

/// One row of FULLY_CONNECTED.
#[inline(always)]
pub fn fully_connected_row<S: OutputStage>(
    p: &Packed<'_, S>,
    input: &[i8],
    output: &mut [S::Element],
) {
    row(black_box(p), input, output);
}

#[inline(never)]
fn row<S: OutputStage>(p: &Packed<'_, S>, input: &[i8], output: &mut [S::Element]) {
    p.row(input.get(..p.depth).unwrap_or(&[]), output);
}

/// Rows of FULLY_CONNECTED, two at a time; `columns` holds both.
#[inline(always)]
pub fn fully_connected_rows<S: OutputStage>(
    p: &Packed<'_, S>,
    input: &[i8],
    output: &mut [S::Element],
    columns: &mut [i16],
) where
    S::Element: Bytes,
{
    rows(black_box(p), Source::Apart(input), output, columns);
}

/// The same where the input is a part of the output's memory. The planner
/// knows how far behind the output an input must lie so that it is read in time.
#[inline(always)]
pub fn fully_connected_rows_overlapping<S: OutputStage<Element = i8>>(
    p: &Packed<'_, S>,
    memory: &mut [i8],
    columns: &mut [i16],
    input: Range<usize>,
) {
    rows(
        black_box(p),
        Source::Inside(input.start, input.end),
        memory,
        columns,
    );
}

#[inline(never)]
fn rows<S: OutputStage>(
    p: &Packed<'_, S>,
    source: Source<'_>,
    output: &mut [S::Element],
    columns: &mut [i16],
) where
    S::Element: Bytes,
{
    let (depth, channels) = (p.depth.max(1), p.bias.len().max(1));
    let count = source.of(output).len() / depth;
    for at in (0..count).step_by(2) {
        let input = source.of(output);
        let both = input.get(at * depth..(at + 2) * depth);
        let rest = input.get(at * depth..).unwrap_or(&[]);
        let (first, second) = both
            .unwrap_or(rest)
            .split_at_checked(depth)
            .unwrap_or_default();
        arch::expand(first, p.zero_point, 0, columns);
        arch::expand(second, p.zero_point, 1, columns);
        let (begin, two) = (at * channels, both.is_some());
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

/// Where a kernel's input lies.
#[derive(Clone, Copy)]
enum Source<'a> {
    /// In memory of its own.
    Apart(&'a [i8]),
    /// In the output's memory, from here to there.
    Inside(usize, usize),
}

impl<'a> Source<'a> {
    #[inline(always)]
    fn of<T: Bytes>(self, output: &'a [T]) -> &'a [i8] {
        match self {
            Source::Apart(input) => input,
            Source::Inside(begin, end) => T::bytes(output).get(begin..end).unwrap_or(&[]),
        }
    }
}

/// Outputs that an input may lie among.
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

impl<S> PackedConv2d<'_, S> {
    /// The inputs of one output pixel, straight into `columns`: groups of four are
    /// of one tap.
    #[inline(never)]
    fn gather_fours(&self, position: Position, input: &[i8], at: usize, columns: &mut [i16]) {
        let (w, depth) = (&self.window, self.input_depth);
        let inside = w.columns(position);
        let first = w.column(position, inside.start);
        let rows = columns.chunks_exact_mut((w.filter_width * depth * 2).max(1));
        for (y, to) in rows.enumerate() {
            let begin = w.row(position, y).map(|begin| (begin + first) * depth);
            let run = begin.and_then(|begin| input.get(begin..begin + inside.len() * depth));
            let run = run.unwrap_or(&[]);
            let start = if run.is_empty() {
                0
            } else {
                inside.start * depth * 2
            };
            if run.len() < w.filter_width * depth {
                // Both pixels' places are filled where one's belong: the groups lie
                // side by side, and each pixel writes only its own.
                let end = start + run.len() * 2;
                let groups = to.as_chunks_mut::<8>().0.iter_mut().enumerate();
                for (i, group) in groups {
                    if !(start..end).contains(&(i * 8)) {
                        for x in group.iter_mut().skip(at * 4).take(4) {
                            *x = 0;
                        }
                    }
                }
            }
            let to = to.get_mut(start..).unwrap_or(&mut []);
            arch::expand(run, self.packed.zero_point, at, to);
        }
    }

    /// The inputs of one output pixel, side by side: runs of neighbours, filled up
    /// where the window leaves the input.
    #[inline(never)]
    fn gather(&self, position: Position, input: &[i8], pixel: &mut [i8]) {
        let (w, depth) = (&self.window, self.input_depth);
        let row = w.filter_width * depth;
        for (y, to) in pixel.chunks_exact_mut(row.max(1)).enumerate() {
            let Some(begin) = w.row(position, y) else {
                to.fill(self.packed.zero_point);
                continue;
            };
            let columns = w.columns(position);
            if w.dilation_width == 1 {
                let (left, rest) = to
                    .split_at_mut_checked(columns.start * depth)
                    .unwrap_or_default();
                let count = columns.len() * depth;
                let (middle, right) = rest.split_at_mut_checked(count).unwrap_or_default();
                left.fill(self.packed.zero_point);
                right.fill(self.packed.zero_point);
                let first = w.column(position, columns.start);
                let from = (begin + first) * depth;
                copy_row(input.get(from..from + count).unwrap_or(&[]), middle);
            } else {
                for (x, to) in to.chunks_exact_mut(depth.max(1)).enumerate() {
                    if columns.contains(&x) {
                        let from = (begin + w.column(position, x)) * depth;
                        copy_row(input.get(from..from + depth).unwrap_or(&[]), to);
                    } else {
                        to.fill(self.packed.zero_point);
                    }
                }
            }
        }
    }
}

/// All output pixels, two at a time; `columns` holds the inputs of both, and
/// `pixel` those of one.
#[inline(always)]
pub fn conv_2d_packed<S: OutputStage>(
    p: &PackedConv2d<'_, S>,
    input: &[i8],
    output: &mut [S::Element],
    columns: &mut [i16],
    pixel: &mut [i8],
) where
    S::Element: Bytes,
{
    convolve(black_box(p), Source::Apart(input), output, columns, pixel);
}

/// The same where the input is a part of the output's memory.
#[inline(always)]
pub fn conv_2d_packed_overlapping<S: OutputStage<Element = i8>>(
    p: &PackedConv2d<'_, S>,
    memory: &mut [i8],
    columns: &mut [i16],
    pixel: &mut [i8],
    input: Range<usize>,
) {
    convolve(
        black_box(p),
        Source::Inside(input.start, input.end),
        memory,
        columns,
        pixel,
    );
}

#[inline(never)]
fn convolve<S: OutputStage>(
    p: &PackedConv2d<'_, S>,
    source: Source<'_>,
    output: &mut [S::Element],
    columns: &mut [i16],
    pixel: &mut [i8],
) where
    S::Element: Bytes,
{
    let channels = p.packed.bias.len().max(1);
    let fours = p.window.dilation_width == 1 && p.input_depth.is_multiple_of(4);
    let mut positions = p.window.positions();
    let mut begin = 0;
    loop {
        let mut found = 0;
        for at in 0..2 {
            let Some(position) = positions.next() else {
                break;
            };
            let input = source.of(output);
            if fours {
                p.gather_fours(position, input, at, columns);
            } else {
                p.gather(position, input, pixel);
                arch::expand(pixel, p.packed.zero_point, at, columns);
            }
            found += 1;
        }
        let Some(out) = output.get_mut(begin..begin + found * channels) else {
            return;
        };
        begin += found * channels;
        match (found, out.split_at_mut_checked(channels)) {
            (2, Some((a, b))) => p.packed.two_pixels(columns, a, b),
            (1, _) => return last_pixel(&p.packed, columns, out),
            _ => return,
        }
    }
}

/// All channels of the first pixel in `columns`.
#[inline(never)]
fn last_pixel<S: OutputStage>(p: &Packed<'_, S>, columns: &[i16], output: &mut [S::Element]) {
    let size = p.pair().max(1);
    let weights = p.filter.chunks(size);
    for (i, (weights, out)) in weights.zip(output.chunks_mut(2)).enumerate() {
        let first = p.bias.get(2 * i).unwrap_or(0);
        let mut sums = [first, p.bias.get(2 * i + 1).unwrap_or(0), 0, 0];
        if out.len() == 2 {
            arch::dot_2x2(columns, weights, &mut sums);
        } else {
            let mut both = [first, 0];
            arch::dot_2x1(columns, weights, &mut both);
            sums[0] = both[0];
        }
        for (k, (out, sum)) in out.iter_mut().zip(sums).enumerate() {
            *out = p.output.finish(sum, 2 * i + k);
        }
    }
}
