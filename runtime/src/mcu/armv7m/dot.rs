//! Sums of products for Armv7-M without the DSP extension. Loads of bytes and halfwords extend signs,
//! and the first load of a group of four moves its pointer to the next group.

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

/// 14 instructions for 4 inputs.
///
/// # Safety
/// `x` covers 4 bytes for each of `count` groups, at least one, and `y` the first half of 8 elements.
#[unsafe(naked)]
unsafe extern "C" fn expand_groups(x: *const i8, y: *mut i16, count: usize, zero_point: i32) {
    naked_asm!(
        "push {{r4-r6, lr}}",
        "2:",
        "ldrsb r4, [r0], #4",
        "ldrsb r5, [r0, #-3]",
        "ldrsb r6, [r0, #-2]",
        "ldrsb r12, [r0, #-1]",
        "subs r4, r4, r3",
        "subs r5, r5, r3",
        "subs r6, r6, r3",
        "sub r12, r12, r3",
        "strh r4, [r1], #16",
        "strh r5, [r1, #-14]",
        "strh r6, [r1, #-12]",
        "strh r12, [r1, #-10]",
        "subs r2, r2, #1",
        "bne 2b",
        "pop {{r4-r6, pc}}",
    )
}

/// Two pixels by four channels, as `portable::dot_2x4`: the sums of whole groups.
#[inline(always)]
pub(crate) fn dot_2x4(columns: &[i16], weights: [&[u8]; 2], sums: &mut [[i32; 2]; 4]) {
    let groups = whole_groups(columns.len() / 8, weights);
    if groups > 0 {
        let ([v, w], x) = (weights.map(<[u8]>::as_ptr), columns.as_ptr());
        // SAFETY: all three cover `groups` groups.
        unsafe { dot_2x4_groups(x, v, w, sums, x.wrapping_add(groups * 8)) };
    }
}

/// The products of one input of two pixels, which r3 and r12 have, with one weight of each of four
/// channels; the first weights of pairs are at the addresses `$a` and `$c`, the second ones at `$b`.
macro_rules! products_2x4 {
    ($a:literal, $c:literal, $b:literal) => {
        concat!(
            "ldrsb lr, ",
            $a,
            "\nmla r4, r3, lr, r4\nmla r5, r12, lr, r5\nldrsb lr, [r1, ",
            $b,
            "]\nmla r6, r3, lr, r6\nmla r7, r12, lr, r7\nldrsb lr, ",
            $c,
            "\nmla r8, r3, lr, r8\nmla r9, r12, lr, r9\nldrsb lr, [r2, ",
            $b,
            "]\nmla r10, r3, lr, r10\nmla r11, r12, lr, r11"
        )
    };
}

/// The products of a group: four inputs of two pixels at r0, weights of two channels at r1 and of two
/// at r2; moves on to the next group.
macro_rules! group_2x4 {
    () => {
        concat!(
            "ldrsh r3, [r0], #16\nldrsh r12, [r0, #-8]\n",
            products_2x4!("[r1], #8", "[r2], #8", "#-4"),
            "\nldrsh r3, [r0, #-14]\nldrsh r12, [r0, #-6]\n",
            products_2x4!("[r1, #-7]", "[r2, #-7]", "#-3"),
            "\nldrsh r3, [r0, #-12]\nldrsh r12, [r0, #-4]\n",
            products_2x4!("[r1, #-6]", "[r2, #-6]", "#-2"),
            "\nldrsh r3, [r0, #-10]\nldrsh r12, [r0, #-2]\n",
            products_2x4!("[r1, #-5]", "[r2, #-5]", "#-1"),
        )
    };
}

pub(crate) use {group_2x4, products_2x4};

/// 59 instructions for 32 products.
///
/// # Safety
/// From `x` to `end` there are whole groups of 16 bytes, at least one; `v` and `w` cover 8 bytes for
/// each of them.
#[unsafe(naked)]
unsafe extern "C" fn dot_2x4_groups(
    x: *const i16,
    v: *const u8,
    w: *const u8,
    sums: &mut [[i32; 2]; 4],
    end: *const i16,
) {
    naked_asm!(
        "push {{r3-r11, lr}}",
        "ldm r3, {{r4-r11}}",
        "2:",
        group_2x4!(),
        "ldr lr, [sp, #40]",
        "cmp r0, lr",
        "bne 2b",
        "ldr r3, [sp]",
        "stm r3, {{r4-r11}}",
        "pop {{r3-r11, pc}}",
    )
}

/// One row by four channels, as `portable::dot_1x4`: whole groups in a routine, then the rest.
#[inline(always)]
pub(crate) fn dot_1x4(row: &[i8], zero_point: i8, weights: [&[u8]; 2], sums: &mut [i32; 4]) {
    let groups = whole_groups(row.len() / 4, weights);
    if groups > 0 {
        let ([v, w], x) = (weights.map(<[u8]>::as_ptr), row.as_ptr());
        // SAFETY: all three cover `groups` groups.
        unsafe { dot_1x4_groups(x, v, w, sums, x.wrapping_add(groups * 4), zero_point.into()) };
    }
    generic::tail_1x4(row, zero_point, weights, sums);
}

/// The products of one input, which `$x` loads to r8, less its zero point.
macro_rules! products_1x4 {
    ($x:literal, $a:literal, $c:literal, $b:literal) => {
        concat!(
            "ldrsb r8, ",
            $x,
            "\nsub r8, r8, r9\nldrsb r10, ",
            $a,
            "\nldrsb r11, [r1, ",
            $b,
            "]\nmla r4, r8, r10, r4\nmla r5, r8, r11, r5\nldrsb r10, ",
            $c,
            "\nldrsb r11, [r2, ",
            $b,
            "]\nmla r6, r8, r10, r6\nmla r7, r8, r11, r7"
        )
    };
}

/// 42 instructions for 16 products.
///
/// # Safety
/// From `x` to `end` there are whole groups of 4 bytes, at least one; `v` and `w` cover 8 bytes for
/// each of them.
#[unsafe(naked)]
unsafe extern "C" fn dot_1x4_groups(
    x: *const i8,
    v: *const u8,
    w: *const u8,
    sums: &mut [i32; 4],
    end: *const i8,
    zero_point: i32,
) {
    naked_asm!(
        "push {{r3-r11, lr}}",
        "ldm r3, {{r4-r7}}",
        "ldrd r12, r9, [sp, #40]",
        "2:",
        products_1x4!("[r0], #4", "[r1], #8", "[r2], #8", "#-4"),
        products_1x4!("[r0, #-3]", "[r1, #-7]", "[r2, #-7]", "#-3"),
        products_1x4!("[r0, #-2]", "[r1, #-6]", "[r2, #-6]", "#-2"),
        products_1x4!("[r0, #-1]", "[r1, #-5]", "[r2, #-5]", "#-1"),
        "cmp r0, r12",
        "bne 2b",
        "ldr r3, [sp]",
        "stm r3, {{r4-r7}}",
        "pop {{r3-r11, pc}}",
    )
}
