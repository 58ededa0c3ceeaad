//! Functions of one byte as a table of 256 bytes, which begins with the output for -128: whole
//! registers by the kernel of the level. Tests: `tests/tests/simd_levels/`, `tests/cross`.

use crate::simd::dispatch::{LUT, Level};
use crate::simd::shared::level::choose;

/// Looks up as many elements as there are whole registers of, if the level has a kernel; gives
/// their number.
#[inline(always)]
pub(crate) fn look_up(table: &[u8; 256], input: &[i8], output: &mut [i8]) -> usize {
    let count = input.len().min(output.len());
    // SAFETY: *Covered*: `count` elements.
    unsafe { lut(table, input.as_ptr(), output.as_mut_ptr(), count) }
}

/// Looks up elements in place as [`look_up`] does; gives their number.
#[inline(always)]
pub(crate) fn look_up_in_place(table: &[u8; 256], in_out: &mut [i8]) -> usize {
    let (at, count) = (in_out.as_mut_ptr(), in_out.len());
    // SAFETY: *Covered*: `count` elements.
    unsafe { lut(table, at, at, count) }
}

/// Looks up as many elements as there are whole registers of; gives their number.
///
/// # Safety
/// *Covered*: `count` elements of each; `output` may be `input`.
#[inline(always)]
unsafe fn lut(table: &[u8; 256], input: *const i8, output: *mut i8, count: usize) -> usize {
    match choose::<Level, _, _>(&LUT) {
        // SAFETY: *Enabled*: the CPU has the level's features; *Covered*.
        Some(kernel) => unsafe { kernel(table, input, output, count) },
        None => 0,
    }
}
