//! Sums of products with constant weights: inputs and weights of any types, added up in any type.

use crate::window::Window;

/// How an operator with weights goes through its input and its weights.
#[derive(Clone, Copy, Debug)]
pub enum Walk {
    /// CONV_2D: weights OHWI.
    Convolution {
        /// The window over the input.
        window: Window,
        /// The channels of the input.
        input_depth: usize,
        /// The channels of the weights: less than the input's if channels are grouped.
        filter_depth: usize,
    },
    /// DEPTHWISE_CONV_2D: weights 1HWC.
    Depthwise {
        /// The window over the input.
        window: Window,
        /// The channels of the input.
        input_depth: usize,
        /// How many outputs each input channel has.
        depth_multiplier: usize,
    },
    /// TRANSPOSE_CONV: weights OHWI.
    Transposed {
        /// The window over the output, as the convolution that this one reverses goes through it.
        window: Window,
        /// The channels of the input.
        input_depth: usize,
    },
    /// FULLY_CONNECTED: weights with one row for each output.
    Rows {
        /// The number of rows of the input.
        rows: usize,
        /// The length of a row.
        depth: usize,
    },
}

/// The numbers that are multiplied and added up.
#[derive(Debug)]
pub struct Factors<'a, X, W, A> {
    /// The inputs, channels last.
    pub input: &'a [X],
    /// What is added to each input.
    pub offset: i32,
    /// The weights.
    pub filter: &'a [W],
    /// Where each channel's sums begin.
    pub bias: &'a [A],
}

impl<X: Copy, W: Copy, A: Accumulate<X, W>> Factors<'_, X, W, A> {
    /// The biases of `pixels` outputs: where every sum begins.
    fn begin(&self, pixels: usize) -> Vec<A> {
        let all = pixels * self.bias.len();
        self.bias.iter().copied().cycle().take(all).collect()
    }

    /// `acc` and the products of input and weights from these positions on.
    fn dot(&self, acc: A, input: usize, filter: usize, depth: usize) -> A {
        let x = &self.input[input..][..depth];
        let w = &self.filter[filter..][..depth];
        let pairs = x.iter().zip(w);
        pairs.fold(acc, |acc, (&x, &w)| acc.add_product(x, w, self.offset))
    }

    /// The sums of all outputs, channels last.
    fn sums(&self, walk: &Walk) -> Vec<A> {
        let channels = self.bias.len();
        match *walk {
            Walk::Convolution {
                window,
                input_depth,
                filter_depth: depth,
            } => {
                let per_group = (channels / (input_depth / depth)).max(1);
                let taps = window.filter[0] * window.filter[1];
                let mut sums = self.begin(window.output_pixels());
                window.taps(|out, tap, pixel| {
                    let sums = &mut sums[out * channels..][..channels];
                    for (channel, sum) in sums.iter_mut().enumerate() {
                        let begin = pixel * input_depth + channel / per_group * depth;
                        *sum = self.dot(*sum, begin, (channel * taps + tap) * depth, depth);
                    }
                });
                sums
            }
            Walk::Depthwise {
                window,
                input_depth,
                depth_multiplier,
            } => {
                let mut sums = self.begin(window.output_pixels());
                window.taps(|out, tap, pixel| {
                    let x = &self.input[pixel * input_depth..][..input_depth];
                    let w = &self.filter[tap * channels..][..channels];
                    let sums = &mut sums[out * channels..][..channels];
                    if depth_multiplier == 1 {
                        for ((sum, &x), &w) in sums.iter_mut().zip(x).zip(w) {
                            *sum = sum.add_product(x, w, self.offset);
                        }
                        return;
                    }
                    for (channel, (sum, &w)) in sums.iter_mut().zip(w).enumerate() {
                        *sum = sum.add_product(x[channel / depth_multiplier], w, self.offset);
                    }
                });
                sums
            }
            Walk::Transposed {
                window,
                input_depth: depth,
            } => {
                let taps = window.filter[0] * window.filter[1];
                let mut sums = self.begin(window.batches * window.input[0] * window.input[1]);
                window.taps(|from, tap, pixel| {
                    let sums = &mut sums[pixel * channels..][..channels];
                    for (channel, sum) in sums.iter_mut().enumerate() {
                        *sum = self.dot(*sum, from * depth, (channel * taps + tap) * depth, depth);
                    }
                });
                sums
            }
            Walk::Rows { rows, depth } => {
                let mut sums = self.begin(rows);
                for (i, sum) in sums.iter_mut().enumerate() {
                    let (row, unit) = (i / channels, i % channels);
                    *sum = self.dot(*sum, row * depth, unit * depth, depth);
                }
                sums
            }
        }
    }
}

/// For each output channel, the largest magnitude that the sums of its products can have: inputs of
/// int8 less their zero point are 255 at most. Channels are the last dimension of the weights, or
/// the first.
pub fn reaches(filter: &[i8], channels: usize, channels_last: bool) -> Vec<i64> {
    let magnitude = |w: &i8| i64::from(w.unsigned_abs()) * 255;
    if channels_last {
        let mut reaches = vec![0; channels];
        for row in filter.chunks(channels.max(1)) {
            for (reach, w) in reaches.iter_mut().zip(row) {
                *reach += magnitude(w);
            }
        }
        return reaches;
    }
    let per_channel = (filter.len() / channels.max(1)).max(1);
    let mut reaches: Vec<i64> = filter
        .chunks(per_channel)
        .map(|weights| weights.iter().map(magnitude).sum())
        .collect();
    reaches.resize(channels, 0);
    reaches
}

/// What inputs (`X`) and weights (`W`) are added up in.
pub trait Accumulate<X, W>: Copy {
    /// `self + (x + offset) * w`.
    #[must_use]
    fn add_product(self, x: X, w: W, offset: i32) -> Self;

    /// All sums of an operator, channels last.
    fn sums(walk: &Walk, factors: &Factors<'_, X, W, Self>) -> Vec<Self>;
}

/// Implements [`Accumulate`] by an expression, with functions of concrete types.
macro_rules! accumulate {
    ($x:ty, $w:ty, $sum:ty, |$acc:ident, $a:ident, $b:ident, $offset:ident| $added:expr) => {
        impl Accumulate<$x, $w> for $sum {
            fn add_product(self, $a: $x, $b: $w, $offset: i32) -> Self {
                let $acc = self;
                $added
            }

            fn sums(walk: &Walk, factors: &Factors<'_, $x, $w, Self>) -> Vec<Self> {
                factors.sums(walk)
            }
        }
    };
}

accumulate!(i8, i8, i32, |sum, x, w, offset| sum
    .wrapping_add((i32::from(x) + offset) * i32::from(w)));
accumulate!(i8, i16, i32, |sum, x, w, offset| sum
    .wrapping_add((i32::from(x) + offset) * i32::from(w)));
accumulate!(i16, i8, i32, |sum, x, w, offset| sum
    .wrapping_add((i32::from(x) + offset) * i32::from(w)));
accumulate!(i16, i8, i64, |sum, x, w, offset| sum
    .wrapping_add(((i32::from(x) + offset) * i32::from(w)).into()));
accumulate!(f32, f32, f32, |sum, x, w, _offset| sum + x * w);
