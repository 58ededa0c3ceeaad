//! Plain loops for all cores without the DSP extension: what runs seldom there.

/// A last group of fewer than four.
#[inline(never)]
pub(crate) fn expand_last(pixel: &[i8], zero_point: i8, at: usize, columns: &mut [i16]) {
    let (fours, rest) = pixel.as_chunks::<4>();
    let Some(group) = columns.as_chunks_mut::<8>().0.get_mut(fours.len()) else {
        return;
    };
    let places = group.iter_mut().skip(at * 4).take(4);
    for (i, place) in places.enumerate() {
        let x = rest.get(i).copied().unwrap_or(zero_point);
        *place = i16::from(x) - i16::from(zero_point);
    }
}

/// Stops LLVM from reordering: it would load a whole group early and spill, since
/// the registers of small cores do not hold it.
#[inline(always)]
pub(crate) fn in_order(sums: &mut [i32; 4]) {
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

/// Two pixels by one channel.
#[inline(always)]
pub(crate) fn dot_2x1(columns: &[i16], weights: &[u8], sums: &mut [i32; 2]) {
    let mut all = [sums[0], sums[1], 0, 0];
    for (x, w) in columns
        .as_chunks::<8>()
        .0
        .iter()
        .zip(weights.as_chunks::<4>().0)
    {
        for k in 0..4 {
            let w = i32::from(w[k] as i8);
            all[0] = all[0].wrapping_add(i32::from(x[k]) * w);
            all[1] = all[1].wrapping_add(i32::from(x[k + 4]) * w);
            in_order(&mut all);
        }
    }
    *sums = [all[0], all[1]];
}

/// One row by two channels; a last, incomplete group is included.
#[inline(always)]
pub(crate) fn dot_1x2(row: &[i8], zero_point: i8, weights: &[u8], sums: &mut [i32; 2]) {
    let mut all = [sums[0], sums[1], 0, 0];
    crate::mcu::dot_1x4(row, zero_point, [weights, weights], &mut all);
    *sums = [all[0], all[1]];
}

/// The products of one input with weight `k` of a group of four channels.
#[inline(always)]
pub(crate) fn add_1x4(x: i8, zero_point: i8, [v, w]: [&[u8; 8]; 2], k: usize, sums: &mut [i32; 4]) {
    let x = i32::from(x) - i32::from(zero_point);
    let k = k & 3;
    for (sum, w) in sums.iter_mut().zip([v[k], v[k + 4], w[k], w[k + 4]]) {
        *sum = sum.wrapping_add(x * i32::from(w as i8));
    }
}

/// The products of a last group of fewer than four.
#[inline(always)]
pub(crate) fn tail_1x4(row: &[i8], zero_point: i8, weights: [&[u8]; 2], sums: &mut [i32; 4]) {
    let (fours, rest) = row.as_chunks::<4>();
    let [v, w] = weights.map(|w| w.as_chunks::<8>().0.get(fours.len()));
    if let (Some(v), Some(w)) = (v, w) {
        for (k, &x) in rest.iter().enumerate() {
            add_1x4(x, zero_point, [v, w], k, sums);
        }
    }
}
