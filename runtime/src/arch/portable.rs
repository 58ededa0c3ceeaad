//! Plain loops, written so that each loaded value is used more than once.

/// Widens one pixel of two into its places of `columns`; `at` is 0 or 1.
#[inline(always)]
pub(crate) fn expand(pixel: &[i8], at: usize, columns: &mut [i16]) {
    let mut groups = columns.chunks_exact_mut(8);
    for four in pixel.chunks(4) {
        let Some(group) = groups.next() else { return };
        let place = group.iter_mut().skip(at * 4).take(4);
        let filled = four.iter().chain(core::iter::repeat(&0));
        for (to, &x) in place.zip(filled) {
            *to = x.into();
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
pub(crate) fn dot_1x2(row: &[i8], weights: &[u8], sums: &mut [i32; 2]) {
    for (x, w) in row.chunks(4).zip(weights.as_chunks::<8>().0) {
        for (k, &x) in x.iter().enumerate() {
            let x = i32::from(x);
            let w0 = w.get(k).map_or(0, |&w| i32::from(w as i8));
            let w1 = w.get(k + 4).map_or(0, |&w| i32::from(w as i8));
            sums[0] = sums[0].wrapping_add(x * w0);
            sums[1] = sums[1].wrapping_add(x * w1);
        }
    }
}

/// One row by four channels, of two packed pairs.
#[inline(always)]
pub(crate) fn dot_1x4(row: &[i8], weights: [&[u8]; 2], sums: &mut [i32; 4]) {
    let [a, b] = weights;
    let [mut first, mut second] = [[sums[0], sums[1]], [sums[2], sums[3]]];
    dot_1x2(row, a, &mut first);
    dot_1x2(row, b, &mut second);
    *sums = [first[0], first[1], second[0], second[1]];
}

/// One channel of a row of pixels, `step` elements apart.
#[inline(always)]
pub(crate) fn gather_row(from: &[i8], step: usize, to: &mut [i16]) {
    for (to, from) in to.iter_mut().zip(from.chunks(step.max(1))) {
        if let Some(&x) = from.first() {
            *to = x.into();
        }
    }
}

/// The weights of a 3x3 window.
#[inline(always)]
pub(crate) fn weights_3x3(filter: &[u8; 9]) -> [i16; 9] {
    filter.map(|w| i16::from(w as i8))
}

/// A row of outputs of a 3x3 window over one channel's plane: `finish` of each sum,
/// `step` elements apart. Rows have pairs of elements, one more than they need.
#[inline(always)]
pub(crate) fn row_3x3<const STRIDE: usize>(
    rows: [&[i16]; 3],
    weights: &[i16; 9],
    bias: i32,
    count: usize,
    output: &mut [i8],
    step: usize,
    finish: impl Fn(i32) -> i8,
) {
    let [a, b, c] = rows;
    for (x, out) in output.chunks_mut(step.max(1)).take(count).enumerate() {
        let mut sum = bias;
        for (row, w) in [a, b, c].iter().zip(weights.as_chunks::<3>().0) {
            let begin = x * STRIDE;
            for (x, w) in row.get(begin..begin + 3).unwrap_or(&[]).iter().zip(w) {
                sum = sum.wrapping_add(i32::from(*x) * i32::from(*w));
            }
        }
        if let Some(out) = out.first_mut() {
            *out = finish(sum);
        }
    }
}
