//! DEPTHWISE_CONV_2D of int16 inputs and int8 weights (TFLite's 16x8 scheme), for wide SIMD
//! registers: one output channel per input channel.

use crate::macros::multiversion::multiversion;
use crate::params::gemm_i16::DepthwiseI16;
use crate::params::layout::LANES;
use crate::params::window::Position;

/// Channels that are added up at once.
const BLOCK: usize = 4 * LANES;

multiversion! {
/// Computes all output pixels of a depthwise convolution, channels side by side.
pub fn depthwise_conv_2d_i16(p: &DepthwiseI16<'_>, input: &[i16], output: &mut [i16]) {
    let pixels = output.chunks_exact_mut(p.channels.max(1));
    for (position, pixel) in p.window.positions().zip(pixels) {
        let (blocks, rest) = pixel.as_chunks_mut::<BLOCK>();
        let mut first = 0;
        for block in blocks {
            p.several(position, first, input, block);
            first += BLOCK;
        }
        let (blocks, rest) = rest.as_chunks_mut::<LANES>();
        for block in blocks {
            p.several(position, first, input, block);
            first += LANES;
        }
        p.last(position, first, input, rest);
    }
}
}

impl DepthwiseI16<'_> {
    /// The outputs of `N` neighbouring channels.
    #[inline(always)]
    fn several<const N: usize>(
        &self,
        at: Position,
        first: usize,
        input: &[i16],
        output: &mut [i16; N],
    ) {
        let of_channels =
            |list: &'_ [i32]| -> Option<[i32; N]> { list.get(first..first + N)?.try_into().ok() };
        let (Some(mut sums), Some(factors)) =
            (of_channels(self.bias), of_channels(self.output.factor))
        else {
            debug_assert!(false, "biases or factors are too short");
            return;
        };
        self.window.taps(at, |tap, pixel| {
            let x = input.get(pixel * self.channels + first..);
            let w = self.filter.get(tap * self.channels + first..);
            let (x, w) = (x.unwrap_or(&[]), w.unwrap_or(&[]));
            // As many as are known while compiling: sums stay in registers.
            if let (Some(x), Some(w)) = (x.first_chunk::<N>(), w.first_chunk::<N>()) {
                for ((sum, x), w) in sums.iter_mut().zip(x).zip(w) {
                    *sum = sum.wrapping_add(product(*x, *w));
                }
            } else {
                debug_assert!(false, "the input or the weights are too short");
            }
        });
        for ((out, sum), factor) in output.iter_mut().zip(sums).zip(factors) {
            *out = self.output.scaled(sum, factor);
        }
    }

    /// The outputs of the last channels, fewer than a block.
    #[inline(always)]
    fn last(&self, at: Position, first: usize, input: &[i16], output: &mut [i16]) {
        let stages = self.bias.iter().zip(self.output.factor).skip(first);
        for ((i, out), (bias, factor)) in output.iter_mut().enumerate().zip(stages) {
            let (mut sum, channel) = (*bias, first + i);
            self.window.taps(at, |tap, pixel| {
                let x = input.get(pixel * self.channels + channel);
                if let Some((x, w)) = x.zip(self.filter.get(tap * self.channels + channel)) {
                    sum = sum.wrapping_add(product(*x, *w));
                }
            });
            *out = self.output.scaled(sum, *factor);
        }
    }
}

/// An input by a weight, a byte of two's complement.
#[inline(always)]
fn product(x: i16, w: u8) -> i32 {
    i32::from(x) * i32::from(w as i8)
}
