//! Plain loops of int16 inputs and int8 weights.

use crate::mcu::PlaneI16;

/// Where the inputs of a group of four lie in it.
pub(crate) const PLACES: [usize; 4] = [0, 1, 2, 3];

/// Copies whole groups of four inputs of one pixel of two into its places of `columns`; `at` is 0
/// or 1.
#[inline(always)]
pub(crate) fn expand_i16(pixel: &[i16], at: usize, columns: &mut [i16]) {
    let groups = columns.as_chunks_mut::<8>().0;
    for (four, group) in pixel.as_chunks::<4>().0.iter().zip(groups) {
        for (to, x) in group.iter_mut().skip(at * 4).zip(four) {
            *to = *x;
        }
    }
}

/// A 3x3 window over one channel's plane.
#[inline(always)]
pub(crate) fn plane_3x3_i16<const STRIDE: usize>(p: &PlaneI16<'_>, output: &mut [i16]) {
    let [height, width] = p.sizes;
    let rows = output.chunks_mut((width * p.step).max(1));
    for (y, out) in rows.enumerate().take(height) {
        for (x, out) in out.chunks_mut(p.step.max(1)).enumerate() {
            let mut sum = p.bias;
            for (row, w) in p.filter.as_chunks::<3>().0.iter().enumerate() {
                let begin = (y * STRIDE + row) * p.pitch + x * STRIDE;
                let taps = p.plane.get(begin..begin + 3).unwrap_or(&[]);
                for (x, w) in taps.iter().zip(w) {
                    sum = sum.wrapping_add(i32::from(*x) * i32::from(*w as i8));
                }
            }
            if let Some(out) = out.first_mut() {
                *out = p.stage.scaled(sum, p.factor);
            }
        }
    }
}
