//! Inputs of convolutions widened to 16 bits, for Armv7E-M.

use core::arch::naked_asm;

use crate::mcu::armv7em::dot::{aligned, negative_pair};

/// Widens four bytes as `portable::expand` does, in the order 0, 2, 1, 3 of SXTAB16.
#[inline(always)]
pub(crate) fn expand(pixel: &[i8], zero_point: i8, at: usize, columns: &mut [i16]) {
    let (fours, rest) = pixel.as_chunks::<4>();
    let count = fours.len().min(columns.len() / 8);
    let to = columns.as_mut_ptr().wrapping_add(at * 4).cast::<u32>();
    if !aligned(to) {
        debug_assert!(false, "columns are not aligned");
        return;
    }
    if count > 0 {
        // SAFETY: `count` groups of 4 bytes are read, and 8 of each 16 bytes
        // are written; STRD's address is a multiple of 4.
        unsafe { expand_groups(pixel.as_ptr(), to, count, negative_pair(zero_point), 1, 0) };
    }
    if !rest.is_empty() {
        expand_last(rest, zero_point, columns.get_mut(count * 8 + at * 4..));
    }
}

/// Widens all rows of a window, each of whole groups of four bytes and `step` bytes behind the one
/// before; false if it does nothing, as the input or `columns` is too short.
#[inline(always)]
pub(crate) fn expand_rows(
    input: &[i8],
    [rows, row, step]: [usize; 3],
    zero_point: i8,
    at: usize,
    columns: &mut [i16],
) -> bool {
    let to = columns.as_mut_ptr().wrapping_add(at * 4).cast::<u32>();
    let fits = rows > 0
        && row >= 4
        && row.is_multiple_of(4)
        && step >= row
        && input.len() >= (rows - 1) * step + row
        && at < 2
        && columns.len() >= 2 * rows * row
        && aligned(to);
    if fits {
        let from = input.as_ptr();
        // SAFETY: the input has `rows` rows, and 8 of each 16 bytes of `columns` are written; STRD's
        // address is a multiple of 4.
        unsafe {
            expand_groups(
                from,
                to,
                row / 4,
                negative_pair(zero_point),
                rows,
                step - row,
            )
        };
    }
    fits
}

/// Widens a group of four inputs.
macro_rules! widen {
    () => {
        concat!(
            "ldr r12, [r0], #4\n",
            "sxtab16 r4, r3, r12\n",
            "sxtab16 r5, r3, r12, ror #8\n",
            "strd r4, r5, [r1], #16\n",
        )
    };
}

/// 18 instructions for 16 inputs.
///
/// # Safety
/// `x` has `rows` times 4 bytes for each of `count` groups, both at least 1, with `skip` bytes between
/// rows; and `y`, a multiple of four, the first half of 16 bytes for each group.
#[unsafe(naked)]
unsafe extern "C" fn expand_groups(
    x: *const i8,
    y: *mut u32,
    count: usize,
    zero_points: u32,
    rows: usize,
    skip: usize,
) {
    naked_asm!(
        with_dsp!(),
        "push {{r4-r8}}",
        "ldrd r6, r7, [sp, #20]",
        "1:",
        "subs r8, r2, #4",
        "blo 3f",
        "2:",
        ".rept 4",
        widen!(),
        ".endr",
        "subs r8, r8, #4",
        "bhs 2b",
        "3:",
        "adds r8, r8, #4",
        "beq 5f",
        "4:",
        widen!(),
        "subs r8, r8, #1",
        "bne 4b",
        "5:",
        "add r0, r0, r7",
        "subs r6, r6, #1",
        "bne 1b",
        "pop {{r4-r8}}",
        "bx lr",
    )
}

/// A last group of fewer than four.
#[inline(never)]
fn expand_last(rest: &[i8], zero_point: i8, columns: Option<&mut [i16]>) {
    let places = columns.into_iter().flatten();
    for (place, i) in places.zip([0, 2, 1, 3]) {
        let x = rest.get(i).copied().unwrap_or(zero_point);
        *place = i16::from(x) - i16::from(zero_point);
    }
}
