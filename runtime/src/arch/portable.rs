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
