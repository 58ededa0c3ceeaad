//! Armv7E-M's DSP extension: two 16-bit products per instruction (SMLAD), two
//! bytes widened per instruction (SXTB16). Arm Architecture Reference Manual
//! Armv7-M, A7.7.

use core::arch::{asm, naked_asm};

use crate::mcu::armv7em::frame::{begin, end, stacked};

/// The negative of a zero point, twice.
#[inline(always)]
pub(crate) fn negative_pair(zero_point: i8) -> u32 {
    let half = u32::from((-i16::from(zero_point)) as u16);
    half | half << 16
}

/// Where the inputs of a group of four lie in it: SXTAB16's order.
pub(crate) const PLACES: [usize; 4] = [0, 2, 1, 3];

/// Copies whole groups of four inputs as `generic_i16::expand_i16` does, in the order of [`expand`].
#[inline(always)]
pub(crate) fn expand_i16(pixel: &[i16], at: usize, columns: &mut [i16]) {
    let count = (pixel.len() / 4).min(columns.len() / 8);
    let to = columns.as_mut_ptr().wrapping_add(at * 4).cast::<u32>();
    if !aligned(to) {
        debug_assert!(false, "columns are not aligned");
        return;
    }
    if count > 0 {
        // SAFETY: `count` groups of 4 inputs are read, which LDR takes from any address, and 8 of
        // each 16 bytes are written; STRD's address is a multiple of 4.
        unsafe {
            asm!(
                with_dsp!(),
                "2:",
                "ldr {t}, [{x}], #4",
                "ldr {u}, [{x}], #4",
                "pkhbt r2, {t}, {u}, lsl #16",
                "pkhtb r3, {u}, {t}, asr #16",
                "strd r2, r3, [{y}], #16",
                "subs {n}, {n}, #1",
                "bne 2b",
                x = inout(reg) pixel.as_ptr() => _, y = inout(reg) to => _, n = inout(reg) count => _,
                t = out(reg) _, u = out(reg) _, out("r2") _, out("r3") _,
                options(nostack),
            );
        }
    }
}

/// Computes what `generic::dot_2x2` does, by SMLAD: two products of 16 bits at once.
#[inline(always)]
pub(crate) fn dot_2x2(columns: &[i16], weights: &[u8], sums: &mut [i32; 4]) {
    let groups = (columns.len() / 8).min(weights.len() / 8);
    let (x, w) = (columns.as_ptr().cast(), weights.as_ptr().cast());
    if groups > 0 && aligned(x) && aligned(w) {
        // SAFETY: both pointers are aligned and cover `groups` groups.
        unsafe { dot_2x2_groups(x, w, groups, sums) };
    }
}

/// LDM needs words; a slice elsewhere would be the compiler's mistake.
#[inline(always)]
pub(crate) fn aligned(pointer: *const u32) -> bool {
    pointer.is_aligned()
}

/// Most of the groups of [`groups`], four at a time. Leaves the number of the others in r2, and Z set if
/// there are none.
#[cfg(not(niello_helium))]
macro_rules! fours {
    () => {
        concat!(
            "subs r2, r2, #4\n",
            "blo 3f\n",
            "2:\n",
            ".rept 4\n",
            groups!(one),
            ".endr\n",
            "subs r2, r2, #4\n",
            "bhs 2b\n",
            "3:\n",
            "adds r2, r2, #4\n",
        )
    };
}
#[cfg(niello_helium)]
pub(crate) use crate::mcu::armv7em::helium::sixteens as fours;
#[cfg(not(niello_helium))]
pub(crate) use fours;

/// The sums of all groups of two pixels (at r0) by two channels (at r1), r2 of them,
/// added to r4 to r7. A group is 4 halfwords of each pixel and 4 bytes of each
/// channel: 14 instructions for 16 products.
macro_rules! groups {
    (one) => {
        concat!(
            "ldmia r0!, {{r8-r11}}\n",
            "ldmia r1!, {{r3, r12}}\n",
            "sxtb16 lr, r3\n",
            "sxtb16 r3, r3, ror #8\n",
            "smlad r4, r8, lr, r4\n",
            "smlad r4, r9, r3, r4\n",
            "smlad r6, r10, lr, r6\n",
            "smlad r6, r11, r3, r6\n",
            "sxtb16 lr, r12\n",
            "sxtb16 r12, r12, ror #8\n",
            "smlad r5, r8, lr, r5\n",
            "smlad r5, r9, r12, r5\n",
            "smlad r7, r10, lr, r7\n",
            "smlad r7, r11, r12, r7\n",
        )
    };
    () => {
        concat!(
            fours!(),
            "beq 5f\n",
            "4:\n",
            groups!(one),
            "subs r2, r2, #1\n",
            "bne 4b\n",
            "5:\n",
        )
    };
}
pub(crate) use groups;

