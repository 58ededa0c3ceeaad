//! AVERAGE_POOL_2D and MAX_POOL_2D: input and output NHWC with one scale.

use super::window::Window;
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
        for (channel, out) in pixel.iter_mut().enumerate() {
            let (mut value, mut count) = (start, 0);
            p.window.taps(position, |_, at| {
                if let Some(&x) = input.get(at * channels + channel) {
                    value = fold(value, x.wide());
                    count += 1;
                }
            });
            let value = finish(value, count);
            *out = T::wrapped(value.max(p.activation_min).min(p.activation_max));
        }
    }
}

/// Means, rounded half away from zero, of the taps inside the input.
pub fn average_pool_2d<T: Integer>(p: &Pool2d, input: &[T], output: &mut [T]) {
    let mean = |sum: i32, count: i32| {
        let half = if sum > 0 { count / 2 } else { -(count / 2) };
        (sum + half) / count.max(1)
    };
    pool(p, input, output, 0, |sum, x| sum.wrapping_add(x), mean);
}

/// Maxima of the taps inside the input.
pub fn max_pool_2d<T: Integer>(p: &Pool2d, input: &[T], output: &mut [T]) {
    pool(p, input, output, i32::MIN, i32::max, |max, _| max);
}
