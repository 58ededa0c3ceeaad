//! Plain loops, written so that each loaded value is used more than once, for cores without routines
//! of their own, such as RISC-V's.

use crate::mcu::generic::{add_1x4, expand_last, in_order, tail_1x4};
use crate::params::requantize_fast::FastChannel;

/// Widens one pixel of two into its places of `columns`, less its zero point; `at`
/// is 0 or 1.
#[inline(never)]
pub(crate) fn expand(pixel: &[i8], zero_point: i8, at: usize, columns: &mut [i16]) {
    let (fours, rest) = pixel.as_chunks::<4>();
    for (four, group) in fours.iter().zip(columns.as_chunks_mut::<8>().0) {
        let (first, second) = group.split_at_mut(4);
        let places = if at == 0 { first } else { second };
        for (to, &x) in places.iter_mut().zip(four) {
            *to = i16::from(x) - i16::from(zero_point);
        }
    }
    if !rest.is_empty() {
        expand_last(pixel, zero_point, at, columns);
    }
}

/// Two pixels by four channels, of two packed pairs: `sums[channel][pixel]`.
#[inline(always)]
pub(crate) fn dot_2x4(columns: &[i16], weights: [&[u8]; 2], sums: &mut [[i32; 2]; 4]) {
    let mut all = [0, 1].map(|pixel| sums.map(|of_channel| of_channel[pixel]));
    let [first, second] = weights.map(|w| w.as_chunks::<8>().0.iter());
    for (x, (v, w)) in columns.as_chunks::<8>().0.iter().zip(first.zip(second)) {
        for k in 0..4 {
            let weights = [v[k], v[k + 4], w[k], w[k + 4]].map(|w| i32::from(w as i8));
            for (sums, x) in all.iter_mut().zip([x[k], x[k + 4]]) {
                for (sum, w) in sums.iter_mut().zip(weights) {
                    *sum = sum.wrapping_add(i32::from(x) * w);
                }
                in_order(sums);
            }
        }
    }
    for (channel, sums) in sums.iter_mut().enumerate() {
        *sums = all.map(|of_pixel| of_pixel[channel]);
    }
}

/// One row by four channels, of two packed pairs.
#[inline(never)]
pub(crate) fn dot_1x4(row: &[i8], zero_point: i8, weights: [&[u8]; 2], sums: &mut [i32; 4]) {
    let mut all = *sums;
    let [first, second] = weights.map(|w| w.as_chunks::<8>().0.iter());
    for (x, (v, w)) in row.as_chunks::<4>().0.iter().zip(first.zip(second)) {
        for (k, &x) in x.iter().enumerate() {
            add_1x4(x, zero_point, [v, w], k, &mut all);
            in_order(&mut all);
        }
    }
    tail_1x4(row, zero_point, weights, &mut all);
    *sums = all;
}

/// The weights of a 3x3 window.
#[inline(always)]
pub(crate) fn weights_3x3(filter: &[u8; 9]) -> [i16; 9] {
    filter.map(|w| i16::from(w as i8))
}

