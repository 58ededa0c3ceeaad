//! AVERAGE_POOL_2D and MAX_POOL_2D: input and output NHWC with one scale.

use super::here::here;
use super::window::Window;
use crate::arch::widely;
use crate::arithmetic::Integer;

/// Parameters of both pools.
#[derive(Clone, Copy, Debug)]
pub struct Pool2d {
    /// Sizes, strides and padding.
    pub window: Window,
    /// Channels.
    pub channels: usize,
    /// Smallest output.
    pub activation_min: i32,
    /// Largest output.
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
    finish: impl Fn(i32, i32) -> i32,
) {
    let channels = p.channels.max(1);
    for (position, pixel) in p.window.positions().zip(output.chunks_exact_mut(channels)) {
        for (chunk, out) in pixel.chunks_mut(CHANNELS).enumerate() {
            let (mut values, mut count) = ([start; CHANNELS], 0);
            p.window.taps(position, |_, at| {
                let begin = at * channels + chunk * CHANNELS;
                if let Some(inputs) = input.get(begin..begin + out.len()) {
                    for (value, x) in values.iter_mut().zip(inputs) {
                        *value = fold(*value, x.wide());
                    }
                    count += 1;
                }
            });
            for (out, value) in out.iter_mut().zip(values) {
                let value = finish(value, count);
                *out = T::wrapped(value.max(p.activation_min).min(p.activation_max));
            }
        }
    }
}

#[inline(always)]
fn mean<T>(sum: i32, count: i32) -> i32 {
    let half = if sum > 0 { count / 2 } else { -(count / 2) };
    let (sum, count) = (sum + half, count.max(1));
    if cfg!(niello_vector) && size_of::<T>() == 1 && count < 1 << 16 {
        // There is no integer division of vectors; quotients of integers below 2^24
        // are never rounded to an integer that they do not reach.
        return (sum as f32 / count as f32) as i32;
    }
    sum / count
}

here! {
    /// Means, rounded half away from zero, of the taps inside the input.
    pub fn average_pool_2d<T: AveragePoolHere>(p: &Pool2d, input: &[T], output: &mut [T]) = average_pool_here,
        for i8 i16 i32;
    /// Maxima of the taps inside the input.
    pub fn max_pool_2d<T: MaxPoolHere>(p: &Pool2d, input: &[T], output: &mut [T]) = max_pool_here,
        for i8 i16 i32;
}

widely! {
    fn average_pool_here<T: Integer>(p: &Pool2d, input: &[T], output: &mut [T]) {
        pool(p, input, output, 0, |sum, x| sum.wrapping_add(x), mean::<T>);
    }

    fn max_pool_here<T: Integer>(p: &Pool2d, input: &[T], output: &mut [T]) {
        pool(p, input, output, i32::MIN, i32::max, |max, _| max);
    }
}
