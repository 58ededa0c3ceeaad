//! Functions of one byte as a table of 256 bytes, which begins with the output for -128: whole
//! registers by the kernel of the level. Tests: `tests/tests/simd_levels/`, `tests/cross`.

use crate::simd::dispatch;

/// Looks up as many elements as there are whole registers of, if the level has a kernel; gives
/// their number.
#[inline(always)]
pub(crate) fn look_up(table: &[u8; 256], input: &[i8], output: &mut [i8]) -> usize {
    let count = input.len().min(output.len());
    // SAFETY: *Covered*: `count` elements.
    unsafe { dispatch::lut(table, input.as_ptr(), output.as_mut_ptr(), count) }
}

/// Looks up elements in place as [`look_up`] does; gives their number.
#[inline(always)]
pub(crate) fn look_up_in_place(table: &[u8; 256], in_out: &mut [i8]) -> usize {
    let (at, count) = (in_out.as_mut_ptr(), in_out.len());
    // SAFETY: *Covered*: `count` elements.
    unsafe { dispatch::lut(table, at, at, count) }
}
