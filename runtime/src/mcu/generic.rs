//! Plain loops, written so that each loaded value is used more than once.

use crate::params::requantize_fast::{FastChannel, PairSums, RequantizeFast};

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

/// Stops LLVM from reordering: it would load a whole group early and spill, since
/// the registers of small cores do not hold it.
#[inline(always)]
fn in_order(sums: &mut [i32; 4]) {
    #[cfg(all(target_os = "none", any(target_arch = "arm", target_arch = "riscv32")))]
    {
        let [a, b, c, d] = sums;
        // SAFETY: there is no instruction.
        unsafe {
            core::arch::asm!(
                "/* {0} {1} {2} {3} */",
                inout(reg) * a,
                inout(reg) * b,
                inout(reg) * c,
                inout(reg) * d,
                options(nostack, preserves_flags)
            );
        }
    }
    #[cfg(not(all(target_os = "none", any(target_arch = "arm", target_arch = "riscv32"))))]
    let _ = sums;
}

/// Two pixels by two channels: `sums[2 * pixel + channel]`.
#[inline(always)]
pub(crate) fn dot_2x2(columns: &[i16], weights: &[u8], sums: &mut [i32; 4]) {
    let mut all = *sums;
    for (x, w) in columns
        .as_chunks::<8>()
        .0
        .iter()
        .zip(weights.as_chunks::<8>().0)
    {
        for k in 0..4 {
            let (x0, x1) = (i32::from(x[k]), i32::from(x[k + 4]));
            let (w0, w1) = (i32::from(w[k] as i8), i32::from(w[k + 4] as i8));
            all[0] = all[0].wrapping_add(x0 * w0);
            all[1] = all[1].wrapping_add(x0 * w1);
            all[2] = all[2].wrapping_add(x1 * w0);
            all[3] = all[3].wrapping_add(x1 * w1);
            in_order(&mut all);
        }
    }
    *sums = all;
}

/// All pairs of channels of two pixels, requantized; gives the number of channels.
#[inline(always)]
pub(crate) fn pairs(
    sums: &PairSums<'_>,
    stage: &RequantizeFast<'_>,
    first: &mut [i8],
    second: &mut [i8],
) -> usize {
    let weights = sums.filter.chunks_exact(sums.columns.len().max(1));
    let outputs = first.as_chunks_mut::<2>().0.iter_mut();
    let outputs = outputs.zip(second.as_chunks_mut::<2>().0);
    let mut channel = 0;
    for (weights, (first, second)) in weights.zip(outputs) {
        let (Some([b0, b1]), Some(stage_0), Some(stage_1)) = (
            sums.bias.several(channel),
            stage.channel(channel),
            stage.channel(channel + 1),
        ) else {
            break;
        };
        let mut all = [b0, b1, b0, b1];
        dot_2x2(sums.columns, weights, &mut all);
        *first = [stage_0.finish(all[0]), stage_1.finish(all[1])];
        *second = [stage_0.finish(all[2]), stage_1.finish(all[3])];
        channel += 2;
    }
    channel
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

/// One row by two channels; a last, incomplete group is included.
#[inline(always)]
pub(crate) fn dot_1x2(row: &[i8], zero_point: i8, weights: &[u8], sums: &mut [i32; 2]) {
    let mut all = [sums[0], sums[1], 0, 0];
    dot_1x4(row, zero_point, [weights, weights], &mut all);
    *sums = [all[0], all[1]];
}

/// One row by four channels, of two packed pairs.
#[inline(never)]
pub(crate) fn dot_1x4(row: &[i8], zero_point: i8, weights: [&[u8]; 2], sums: &mut [i32; 4]) {
    let zero_point = i32::from(zero_point);
    let mut all = *sums;
    let [first, second] = weights.map(|w| w.as_chunks::<8>().0);
    let mut add = |x: i8, v: &[u8; 8], w: &[u8; 8], k: usize| {
        let x = i32::from(x) - zero_point;
        for (sum, w) in all.iter_mut().zip([v[k], v[k + 4], w[k], w[k + 4]]) {
            *sum = sum.wrapping_add(x * i32::from(w as i8));
        }
        in_order(&mut all);
    };
    let (fours, rest) = row.as_chunks::<4>();
    for (x, (v, w)) in fours.iter().zip(first.iter().zip(second)) {
        for (k, &x) in x.iter().enumerate() {
            add(x, v, w, k);
        }
    }
    if let (Some(v), Some(w)) = (first.get(fours.len()), second.get(fours.len())) {
        for (k, &x) in rest.iter().take(3).enumerate() {
            add(x, v, w, k);
        }
    }
    *sums = all;
}

/// Copies one channel of an image into a plane with rows of `pitch` elements; `step`
/// is the distance of the channel's elements.
#[inline(always)]
pub(crate) fn gather_plane<T: Copy + Into<i16>>(
    image: &[T],
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