/// A 3x3 window over one channel's plane: outputs, `step` elements apart. Rows of
/// the plane have an even number of elements, one pair more than outputs need.
#[inline(always)]
#[allow(
    clippy::too_many_arguments,
    reason = "one inner loop: pointers, strides and sizes"
)]
pub(crate) fn plane_3x3<const STRIDE: usize>(
    plane: &[i16],
    pitch: usize,
    weights: &[i16; 9],
    bias: i32,
    [height, width]: [usize; 2],
    output: &mut [i8],
    step: usize,
    stage: FastChannel,
) {
    let (plane, step) = (plane.as_chunks::<2>().0, step.max(1));
    let rows = output.chunks_mut((width * step).max(1));
    for (y, out) in rows.enumerate().take(height) {
        let pairs = |row| {
            let begin = (y * STRIDE + row) * (pitch / 2);
            plane.get(begin..).unwrap_or(&[]).windows(2)
        };
        let pairs = pairs(0).zip(pairs(1)).zip(pairs(2));
        let outputs = out.chunks_mut(step * (3 - STRIDE));
        for (((a, b), c), out) in pairs.zip(outputs) {
            let mut sums = [bias; 2];
            for (row, w) in [a, b, c].into_iter().zip(weights.as_chunks::<3>().0) {
                let x = row.as_flattened();
                for k in 0..3 {
                    let w = i32::from(w[k]);
                    sums[0] = sums[0].wrapping_add(i32::from(x[k]) * w);
                    if STRIDE == 1 {
                        sums[1] = sums[1].wrapping_add(i32::from(x[k + 1]) * w);
                    }
                }
            }
            for (out, sum) in out.iter_mut().step_by(step).zip(sums) {
                *out = stage.finish(sum);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use core::array::from_fn;

    use super::*;
    use crate::arithmetic::fixed_point::Multiplier;

    /// Numerical Recipes' generator; the upper bits are the good ones.
    fn bytes<const N: usize>(mut state: u32) -> [i8; N] {
        from_fn(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8 as i8
        })
    }

    /// Sums of products, one after the other.
    fn sum(x: &[i16], weights: &[i8]) -> i32 {
        let products = x.iter().zip(weights);
        products.map(|(x, w)| i32::from(*x) * i32::from(*w)).sum()
    }

    #[test]
    fn tiles_have_the_sums_of_single_channels() {
        const DEPTH: usize = 11;
        let pixels: [[i8; DEPTH]; 2] = [1, 2].map(bytes);
        let channels: [[i8; DEPTH]; 4] = [3, 4, 5, 6].map(bytes);
        let mut columns = [99; 24];
        let mut filter = [0_u8; 48];
        for (at, pixel) in pixels.iter().enumerate() {
            expand(pixel, -7, at, &mut columns);
        }
        for (channel, weights) in channels.iter().enumerate() {
            for (k, w) in weights.iter().enumerate() {
                filter[channel / 2 * 24 + k / 4 * 8 + channel % 2 * 4 + k % 4] = *w as u8;
            }
        }
        let halves = filter.split_at(24).into();
        let wide = pixels.map(|pixel| pixel.map(|x| i16::from(x) + 7));
        let mut sums = [[5; 2]; 4];
        dot_2x4(&columns, halves, &mut sums);
        let wanted = channels.map(|w| wide.map(|x| 5 + sum(&x, &w)));
        assert_eq!(sums, wanted);
        let mut of_row = [5; 4];
        dot_1x4(&pixels[0], -7, halves, &mut of_row);
        assert_eq!(of_row, wanted.map(|[first, _]| first));
    }

    #[test]
    fn windows_have_the_sums_of_their_taps() {
        let plane: [i16; 80] = bytes(7).map(i16::from);
        let weights: [i8; 9] = bytes(8);
        let stage = FastChannel {
            multiplier: Multiplier {
                multiplier: 1 << 30,
                shift: -7,
            },
            output_offset: 3,
            activation_min: -100,
            activation_max: 90,
        };
        for (stride, [height, width]) in [(1, [6, 5]), (1, [2, 6]), (2, [3, 3]), (2, [1, 1])] {
            let filter = weights_3x3(&weights.map(|w| w as u8));
            let mut output = [0; 64];
            let sizes = [height, width];
            if stride == 1 {
                plane_3x3::<1>(&plane, 10, &filter, 9, sizes, &mut output, 2, stage);
            } else {
                plane_3x3::<2>(&plane, 10, &filter, 9, sizes, &mut output, 2, stage);
            }
            for (place, out) in output.chunks(2).enumerate() {
                let (y, x) = (place / width * stride, place % width * stride);
                let rows = weights.chunks(3).enumerate();
                let sums = rows.map(|(row, w)| plane.get((y + row) * 10 + x..).map(|x| sum(x, w)));
                let sums: Option<i32> = sums.sum();
                let is_output = place < height * width;
                let wanted = sums.filter(|_| is_output).map(|sum| stage.finish(9 + sum));
                assert_eq!(out, [wanted.unwrap_or(0), 0], "{stride} {place}");
            }
        }
    }
}
