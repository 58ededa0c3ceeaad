//! MEAN and SUM over some of 4 dimensions.

use crate::arithmetic::fixed_point::{Integer, Multiplier};
use crate::kernels::reduce::Reduce;
use crate::macros::instantiate::instantiate;
#[cfg(niello_vector)]
use crate::macros::multiversion::multiversion;

/// Parameters of the kernel [`mean`].
#[derive(Clone, Copy, Debug)]
pub struct Mean {
    /// Sizes of the dimensions, outermost first.
    pub dims: [usize; 4],
    /// True for each dimension that is averaged.
    pub reduced: [bool; 4],
    /// The input's zero point times the number of averaged elements, negated.
    pub bias: i32,
    /// The input's scale by the output's and that number.
    pub output_multiplier: Multiplier,
    /// Zero point of the output tensor.
    pub output_offset: i32,
}

instantiate! {
    /// One sum per output element.
    pub fn mean<T: MeanHere>(p: &Mean, input: &[T], output: &mut [T]) = mean_inner,
        for i8 i16 i32;
}

impl Mean {
    #[inline(always)]
    fn finish<T: Integer>(&self, sum: i32) -> T {
        let q = self.output_multiplier.apply(sum);
        T::saturated(q.wrapping_add(self.output_offset))
    }

    /// True if all but the last dimension but one are kept.
    #[cfg(niello_vector)]
    fn is_of_pixels(&self) -> bool {
        let is_kept = |i: usize| !self.reduced[i] || self.dims[i] == 1;
        is_kept(0) && is_kept(1) && self.reduced[2] && !self.reduced[3]
    }
}

fn mean_inner<T: Integer>(p: &Mean, input: &[T], output: &mut [T]) {
    #[cfg(niello_vector)]
    if p.is_of_pixels() {
        mean_of_pixels(p, input, output);
        return;
    }
    let lanes = Reduce {
        dims: p.dims,
        reduced: p.reduced,
    };
    lanes.fold(
        input,
        output,
        p.bias,
        |sum, q| sum.wrapping_add(q.wide()),
        |sum| p.finish(sum),
    );
}

/// Channels that are summed up at once.
#[cfg(niello_vector)]
const CHANNELS: usize = 64;

#[cfg(niello_vector)]
multiversion! {
/// One sum per channel: channels side by side, pixel after pixel.
fn mean_of_pixels<T: Integer>(p: &Mean, input: &[T], output: &mut [T]) {
    let [.., pixels, channels] = p.dims;
    let channels = channels.max(1);
    let images = input.chunks_exact((pixels * channels).max(1));
    for (image, output) in images.zip(output.chunks_exact_mut(channels)) {
        for (block, output) in output.chunks_mut(CHANNELS).enumerate() {
            let mut sums = [p.bias; CHANNELS];
            for pixel in image.chunks_exact(channels) {
                let inputs = &pixel[block * CHANNELS..];
                // As many as are known while compiling: sums stay in registers.
                if let Some(inputs) = inputs.first_chunk::<CHANNELS>() {
                    for (sum, x) in sums.iter_mut().zip(inputs) {
                        *sum = sum.wrapping_add(x.wide());
                    }
                } else {
                    for (sum, x) in sums.iter_mut().zip(inputs) {
                        *sum = sum.wrapping_add(x.wide());
                    }
                }
            }
            for (output, sum) in output.iter_mut().zip(sums) {
                *output = p.finish(sum);
            }
        }
    }
}
}
