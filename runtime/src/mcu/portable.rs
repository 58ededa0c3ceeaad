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
