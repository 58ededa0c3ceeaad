//! Copies of int8 for Armv7E-M: of single channels, and of the rows of a window.

use core::arch::naked_asm;

/// Copies one channel as `gather_plane::gather_plane` does.
#[cfg(not(niello_helium))]
#[inline(always)]
pub(crate) fn gather_bytes(
    image: &[i8],
    step: usize,
    [height, width]: [usize; 2],
    plane: &mut [i16],
    pitch: usize,
) {
    let (reach, places) = ((height * width).max(1) - 1, height.max(1) - 1);
    if height * width == 0 || image.len() <= reach * step || plane.len() < places * pitch + width {
        return;
    }
    let (x, y) = (image.as_ptr(), plane.as_mut_ptr());
    // SAFETY: both have `height` rows of `width` elements, as checked above.
    unsafe { gather_rows(x, y, step, width, height, 2 * pitch) };
}

/// 12 instructions for 4 inputs.
///
/// # Safety
/// `x` has `height` times `width` elements, both at least 1, `step` apart, and `y` as many rows of
/// `width` elements, `pitch` bytes apart.
#[cfg(not(niello_helium))]
#[unsafe(naked)]
unsafe extern "C" fn gather_rows(
    x: *const i8,
    y: *mut i16,
    step: usize,
    width: usize,
    height: usize,
    pitch: usize,
) {
    naked_asm!(
        "push {{r4-r9}}",
        "ldrd r4, r5, [sp, #24]",
        "add r6, r2, r2, lsl #1",
        "1:",
        "mov r7, r1",
        "subs r8, r3, #4",
        "blo 3f",
        "2:",
        "ldrsb r9, [r0]",
        "ldrsb r12, [r0, r2]",
        "strh r9, [r7]",
        "strh r12, [r7, #2]",
        "ldrsb r9, [r0, r2, lsl #1]",
        "ldrsb r12, [r0, r6]",
        "strh r9, [r7, #4]",
        "strh r12, [r7, #6]",
        "add r0, r0, r2, lsl #2",
        "add r7, r7, #8",
        "subs r8, r8, #4",
        "bhs 2b",
        "3:",
        "adds r8, r8, #4",
        "beq 5f",
        "4:",
        "ldrsb r9, [r0]",
        "add r0, r0, r2",
        "strh r9, [r7], #2",
        "subs r8, r8, #1",
        "bne 4b",
        "5:",
        "add r1, r1, r5",
        "subs r4, r4, #1",
        "bne 1b",
        "pop {{r4-r9}}",
        "bx lr",
    )
}

/// Copies the rows of a window, each `step` bytes behind the one before, side by side; false if it does
/// nothing, as the input or `pixel` is too short.
#[inline(always)]
pub(crate) fn copy_rows(input: &[i8], [rows, row, step]: [usize; 3], pixel: &mut [i8]) -> bool {
    let fits = rows > 0
        && row > 0
        && step >= row
        && input.len() >= (rows - 1) * step + row
        && pixel.len() >= rows * row;
    if fits {
        let to = pixel.as_mut_ptr();
        // SAFETY: the input has `rows` rows and `pixel` has places for them; LDR and STR take any
        // address on these cores.
        unsafe { copy_all_rows(input.as_ptr(), to, row, rows, step - row) };
    }
    fits
}

/// 4 instructions for 4 bytes.
///
/// # Safety
/// `x` has `rows` times `row` bytes, both at least 1, with `skip` bytes between rows; `y` as many
/// without.
#[unsafe(naked)]
unsafe extern "C" fn copy_all_rows(x: *const i8, y: *mut i8, row: usize, rows: usize, skip: usize) {
    naked_asm!(
        "push {{r4, r5}}",
        "ldr r5, [sp, #8]",
        "1:",
        "subs r4, r2, #4",
        "blo 3f",
        "2:",
        "ldr r12, [r0], #4",
        "str r12, [r1], #4",
        "subs r4, r4, #4",
        "bhs 2b",
        "3:",
        "adds r4, r4, #4",
        "beq 5f",
        "4:",
        "ldrb r12, [r0], #1",
        "strb r12, [r1], #1",
        "subs r4, r4, #1",
        "bne 4b",
        "5:",
        "add r0, r0, r5",
        "subs r3, r3, #1",
        "bne 1b",
        "pop {{r4, r5}}",
        "bx lr",
    )
}