/// Two channels of two pixels.
///
/// # Safety
/// `x` and `w` are aligned to four bytes and cover `groups` groups: 16 bytes of `x` and 8
/// of `w` each.
#[unsafe(naked)]
unsafe extern "C" fn dot_2x2_groups(
    x: *const u32,
    w: *const u32,
    groups: usize,
    sums: &mut [i32; 4],
) {
    naked_asm!(
        with_dsp!(),
        begin!("r3-r11"),
        "ldmia r3, {{r4-r7}}",
        groups!(),
        "ldr r3, [sp]",
        "stmia r3, {{r4-r7}}",
        end!("r3-r11"),
    )
}

/// Computes what `generic::dot_2x1` does, by SMLAD: two products of 16 bits at once.
#[inline(always)]
pub(crate) fn dot_2x1(columns: &[i16], weights: &[u8], sums: &mut [i32; 2]) {
    let groups = (columns.len() / 8).min(weights.len() / 4);
    let (x, w): (*const u32, *const u32) = (columns.as_ptr().cast(), weights.as_ptr().cast());
    debug_assert!(
        aligned(x) && aligned(w),
        "columns or weights are not aligned"
    );
    if groups == 0 || !aligned(x) || !aligned(w) {
        return;
    }
    let [mut s0, mut s1] = *sums;
    // SAFETY: both pointers are aligned and cover `groups` groups.
    unsafe {
        asm!(
            with_dsp!(),
            "2:",
            "ldmia {x}!, {{r2-r5}}",
            "ldr {t}, [{w}], #4",
            "sxtb16 {u}, {t}",
            "sxtb16 {t}, {t}, ror #8",
            "smlad {s0}, r2, {u}, {s0}",
            "smlad {s0}, r3, {t}, {s0}",
            "smlad {s1}, r4, {u}, {s1}",
            "smlad {s1}, r5, {t}, {s1}",
            "subs {n}, {n}, #1",
            "bne 2b",
            x = inout(reg) x => _, w = inout(reg) w => _, n = inout(reg) groups => _,
            s0 = inout(reg) s0, s1 = inout(reg) s1, t = out(reg) _, u = out(reg) _,
            out("r2") _, out("r3") _, out("r4") _, out("r5") _,
            options(readonly, nostack),
        );
    }
    *sums = [s0, s1];
}

/// The products of a last group of fewer than four.
#[inline(never)]
fn tail(row: &[i8], zero_point: i8, weights: &[u8], sum: &mut i32) {
    let rest = row.len() % 4;
    let begin = row.len() - rest;
    for (x, w) in row.iter().skip(begin).zip(weights) {
        *sum = sum.wrapping_add((i32::from(*x) - i32::from(zero_point)) * i32::from(*w as i8));
    }
}

/// Computes what `generic::dot_1x2` does, by SMLAD: two products of 16 bits at once.
#[inline(always)]
pub(crate) fn dot_1x2(row: &[i8], zero_point: i8, weights: &[u8], sums: &mut [i32; 2]) {
    let groups = (row.len() / 4).min(weights.len() / 8);
    let w: *const u32 = weights.as_ptr().cast();
    let [mut s0, mut s1] = *sums;
    if groups > 0 && aligned(w) {
        // SAFETY: `w` is aligned and covers `groups` groups, and so does the row;
        // LDR takes any address on these cores.
        unsafe {
            asm!(
                with_dsp!(),
                "2:",
                "ldr {a}, [{x}], #4",
                "ldmia {w}!, {{r2, r3}}",
                "sxtab16 {b}, {z}, {a}, ror #8",
                "sxtab16 {a}, {z}, {a}",
                "sxtb16 {t}, r2",
                "sxtb16 r2, r2, ror #8",
                "smlad {s0}, {a}, {t}, {s0}",
                "smlad {s0}, {b}, r2, {s0}",
                "sxtb16 {t}, r3",
                "sxtb16 r3, r3, ror #8",
                "smlad {s1}, {a}, {t}, {s1}",
                "smlad {s1}, {b}, r3, {s1}",
                "subs {n}, {n}, #1",
                "bne 2b",
                x = inout(reg) row.as_ptr() => _, w = inout(reg) w => _, n = inout(reg) groups => _,
                s0 = inout(reg) s0, s1 = inout(reg) s1, z = in(reg) negative_pair(zero_point),
                a = out(reg) _, b = out(reg) _, t = out(reg) _, out("r2") _, out("r3") _,
                options(readonly, nostack),
            );
        }
    }
    let last = weights.get(groups * 8..).unwrap_or(&[]);
    tail(row, zero_point, last, &mut s0);
    tail(row, zero_point, last.get(4..).unwrap_or(&[]), &mut s1);
    *sums = [s0, s1];
}

