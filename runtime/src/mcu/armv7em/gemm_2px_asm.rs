//! All channels of two pixels in one routine, sums and requantization, for Armv7E-M.

use core::arch::naked_asm;

use crate::mcu::armv7em::dot::{aligned, fours, groups};
use crate::mcu::armv7em::frame::{begin, end};
use crate::params::requantize_fast::{Bias, PairSums, RequantizeFast};

/// The registers of [`pairs_block`], which reads them and moves them on.
#[repr(C)]
struct Block {
    columns: *const i16,
    weights: *const u8,
    /// Twice the number of groups, and 1 if biases have 32 bits.
    groups: usize,
    bias: *const u8,
    multiplier: *const u32,
    shift: *const i8,
    /// From one channel's shift to the next: 0 or 1.
    shift_step: usize,
    output_offset: i32,
    /// Not 0 if some shifts are not to the right.
    shifts_left: usize,
    /// Not 0 if the activation clamps to less than int8.
    clamps: usize,
    first: *mut i8,
    second: *mut i8,
    /// The end of `first`'s pairs.
    end: *mut i8,
    activation_min: i32,
    activation_max: i32,
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
        groups: 2 * groups + wide,
        bias,
        multiplier: stage.multiplier.as_ptr(),
        shift: stage.shift.as_ptr(),
        shift_step,
        output_offset: stage.output_offset,
        shifts_left: usize::from(!stage.shifts_right),
        clamps: usize::from(stage.activation_min > -128 || stage.activation_max < 127),
        first: first.as_mut_ptr(),
        second: second.as_mut_ptr(),
        end: first.as_mut_ptr().wrapping_add(2 * pairs),
        activation_min: stage.activation_min,
        activation_max: stage.activation_max,
    };
    // SAFETY: all lists have two elements per pair (or one of step 0), the weights `groups` groups,
    // and what LDM reads is aligned.
    unsafe { pairs_block(&mut block) };
    2 * pairs
}

/// A sum's output but for the clamping, where the shift is at least 1 to the right: ASRS leaves the
/// highest of the bits that it drops in the carry, which rounds.
macro_rules! right {
    ($sum:literal, $multiplier:literal, $shift:literal) => {
        concat!(
            "lsl ",
            $sum,
            ", ",
            $sum,
            ", #1\n",
            "smmulr ",
            $sum,
            ", ",
            $sum,
            ", ",
            $multiplier,
            "\n",
            "add ",
            $sum,
            ", ",
            $sum,
            ", ",
            $sum,
            ", asr #31\n",
            "asrs ",
            $sum,
            ", ",
            $sum,
            ", ",
            $shift,
            "\n",
            "adc ",
            $sum,
            ", ",
            $sum,
            ", lr\n",
        )
    };
}

/// Per group 14 instructions for 16 products, per pair about 60 around them.
///
/// # Safety
/// Two elements of every list are there for each pair, or one of step 0; `columns` and
/// `weights` are aligned to four bytes and cover `groups` groups, the latter of each pair.
#[unsafe(naked)]
unsafe extern "C" fn pairs_block(block: &mut Block) {
    naked_asm!(
        with_dsp!(),
        begin!("r0, r4-r11"),
        "1:",
        "ldr r3, [sp]",
        "ldmia r3, {{r0, r1, r2, r12}}",
        "lsrs r2, r2, #1",
        "bcs 9f",
        "ldrsh r4, [r12], #2",
        "ldrsh r5, [r12], #2",
        "10:",
        "str r12, [r3, #12]",
        "mov r6, r4",
        "mov r7, r5",
        groups!(),
        "ldr r3, [sp]",
        "str r1, [r3, #4]",
        "ldrd r12, r0, [r3, #16]",
        "ldmia r12!, {{r8, r9}}",
        "ldrd r2, lr, [r3, #24]",
        "ldrsb r10, [r0]",
        "ldrsb r11, [r0, r2]",
        "add r0, r0, r2, lsl #1",
        "strd r12, r0, [r3, #16]",
        "ldrd r1, r2, [r3, #32]",
        "mov r12, #1",
        "cmp r1, #0",
        "bne 7f",
        "rsb r10, r10, r8, lsr #30",
        "rsb r11, r11, r9, lsr #30",
        "bfi r8, r12, #30, #2",
        "bfi r9, r12, #30, #2",
        right!("r4", "r8", "r10"),
        right!("r6", "r8", "r10"),
        right!("r5", "r9", "r11"),
        right!("r7", "r9", "r11"),
        "8:",
        "ssat r4, #8, r4",
        "ssat r5, #8, r5",
        "ssat r6, #8, r6",
        "ssat r7, #8, r7",
        "cbnz r2, 5f",
        "6:",
        "ldrd r0, r2, [r3, #40]",
        "ldr r12, [r3, #48]",
        "strb r4, [r0], #1",
        "strb r5, [r0], #1",
        "strb r6, [r2], #1",
        "strb r7, [r2], #1",
        "strd r0, r2, [r3, #40]",
        "cmp r0, r12",
        "bne 1b",
        end!("r0, r4-r11"),
        "5:",
        "ldrd r0, r2, [r3, #52]",
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
        "b 6b",
        "9:",
        "ldmia r12!, {{r4, r5}}",
        "b 10b",
        "7:",
        "sub r10, r10, r8, lsr #30",
        "sub r11, r11, r9, lsr #30",
        "bfi r8, r12, #30, #2",
        "bfi r9, r12, #30, #2",
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
        "ldr r2, [r3, #36]",
        "b 8b",
    )
}
