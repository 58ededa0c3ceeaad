//! Sums of products of one row with four channels for Armv6-M.

use core::arch::naked_asm;

use crate::mcu::generic;

/// The number of whole groups that a list of weights of two channels and inputs have in common.
#[inline(always)]
fn whole_groups(inputs: usize, weights: [&[u8]; 2]) -> usize {
    let [first, second] = weights.map(|w| w.len() / 8);
    inputs.min(first).min(second)
}

/// Widens one pixel of two as `portable::expand` does.
#[inline(always)]
pub(crate) fn expand(pixel: &[i8], zero_point: i8, at: usize, columns: &mut [i16]) {
    let count = (pixel.len() / 4).min(columns.len() / 8);
    if count > 0 {
        let to = columns.as_mut_ptr().wrapping_add(at * 4);
        // SAFETY: `count` groups of 4 bytes are read, and 8 of each 16 bytes are written.
        unsafe { expand_groups(pixel.as_ptr(), to, count, zero_point.into()) };
    }
    if !pixel.len().is_multiple_of(4) {
        generic::expand_last(pixel, zero_point, at, columns);
    }
}

/// 20 instructions for 4 inputs.
///
/// # Safety
/// `x` covers 4 bytes for each of `count` groups, at least one, and `y` the first half of 8 elements.
#[unsafe(naked)]
unsafe extern "C" fn expand_groups(x: *const i8, y: *mut i16, count: usize, zero_point: i32) {
    naked_asm!(
        "push {{r4, lr}}",
        "2:",
        "ldrb r4, [r0]",
        "sxtb r4, r4",
        "subs r4, r4, r3",
        "strh r4, [r1]",
        "ldrb r4, [r0, #1]",
        "sxtb r4, r4",
        "subs r4, r4, r3",
        "strh r4, [r1, #2]",
        "ldrb r4, [r0, #2]",
        "sxtb r4, r4",
        "subs r4, r4, r3",
        "strh r4, [r1, #4]",
        "ldrb r4, [r0, #3]",
        "sxtb r4, r4",
        "subs r4, r4, r3",
        "strh r4, [r1, #6]",
        "adds r0, #4",
        "adds r1, #16",
        "subs r2, #1",
        "bne 2b",
        "pop {{r4, pc}}",
    )
}

/// Two pixels by four channels, as `portable::dot_2x4`: the sums of whole groups.
#[inline(always)]
pub(crate) fn dot_2x4(columns: &[i16], weights: [&[u8]; 2], sums: &mut [[i32; 2]; 4]) {
    let groups = whole_groups(columns.len() / 8, weights);
    if groups == 0 {
        return;
    }
    for pixel in 0..2 {
        let ([v, w], x) = (weights.map(<[u8]>::as_ptr), columns.as_ptr());
        let mut of_pixel = sums.map(|of_channel| of_channel[pixel]);
        // SAFETY: all three cover `groups` groups, of which the second pixel's inputs are the
        // second halves.
        unsafe { column_1x4(x.wrapping_add(4 * pixel), v, w, &mut of_pixel, groups * 8) };
        for (sums, sum) in sums.iter_mut().zip(of_pixel) {
            sums[pixel] = sum;
        }
    }
}

/// One row by four channels, as `portable::dot_1x4`: whole groups in a routine, then the rest.
#[inline(always)]
pub(crate) fn dot_1x4(row: &[i8], zero_point: i8, weights: [&[u8]; 2], sums: &mut [i32; 4]) {
    let groups = whole_groups(row.len() / 4, weights);
    if groups > 0 {
        let ([v, w], x) = (weights.map(<[u8]>::as_ptr), row.as_ptr());
        // SAFETY: all three cover `groups` groups.
        unsafe { row_1x4(x, v, w, sums, groups * 8, -i32::from(zero_point)) };
    }
    generic::tail_1x4(row, zero_point, weights, sums);
}

/// Registers and sums are saved; r0 to r4 are the addresses of inputs and of the weights of four
/// channels, r7 is the place in weights, and r12 its end.
macro_rules! begin {
    () => {
        "push {{r3-r7, lr}}
        mov r4, r8
        mov r5, r9
        mov r6, r10
        mov r7, r11
        push {{r4-r7}}
        mov r7, r3
        ldm r7!, {{r3-r6}}
        mov r8, r3
        mov r9, r4
        mov r10, r5
        mov r11, r6
        ldr r7, [sp, #40]
        mov r12, r7
        adds r3, r2, #4
        mov r4, r3
        mov r3, r2
        adds r2, r1, #4
        movs r7, #0"
    };
}

/// The products of the input in r5; goes on to the next weights.
macro_rules! products {
    () => {
        "ldrsb r6, [r1, r7]
        muls r6, r5, r6
        add r8, r6
        ldrsb r6, [r2, r7]
        muls r6, r5, r6
        add r9, r6
        ldrsb r6, [r3, r7]
        muls r6, r5, r6
        add r10, r6
        ldrsb r6, [r4, r7]
        muls r6, r5, r6
        add r11, r6
        adds r7, #1"
    };
}

pub(crate) use products;

/// Stores the sums where r3 pointed, restores all registers and returns.
macro_rules! end {
    () => {
        "mov r0, r8
        mov r1, r9
        mov r2, r10
        mov r3, r11
        ldr r4, [sp, #16]
        stm r4!, {{r0-r3}}
        pop {{r4-r7}}
        mov r8, r4
        mov r9, r5
        mov r10, r6
        mov r11, r7
        pop {{r3-r7, pc}}"
    };
}

/// 64 instructions for 16 products.
///
/// # Safety
/// `v` and `w` cover `size` bytes, which are groups of 8, at least one; `x` covers the first half of
/// 8 elements for each of them.
#[unsafe(naked)]
unsafe extern "C" fn column_1x4(
    x: *const i16,
    v: *const u8,
    w: *const u8,
    sums: &mut [i32; 4],
    size: usize,
) {
    naked_asm!(
        begin!(),
        "2:",
        "ldrh r5, [r0]",
        "sxth r5, r5",
        products!(),
        "ldrh r5, [r0, #2]",
        "sxth r5, r5",
        products!(),
        "ldrh r5, [r0, #4]",
        "sxth r5, r5",
        products!(),
        "ldrh r5, [r0, #6]",
        "sxth r5, r5",
        products!(),
        "adds r0, #16",
        "adds r7, #4",
        "cmp r7, r12",
        "bne 2b",
        end!(),
    )
}

/// 64 instructions for 16 products.
///
/// # Safety
/// `v` and `w` cover `size` bytes, which are groups of 8, at least one; `x` covers 4 bytes for each
/// of them.
#[unsafe(naked)]
unsafe extern "C" fn row_1x4(
    x: *const i8,
    v: *const u8,
    w: *const u8,
    sums: &mut [i32; 4],
    size: usize,
    offset: i32,
) {
    naked_asm!(
        begin!(),
        "ldr r5, [sp, #44]",
        "mov lr, r5",
        "2:",
        "ldrsb r5, [r0, r7]",
        "add r5, lr",
        products!(),
        "ldrsb r5, [r0, r7]",
        "add r5, lr",
        products!(),
        "ldrsb r5, [r0, r7]",
        "add r5, lr",
        products!(),
        "ldrsb r5, [r0, r7]",
        "add r5, lr",
        products!(),
        "subs r0, #4",
        "adds r7, #4",
        "cmp r7, r12",
        "bne 2b",
        end!(),
    )
}
