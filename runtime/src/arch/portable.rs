//! Plain loops, written so that each loaded value is used more than once.

use crate::ops::FastChannel;

/// Widens one pixel of two into its places of `columns`, less its zero point; `at`
/// is 0 or 1.
#[inline(always)]
pub(crate) fn expand(pixel: &[i8], zero_point: i8, at: usize, columns: &mut [i16]) {
    let zero_point = i16::from(zero_point);
    let mut groups = columns.chunks_exact_mut(8);
    for four in pixel.chunks(4) {
        let Some(group) = groups.next() else { return };
        let place = group.iter_mut().skip(at * 4).take(4);
        for (k, to) in place.enumerate() {
            *to = four.get(k).map_or(0, |&x| i16::from(x) - zero_point);
        }
    }
}

/// Two pixels by two channels: `sums[2 * pixel + channel]`.
#[inline(always)]
pub(crate) fn dot_2x2(columns: &[i16], weights: &[u8], sums: &mut [i32; 4]) {
    let [mut s00, mut s01, mut s10, mut s11] = *sums;
    for (x, w) in columns
        .as_chunks::<8>()
        .0
        .iter()
        .zip(weights.as_chunks::<8>().0)
    {
        for k in 0..4 {
            let (x0, x1) = (i32::from(x[k]), i32::from(x[k + 4]));
            let (w0, w1) = (i32::from(w[k] as i8), i32::from(w[k + 4] as i8));
            s00 = s00.wrapping_add(x0 * w0);
            s01 = s01.wrapping_add(x0 * w1);
            s10 = s10.wrapping_add(x1 * w0);
            s11 = s11.wrapping_add(x1 * w1);
        }
    }
    *sums = [s00, s01, s10, s11];
}

/// Two pixels by one channel.
#[inline(always)]
pub(crate) fn dot_2x1(columns: &[i16], weights: &[u8], sums: &mut [i32; 2]) {
    for (x, w) in columns
        .as_chunks::<8>()
        .0
        .iter()
        .zip(weights.as_chunks::<4>().0)
    {
        for k in 0..4 {
            let w = i32::from(w[k] as i8);
            sums[0] = sums[0].wrapping_add(i32::from(x[k]) * w);
            sums[1] = sums[1].wrapping_add(i32::from(x[k + 4]) * w);
        }
    }
}

/// One row by two channels; a last group of fewer than four counts, too.
#[inline(always)]
pub(crate) fn dot_1x2(row: &[i8], zero_point: i8, weights: &[u8], sums: &mut [i32; 2]) {
    let zero_point = i32::from(zero_point);
    for (x, w) in row.chunks(4).zip(weights.as_chunks::<8>().0) {
        for (k, &x) in x.iter().enumerate() {
            let x = i32::from(x) - zero_point;
            let w0 = w.get(k).map_or(0, |&w| i32::from(w as i8));
            let w1 = w.get(k + 4).map_or(0, |&w| i32::from(w as i8));
            sums[0] = sums[0].wrapping_add(x * w0);
            sums[1] = sums[1].wrapping_add(x * w1);
        }
    }
}

/// One row by four channels, of two packed pairs.
#[inline(always)]
pub(crate) fn dot_1x4(row: &[i8], zero_point: i8, weights: [&[u8]; 2], sums: &mut [i32; 4]) {
    let [a, b] = weights;
    let [mut first, mut second] = [[sums[0], sums[1]], [sums[2], sums[3]]];
    dot_1x2(row, zero_point, a, &mut first);
    dot_1x2(row, zero_point, b, &mut second);
    *sums = [first[0], first[1], second[0], second[1]];
}

/// One channel of an image, whose elements are `step` apart, into a plane with
/// rows of `pitch`.
#[inline(always)]
pub(crate) fn gather_plane(
    image: &[i8],
    step: usize,
    [height, width]: [usize; 2],
    plane: &mut [i16],
    pitch: usize,
) {
    let rows = image.chunks((width * step).max(1));
    for (row, to) in rows.zip(plane.chunks_mut(pitch.max(1))).take(height) {
        for (to, from) in to.iter_mut().zip(row.chunks(step.max(1))) {
            if let Some(&x) = from.first() {
                *to = x.into();
            }
        }
    }
}

/// The weights of a 3x3 window.
#[inline(always)]
pub(crate) fn weights_3x3(filter: &[u8; 9]) -> [i16; 9] {
    filter.map(|w| i16::from(w as i8))
}

/// A 3x3 window over one channel's plane: outputs, `step` elements apart. Rows of
/// the plane have an even number of elements, one pair more than outputs need.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
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
    let rows = output.chunks_mut((width * step).max(1));
    for (y, out) in rows.enumerate().take(height) {
        for (x, out) in out.chunks_mut(step.max(1)).enumerate() {
            let mut sum = bias;
            for (row, w) in weights.as_chunks::<3>().0.iter().enumerate() {
                let begin = (y * STRIDE + row) * pitch + x * STRIDE;
                let taps = plane.get(begin..begin + 3).unwrap_or(&[]);
                for (x, w) in taps.iter().zip(w) {
                    sum = sum.wrapping_add(i32::from(*x) * i32::from(*w));
                }
            }
            if let Some(out) = out.first_mut() {
                *out = stage.finish(sum);
            }
        }
    }
}