/// Computes what `portable::dot_1x4` does, by SMLAD: two products of 16 bits at once.
#[inline(always)]
pub(crate) fn dot_1x4(row: &[i8], zero_point: i8, weights: [&[u8]; 2], sums: &mut [i32; 4]) {
    let [first, second] = weights;
    let groups = (row.len() / 4).min(first.len() / 8).min(second.len() / 8);
    let (v, w): (*const u32, *const u32) = (first.as_ptr().cast(), second.as_ptr().cast());
    if groups > 0 && aligned(v) && aligned(w) {
        // SAFETY: both pointers are aligned and cover `groups` groups, and so does
        // the row; LDR takes any address on these cores.
        unsafe {
            let zero_point = negative_pair(zero_point);
            dot_1x4_groups(row.as_ptr().cast(), v, w, groups, sums, zero_point);
        }
    }
    if row.len().is_multiple_of(4) {
        return;
    }
    for (pair, weights) in weights.iter().enumerate() {
        let last = weights.get(groups * 8..).unwrap_or(&[]);
        tail(row, zero_point, last, &mut sums[2 * pair]);
        let last = last.get(4..).unwrap_or(&[]);
        tail(row, zero_point, last, &mut sums[2 * pair + 1]);
    }
}

/// The products of a group of a row's inputs (at r0) with two pairs of channels (at r1 and r2), added to
/// r4 to r7; lr is the negative zero point, twice. 21 instructions for 16 products.
macro_rules! row_group {
    () => {
        concat!(
            "ldr r8, [r0], #4\n",
            "ldmia r1!, {{r10, r11}}\n",
            "sxtab16 r9, lr, r8, ror #8\n",
            "sxtab16 r8, lr, r8\n",
            "sxtb16 r12, r10\n",
            "sxtb16 r10, r10, ror #8\n",
            "smlad r4, r8, r12, r4\n",
            "smlad r4, r9, r10, r4\n",
            "sxtb16 r12, r11\n",
            "sxtb16 r11, r11, ror #8\n",
            "smlad r5, r8, r12, r5\n",
            "smlad r5, r9, r11, r5\n",
            "ldmia r2!, {{r10, r11}}\n",
            "sxtb16 r12, r10\n",
            "sxtb16 r10, r10, ror #8\n",
            "smlad r6, r8, r12, r6\n",
            "smlad r6, r9, r10, r6\n",
            "sxtb16 r12, r11\n",
            "sxtb16 r11, r11, ror #8\n",
            "smlad r7, r8, r12, r7\n",
            "smlad r7, r9, r11, r7\n",
        )
    };
}

/// Most of the groups of [`row_group`], two at a time. Goes to 3 if no group is left, whose number is
/// in r3.
#[cfg(not(niello_helium))]
macro_rules! row_of_sixteens {
    () => {
        concat!(
            "subs r3, r3, #2\n",
            "blo 21f\n",
            "20:\n",
            ".rept 2\n",
            row_group!(),
            ".endr\n",
            "subs r3, r3, #2\n",
            "bhs 20b\n",
            "21:\n",
            "adds r3, r3, #2\n",
            "beq 3f\n",
        )
    };
}
#[cfg(niello_helium)]
pub(crate) use crate::mcu::armv7em::helium::row_of_sixteens;
pub(crate) use row_group;
#[cfg(not(niello_helium))]
pub(crate) use row_of_sixteens;

/// Two pairs of channels of a row.
///
/// # Safety
/// `x`, `v` and `w` are aligned to four bytes and cover `groups` groups: 4 bytes of `x`, 8
/// of `v` and of `w` each.
#[unsafe(naked)]
unsafe extern "C" fn dot_1x4_groups(
    x: *const u32,
    v: *const u32,
    w: *const u32,
    groups: usize,
    sums: &mut [i32; 4],
    zero_point: u32,
) {
    naked_asm!(
        with_dsp!(),
        begin!("r4-r11"),
        concat!("ldrd r12, lr, ", stacked!()),
        "ldmia r12, {{r4-r7}}",
        row_of_sixteens!(),
        "2:",
        row_group!(),
        "subs r3, r3, #1",
        "bne 2b",
        "3:",
        concat!("ldr r12, ", stacked!()),
        "stmia r12, {{r4-r7}}",
        end!("r4-r11"),
    )
}
