//! Armv7E-M's DSP extension: two 16-bit products per instruction (SMLAD), two
//! bytes widened per instruction (SXTB16). Arm Architecture Reference Manual
//! Armv7-M, A7.7.

use core::arch::{asm, naked_asm};

use crate::ops::{Bias, PairSums, RequantizeFast};

/// The negative of a zero point, twice.
#[inline(always)]
fn negative_pair(zero_point: i8) -> u32 {
    let half = u32::from((-i16::from(zero_point)) as u16);
    half | half << 16
}

/// As `portable::expand`, in the order 0, 2, 1, 3 of SXTAB16.
#[inline(always)]
pub(crate) fn expand(pixel: &[i8], zero_point: i8, at: usize, columns: &mut [i16]) {
    let (fours, rest) = pixel.as_chunks::<4>();
    let count = fours.len().min(columns.len() / 8);
    let to = columns.as_mut_ptr().wrapping_add(at * 4).cast::<u32>();
    if !aligned(to) {
        return;
    }
    if count > 0 {
        // SAFETY: `count` groups of 4 bytes are read and of 16 bytes, of which
        // half, written; STRD's address is a multiple of 4.
        unsafe {
            asm!(
                "2:",
                "ldr {t}, [{x}], #4",
                "sxtab16 r2, {z}, {t}",
                "sxtab16 r3, {z}, {t}, ror #8",
                "strd r2, r3, [{y}], #16",
                "subs {n}, {n}, #1",
                "bne 2b",
                x = inout(reg) pixel.as_ptr() => _, y = inout(reg) to => _, n = inout(reg) count => _,
                z = in(reg) negative_pair(zero_point), t = out(reg) _, out("r2") _, out("r3") _,
                options(nostack),
            );
        }
    }
    if !rest.is_empty() {
        expand_last(rest, zero_point, columns.get_mut(count * 8 + at * 4..));
    }
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

/// As `portable::dot_2x2`.
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
fn aligned(pointer: *const u32) -> bool {
    pointer.is_aligned()
}

/// A group: 4 halfwords of each pixel, 4 bytes of each channel. 14 instructions
/// for 16 products.
#[unsafe(naked)]
unsafe extern "C" fn dot_2x2_groups(
    x: *const u32,
    w: *const u32,
    groups: usize,
    sums: &mut [i32; 4],
) {
    naked_asm!(
        "push {{r3-r11, lr}}",
        "ldmia r3, {{r4-r7}}",
        "subs r2, r2, #4",
        "blo 3f",
        "2:",
        ".rept 4",
        "ldmia r0!, {{r8-r11}}",
        "ldmia r1!, {{r3, r12}}",
        "sxtb16 lr, r3",
        "sxtb16 r3, r3, ror #8",
        "smlad r4, r8, lr, r4",
        "smlad r4, r9, r3, r4",
        "smlad r6, r10, lr, r6",
        "smlad r6, r11, r3, r6",
        "sxtb16 lr, r12",
        "sxtb16 r12, r12, ror #8",
        "smlad r5, r8, lr, r5",
        "smlad r5, r9, r12, r5",
        "smlad r7, r10, lr, r7",
        "smlad r7, r11, r12, r7",
        ".endr",
        "subs r2, r2, #4",
        "bhs 2b",
        "3:",
        "adds r2, r2, #4",
        "beq 5f",
        "4:",
        "ldmia r0!, {{r8-r11}}",
        "ldmia r1!, {{r3, r12}}",
        "sxtb16 lr, r3",
        "sxtb16 r3, r3, ror #8",
        "smlad r4, r8, lr, r4",
        "smlad r4, r9, r3, r4",
        "smlad r6, r10, lr, r6",
        "smlad r6, r11, r3, r6",
        "sxtb16 lr, r12",
        "sxtb16 r12, r12, ror #8",
        "smlad r5, r8, lr, r5",
        "smlad r5, r9, r12, r5",
        "smlad r7, r10, lr, r7",
        "smlad r7, r11, r12, r7",
        "subs r2, r2, #1",
        "bne 4b",
        "5:",
        "ldr r3, [sp]",
        "stmia r3, {{r4-r7}}",
        "pop {{r3-r11, pc}}",
    )
}

/// As `portable::dot_2x1`.
#[inline(always)]
pub(crate) fn dot_2x1(columns: &[i16], weights: &[u8], sums: &mut [i32; 2]) {
    let groups = (columns.len() / 8).min(weights.len() / 4);
    let (x, w): (*const u32, *const u32) = (columns.as_ptr().cast(), weights.as_ptr().cast());
    if groups == 0 || !aligned(x) || !aligned(w) {
        return;
    }
    let [mut s0, mut s1] = *sums;
    // SAFETY: both pointers are aligned and cover `groups` groups.
    unsafe {
        asm!(
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

/// As `portable::dot_1x2`.
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

/// As `portable::dot_1x4`.
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

/// 21 instructions for 16 products.
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
        "push {{r4-r11, lr}}",
        "ldrd r12, lr, [sp, #36]",
        "ldmia r12, {{r4-r7}}",
        "2:",
        "ldr r8, [r0], #4",
        "ldmia r1!, {{r10, r11}}",
        "sxtab16 r9, lr, r8, ror #8",
        "sxtab16 r8, lr, r8",
        "sxtb16 r12, r10",
        "sxtb16 r10, r10, ror #8",
        "smlad r4, r8, r12, r4",
        "smlad r4, r9, r10, r4",
        "sxtb16 r12, r11",
        "sxtb16 r11, r11, ror #8",
        "smlad r5, r8, r12, r5",
        "smlad r5, r9, r11, r5",
        "ldmia r2!, {{r10, r11}}",
        "sxtb16 r12, r10",
        "sxtb16 r10, r10, ror #8",
        "smlad r6, r8, r12, r6",
        "smlad r6, r9, r10, r6",
        "sxtb16 r12, r11",
        "sxtb16 r11, r11, ror #8",
        "smlad r7, r8, r12, r7",
        "smlad r7, r9, r11, r7",
        "subs r3, r3, #1",
        "bne 2b",
        "ldr r12, [sp, #36]",
        "stmia r12, {{r4-r7}}",
        "pop {{r4-r11, pc}}",
    )
}

/// What [`pairs_block`] reads and moves on.
#[repr(C)]
struct Block {
    columns: *const i16,
    weights: *const u8,
    groups: usize,
    bias: *const u8,
    multiplier: *const u32,
    shift: *const i8,
    first: *mut i8,
    second: *mut i8,
    output_offset: i32,
    activation_min: i32,
    activation_max: i32,
    pairs: usize,
    /// Not 0 if the activation leaves int8 as it is.
    full: usize,
    /// Not 0 if all shifts are to the right.
    shifts_right: usize,
    /// Not 0 if biases have 32 bits.
    wide: usize,
    /// From one channel's shift to the next: 0 or 1.
    shift_step: usize,
}

/// All pairs of channels, requantized.
#[inline(always)]
pub(crate) fn pairs(
    sums: &PairSums<'_>,
    stage: &RequantizeFast<'_>,
    first: &mut [i8],
    second: &mut [i8],
) -> usize {
    let groups = sums.columns.len() / 8;
    let shift_step = usize::from(stage.shift.len() > 1);
    let channels = [
        sums.bias.len(),
        stage.multiplier.len(),
        if shift_step == 0 {
            usize::MAX
        } else {
            stage.shift.len()
        },
        first.len(),
        second.len(),
    ];
    let (bias, wide) = match sums.bias {
        Bias::Narrow(list) => (list.as_ptr().cast(), 0),
        Bias::Wide(list) => (list.as_ptr().cast(), 1),
    };
    let pairs = channels.into_iter().fold(usize::MAX, usize::min) / 2;
    let (x, w): (*const u32, *const u32) =
        (sums.columns.as_ptr().cast(), sums.filter.as_ptr().cast());
    let whole = sums.filter.len() >= pairs * groups * 8;
    if pairs == 0 || groups == 0 || stage.shift.is_empty() || !whole || !aligned(x) || !aligned(w) {
        return 0;
    }
    let mut block = Block {
        columns: sums.columns.as_ptr(),
        weights: sums.filter.as_ptr(),
        groups,
        bias,
        multiplier: stage.multiplier.as_ptr(),
        shift: stage.shift.as_ptr(),
        first: first.as_mut_ptr(),
        second: second.as_mut_ptr(),
        output_offset: stage.output_offset,
        activation_min: stage.activation_min,
        activation_max: stage.activation_max,
        pairs,
        full: usize::from(stage.activation_min <= -128 && stage.activation_max >= 127),
        shifts_right: usize::from(stage.shifts_right),
        wide,
        shift_step,
    };
    // SAFETY: all lists have two elements per pair (or one of step 0), the weights `groups` groups,
    // and what LDM reads is aligned.
    unsafe { pairs_block(&mut block) };
    2 * pairs
}

/// Per group 14 instructions for 16 products, per pair about 65 around them.
#[unsafe(naked)]
unsafe extern "C" fn pairs_block(block: &mut Block) {
    naked_asm!(
        "push {{r0, r4-r11, lr}}",
        "1:",
        "ldr r3, [sp]",
        "ldmia r3, {{r0, r1, r2, r12}}",
        "ldr r6, [r3, #56]",
        "cmp r6, #0",
        "bne 9f",
        "ldrsh r4, [r12], #2",
        "ldrsh r5, [r12], #2",
        "10:",
        "str r12, [r3, #12]",
        "mov r6, r4",
        "mov r7, r5",
        "subs r2, r2, #4",
        "blo 3f",
        "2:",
        ".rept 4",
        "ldmia r0!, {{r8-r11}}",
        "ldmia r1!, {{r3, r12}}",
        "sxtb16 lr, r3",
        "sxtb16 r3, r3, ror #8",
        "smlad r4, r8, lr, r4",
        "smlad r4, r9, r3, r4",
        "smlad r6, r10, lr, r6",
        "smlad r6, r11, r3, r6",
        "sxtb16 lr, r12",
        "sxtb16 r12, r12, ror #8",
        "smlad r5, r8, lr, r5",
        "smlad r5, r9, r12, r5",
        "smlad r7, r10, lr, r7",
        "smlad r7, r11, r12, r7",
        ".endr",
        "subs r2, r2, #4",
        "bhs 2b",
        "3:",
        "adds r2, r2, #4",
        "beq 5f",
        "4:",
        "ldmia r0!, {{r8-r11}}",
        "ldmia r1!, {{r3, r12}}",
        "sxtb16 lr, r3",
        "sxtb16 r3, r3, ror #8",
        "smlad r4, r8, lr, r4",
        "smlad r4, r9, r3, r4",
        "smlad r6, r10, lr, r6",
        "smlad r6, r11, r3, r6",
        "sxtb16 lr, r12",
        "sxtb16 r12, r12, ror #8",
        "smlad r5, r8, lr, r5",
        "smlad r5, r9, r12, r5",
        "smlad r7, r10, lr, r7",
        "smlad r7, r11, r12, r7",
        "subs r2, r2, #1",
        "bne 4b",
        "5:",
        "ldr r3, [sp]",
        "str r1, [r3, #4]",
        "ldrd r12, r0, [r3, #16]",
        "ldmia r12!, {{r8, r9}}",
        "ldr r2, [r3, #60]",
        "ldrsb r10, [r0]",
        "ldrsb r11, [r0, r2]",
        "add r0, r0, r2, lsl #1",
        "strd r12, r0, [r3, #16]",
        "mov r12, #1",
        "sub r10, r10, r8, lsr #30",
        "sub r11, r11, r9, lsr #30",
        "bfi r8, r12, #30, #2",
        "bfi r9, r12, #30, #2",
        "ldr lr, [r3, #32]",
        "ldr r2, [r3, #52]",
        "cmp r2, #0",
        "beq 7f",
        "rsb r10, r10, #0",
        "rsb r11, r11, #0",
        // The first channel of both pixels.
        "lsl r2, r12, r10",
        "lsr r2, r2, #1",
        "lsl r4, r4, #1",
        "smmulr r4, r4, r8",
        "add r4, r4, r4, asr #31",
        "add r4, r4, r2",
        "asr r4, r4, r10",
        "add r4, r4, lr",
        "lsl r6, r6, #1",
        "smmulr r6, r6, r8",
        "add r6, r6, r6, asr #31",
        "add r6, r6, r2",
        "asr r6, r6, r10",
        "add r6, r6, lr",
        // The second channel.
        "lsl r2, r12, r11",
        "lsr r2, r2, #1",
        "lsl r5, r5, #1",
        "smmulr r5, r5, r9",
        "add r5, r5, r5, asr #31",
        "add r5, r5, r2",
        "asr r5, r5, r11",
        "add r5, r5, lr",
        "lsl r7, r7, #1",
        "smmulr r7, r7, r9",
        "add r7, r7, r7, asr #31",
        "add r7, r7, r2",
        "asr r7, r7, r11",
        "add r7, r7, lr",
        "b 8f",
        "7:",
        // Left by r0, right by r12, half of that in r2.
        "rsbs r12, r10, #0",
        "it lt",
        "movlt r12, #0",
        "adds r0, r10, #1",
        "it lt",
        "movlt r0, #1",
        "cmp r10, #0",
        "it lt",
        "movlt r0, #1",
        "mov r2, #1",
        "lsl r2, r2, r12",
        "lsr r2, r2, #1",
        "cmp r12, #0",
        "lsl r4, r4, r0",
        "smmulr r4, r4, r8",
        "it ne",
        "addne r4, r4, r4, asr #31",
        "add r4, r4, r2",
        "asr r4, r4, r12",
        "add r4, r4, lr",
        "lsl r6, r6, r0",
        "smmulr r6, r6, r8",
        "it ne",
        "addne r6, r6, r6, asr #31",
        "add r6, r6, r2",
        "asr r6, r6, r12",
        "add r6, r6, lr",
        // Left by r0, right by r12, half of that in r2.
        "rsbs r12, r11, #0",
        "it lt",
        "movlt r12, #0",
        "adds r0, r11, #1",
        "it lt",
        "movlt r0, #1",
        "cmp r11, #0",
        "it lt",
        "movlt r0, #1",
        "mov r2, #1",
        "lsl r2, r2, r12",
        "lsr r2, r2, #1",
        "cmp r12, #0",
        "lsl r5, r5, r0",
        "smmulr r5, r5, r9",
        "it ne",
        "addne r5, r5, r5, asr #31",
        "add r5, r5, r2",
        "asr r5, r5, r12",
        "add r5, r5, lr",
        "lsl r7, r7, r0",
        "smmulr r7, r7, r9",
        "it ne",
        "addne r7, r7, r7, asr #31",
        "add r7, r7, r2",
        "asr r7, r7, r12",
        "add r7, r7, lr",
        "8:",
        "ldr r2, [r3, #48]",
        "ssat r4, #8, r4",
        "ssat r5, #8, r5",
        "ssat r6, #8, r6",
        "ssat r7, #8, r7",
        "cbnz r2, 6f",
        "ldrd r0, r2, [r3, #36]",
        "cmp r4, r0",
        "it lt",
        "movlt r4, r0",
        "cmp r5, r0",
        "it lt",
        "movlt r5, r0",
        "cmp r6, r0",
        "it lt",
        "movlt r6, r0",
        "cmp r7, r0",
        "it lt",
        "movlt r7, r0",
        "cmp r4, r2",
        "it gt",
        "movgt r4, r2",
        "cmp r5, r2",
        "it gt",
        "movgt r5, r2",
        "cmp r6, r2",
        "it gt",
        "movgt r6, r2",
        "cmp r7, r2",
        "it gt",
        "movgt r7, r2",
        "6:",
        "ldrd r0, r2, [r3, #24]",
        "strb r4, [r0], #1",
        "strb r5, [r0], #1",
        "strb r6, [r2], #1",
        "strb r7, [r2], #1",
        "strd r0, r2, [r3, #24]",
        "ldr r0, [r3, #44]",
        "subs r0, r0, #1",
        "str r0, [r3, #44]",
        "bne 1b",
        "pop {{r0, r4-r11, pc}}",
        "9:",
        "ldmia r12!, {{r4, r5}}",
        "b 10b",
    )
}
