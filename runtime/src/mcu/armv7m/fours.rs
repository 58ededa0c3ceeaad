//! Four channels of two pixels at a time, sums and requantization in one routine, for Armv7-M.

use core::arch::naked_asm;

use crate::mcu::armv7m::dot::{group_2x4, products_2x4};
use crate::mcu::fours::{Block, pairs_by};
use crate::params::requantize_fast::{PairSums, RequantizeFast};

/// All groups of four channels, requantized; gives the number of channels.
#[inline(always)]
pub(crate) fn pairs(
    sums: &PairSums<'_>,
    stage: &RequantizeFast<'_>,
    first: &mut [i8],
    second: &mut [i8],
) -> usize {
    // SAFETY: it is what the routine needs.
    unsafe { pairs_by(fours, sums, stage, first, second) }
}

/// Requantization of both pixels' sums of a channel; `r0` and `r1` have them.
macro_rules! requantize {
    ($sum:literal) => {
        concat!(
            "lsl ",
            $sum,
            ", ",
            $sum,
            ", #1\n",
            "smull ",
            $sum,
            ", r12, ",
            $sum,
            ", lr\n",
            "add ",
            $sum,
            ", r12, ",
            $sum,
            ", lsr #31\n",
            "add ",
            $sum,
            ", ",
            $sum,
            ", ",
            $sum,
            ", asr #31\n",
            "add ",
            $sum,
            ", ",
            $sum,
            ", r3\n",
            "asr ",
            $sum,
            ", ",
            $sum,
            ", r2\n",
            "add ",
            $sum,
            ", ",
            $sum,
            ", r8",
        )
    };
    (left, $sum:literal) => {
        concat!(
            "lsl ",
            $sum,
            ", ",
            $sum,
            ", r2\n",
            "smull ",
            $sum,
            ", r12, ",
            $sum,
            ", lr\n",
            "add ",
            $sum,
            ", r12, ",
            $sum,
            ", lsr #31\n",
            "add ",
            $sum,
            ", ",
            $sum,
            ", r8",
        )
    };
    (clamp, $sum:literal) => {
        concat!(
            "cmp ", $sum, ", r2\n", "it lt\n", "movlt ", $sum, ", r2\n", "cmp ", $sum, ", r3\n",
            "it gt\n", "movgt ", $sum, ", r3",
        )
    };
}

/// 59 instructions for 32 products, and for eight outputs about 150 around them.
///
/// # Safety
/// From `block.columns` to `block.end` there are whole groups of 16 bytes, at least one; for each of
/// them, weights cover 8 bytes of each pair of channels, and lists four elements per group of channels, of
/// which there is at least one, or one shift if `shift_step` is 0.
#[unsafe(naked)]
unsafe extern "C" fn fours(block: &mut Block) {
    naked_asm!(
        "ldr r1, [r0, #68]",
        "push {{r0, r1, r4-r11, lr}}",
        "mov r3, r0",
        "1:",
        "ldrd r12, lr, [r3, #12]",
        "cmp lr, #0",
        "bne 9f",
        "ldrsh r4, [r12], #2",
        "ldrsh r6, [r12], #2",
        "ldrsh r8, [r12], #2",
        "ldrsh r10, [r12], #2",
        "3:",
        "mov r5, r4",
        "mov r7, r6",
        "mov r9, r8",
        "mov r11, r10",
        "str r12, [r3, #12]",
        "ldm r3, {{r0-r2}}",
        "2:",
        group_2x4!(),
        "ldr lr, [sp, #4]",
        "cmp r0, lr",
        "bne 2b",
        "ldr r3, [sp]",
        // The weights of the next four channels: r1 is where those of the second pair began.
        "sub r1, r2, r1",
        "add r1, r2, r1",
        "strd r2, r1, [r3, #4]",
        "push {{r4-r11}}",
        "mov r10, r3",
        "mov r11, #4",
        "ldrd r4, r5, [r10, #24]",
        "ldrd r6, r7, [r10, #32]",
        "ldrd r8, r9, [r10, #40]",
        "4:",
        "pop {{r0, r1}}",
        "ldr lr, [r4], #4",
        "ldrsb r2, [r5]",
        "add r5, r5, r9",
        "mov r3, #1",
        "sub r2, r2, lr, lsr #30",
        "bfi lr, r3, #30, #2",
        "rsbs r2, r2, #0",
        "ble 7f",
        "lsl r3, r3, r2",
        "lsr r3, r3, #1",
        requantize!("r0"),
        requantize!("r1"),
        "5:",
        "ldr r2, [r10, #56]",
        "cbz r2, 8f",
        "6:",
        "ssat r0, #8, r0",
        "ssat r1, #8, r1",
        "strb r0, [r6], #1",
        "strb r1, [r7], #1",
        "subs r11, r11, #1",
        "bne 4b",
        "mov r3, r10",
        "strd r4, r5, [r3, #24]",
        "strd r6, r7, [r3, #32]",
        "ldr r0, [r3, #20]",
        "subs r0, r0, #1",
        "str r0, [r3, #20]",
        "bne 1b",
        "pop {{r0, r1, r4-r11, pc}}",
        // To the left, by one place more.
        "7:",
        "rsb r2, r2, #1",
        requantize!(left, "r0"),
        requantize!(left, "r1"),
        "b 5b",
        "8:",
        "ldrd r2, r3, [r10, #48]",
        requantize!(clamp, "r0"),
        requantize!(clamp, "r1"),
        "b 6b",
        "9:",
        "ldr r4, [r12], #4",
        "ldr r6, [r12], #4",
        "ldr r8, [r12], #4",
        "ldr r10, [r12], #4",
        "b 3b",
    )
}
