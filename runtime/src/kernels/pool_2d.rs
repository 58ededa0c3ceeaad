//! AVERAGE_POOL_2D and MAX_POOL_2D: input and output NHWC with one scale.

use crate::arithmetic::fixed_point::Integer;
use crate::macros::instantiate::instantiate;
use crate::macros::multiversion::multiversion;
use crate::params::window::Window;
#[cfg(all(niello_vector, target_arch = "x86_64"))]
use crate::simd::{dispatch, x86_64::common::mean_hw::MeanHw};

/// Parameters of AVERAGE_POOL_2D and MAX_POOL_2D.
#[derive(Clone, Copy, Debug)]
pub struct Pool2d {
    /// Sizes, strides and padding of the window.
    pub window: Window,
    /// Number of channels of a pixel.
    pub channels: usize,
    /// Smallest output; smaller ones are clamped.
    pub activation_min: i32,
    /// Largest output; larger ones are clamped.
    pub activation_max: i32,
}

/// Channels that are folded at once.
const CHANNELS: usize = if cfg!(niello_vector) { 64 } else { 1 };

/// Folds the taps of every output element, then finishes with their count.
#[inline(always)]
fn pool<T: Integer>(
    p: &Pool2d,
    input: &[T],
    output: &mut [T],
    start: i32,
    fold: impl Fn(i32, i32) -> i32,
    finish: impl Fn(&mut [i32; CHANNELS], i32),
) {
    let channels = p.channels.max(1);
    for (position, pixel) in p.window.positions().zip(output.chunks_exact_mut(channels)) {
        let mut begin = 0;
        let (wholes, rest) = pixel.as_chunks_mut::<CHANNELS>();
        for out in wholes {
            let (mut values, mut count) = ([start; CHANNELS], 0);
            p.window.taps(position, |_, at| {
                let at = at * channels + begin;
                let inputs = input.get(at..at + CHANNELS);
                // As many as are known while compiling: values stay in registers.
                if let Some(inputs) = inputs.and_then(|x| <&[T; CHANNELS]>::try_from(x).ok()) {
                    for (value, x) in values.iter_mut().zip(inputs) {
                        *value = fold(*value, x.wide());
                    }
                    count += 1;
                } else {
                    debug_assert!(false, "the input is too short");
                }
            });
            finish(&mut values, count);
            for (out, value) in out.iter_mut().zip(values) {
                *out = p.clamped(value);
            }
            begin += CHANNELS;
        }
        if rest.is_empty() {
            continue;
        }
        let (mut values, mut count) = ([start; CHANNELS], 0);
        p.window.taps(position, |_, at| {
            let at = at * channels + begin;
            if let Some(inputs) = input.get(at..at + rest.len()) {
                for (value, x) in values.iter_mut().zip(inputs) {
                    *value = fold(*value, x.wide());
                }
                count += 1;
            } else {
                debug_assert!(false, "the input is too short");
            }
        });
        finish(&mut values, count);
        for (out, value) in rest.iter_mut().zip(values) {
            *out = p.clamped(value);
        }
    }
}

impl Pool2d {
    /// True if one window holds all of one image.
    #[cfg(all(niello_vector, target_arch = "x86_64"))]
    fn is_global(&self) -> bool {
        let w = &self.window;
        let [height, width] = [w.filter_height, w.filter_width];
        w.batches == 1
            && [w.output_height, w.output_width] == [1, 1]
            && [w.padding_top, w.padding_left] == [0, 0]
            && [w.dilation_height, w.dilation_width] == [1, 1]
            && [w.input_height, w.input_width] == [height, width]
    }

    #[inline(always)]
    fn clamped<T: Integer>(&self, value: i32) -> T {
        T::wrapped(value.max(self.activation_min).min(self.activation_max))
    }
}

/// Sums become means, rounded half away from zero.
#[inline(always)]
fn mean<T>(sums: &mut [i32; CHANNELS], count: i32) {
    let (half, count) = (count / 2, count.max(1));
    if cfg!(niello_vector) && size_of::<T>() == 1 && count < 1 << 16 {
        // There is no integer division of vectors; quotients of integers below 2^24
        // are never rounded to an integer that they do not reach.
        let count = count as f32;
        for sum in sums {
            *sum += if *sum > 0 { half } else { -half };
            *sum = (*sum as f32 / count) as i32;
        }
        return;
    }
    for sum in sums {
        *sum = (*sum + if *sum > 0 { half } else { -half }) / count;
    }
}

/// The mean of uint8 elements, here offset by 128: rounded half up.
#[inline(always)]
fn mean_uint8(sums: &mut [i32; CHANNELS], count: i32) {
    let count = count.max(1);
    for sum in sums {
        // Not negative any more: division rounds down.
        *sum = (*sum + count * 128 + count / 2) / count - 128;
    }
}

instantiate! {
    /// Means, rounded half away from zero, of the taps inside the input.
    pub fn average_pool_2d<T: AveragePoolHere>(p: &Pool2d, input: &[T], output: &mut [T]) = average_pool_inner,
        for i8 i16 i32;
    /// Maxima of the taps inside the input.
    pub fn max_pool_2d<T: MaxPoolHere>(p: &Pool2d, input: &[T], output: &mut [T]) = max_pool_inner,
        for i8 i16 i32;
}

multiversion! {
    fn average_pool_inner<T: Integer>(p: &Pool2d, input: &[T], output: &mut [T]) {
        #[cfg(all(niello_vector, target_arch = "x86_64"))]
        if p.is_global()
            && let (Some(pixels), Some(output)) = (T::int8(input), T::int8_mut(output))
        {
            let image = MeanHw {
                pixels,
                channels: p.channels,
                min: p.activation_min,
                max: p.activation_max,
            };
            if dispatch::try_mean_hw(image, output) {
                return;
            }
        }
        pool(p, input, output, 0, |sum, x| sum.wrapping_add(x), mean::<T>);
    }

    /// Means of uint8, shifted by 128, of the taps inside the input.
    pub fn average_pool_2d_uint8(p: &Pool2d, input: &[i8], output: &mut [i8]) {
        pool(p, input, output, 0, |sum, x| sum.wrapping_add(x), mean_uint8);
    }

    fn max_pool_inner<T: Integer>(p: &Pool2d, input: &[T], output: &mut [T]) {
        pool(p, input, output, i32::MIN, i32::max, |_, _| ());
    }
}
