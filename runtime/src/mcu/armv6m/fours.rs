//! Four channels of two pixels at a time, sums and requantization in one routine, for Armv6-M.

use core::arch::naked_asm;

use crate::mcu::armv6m::dot::products;
use crate::mcu::armv6m::high_mul::high;
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

/// The parts of [`fours`] that occur more than once.
macro_rules! part {
    // The products of the pixel whose inputs are at r0; sums go to the stack, the first one on top.
    (dot) => {
        concat!(
            "ldr r1, [r7, #4]
            ldr r2, [r7, #60]
            mov r12, r2
            adds r3, r1, r2
            adds r4, r3, #4
            adds r2, r1, #4
            movs r7, #0
            2:
            ldrh r5, [r0]
            sxth r5, r5\n",
            products!(),
            "\nldrh r5, [r0, #2]
            sxth r5, r5\n",
            products!(),
            "\nldrh r5, [r0, #4]
            sxth r5, r5\n",
            products!(),
            "\nldrh r5, [r0, #6]
            sxth r5, r5\n",
            products!(),
            "\nadds r0, #16
            adds r7, #4
            cmp r7, r12
            bne 2b
            mov r4, r8
            mov r5, r9
            mov r6, r10
            mov r7, r11
            push {{r4-r7}}"
        )
    };
    // To the right by r3 places, rounded half away from zero; r7 is half of 1 shifted left by them.
    (right) => {
        "asrs r4, r0, #31
        adds r0, r0, r4
        adds r0, r0, r7
        asrs r0, r3"
    };
    (clamp) => {
        "add r0, r9
        cmp r0, r10
        bge 5f
        mov r0, r10
        5:
        cmp r0, r11
        ble 5f
        mov r0, r11
        5:"
    };
    (store, $pointer:literal) => {
        concat!(
            "mov r5, ",
            $pointer,
            "\n",
            "strb r0, [r5]\n",
            "adds r5, #1\n",
            "mov ",
            $pointer,
            ", r5",
        )
    };
}

/// 64 instructions for 16 products, and for eight outputs about 400 around them.
///
/// # Safety
/// `block.size` is the number of elements of `block.columns` and not 0; for each group of 8, weights
/// cover 8 bytes of each pair of channels, and lists have four elements per group of channels, of
/// which there is at least one, or one shift if `shift_step` is 0.
#[unsafe(naked)]
unsafe extern "C" fn fours(block: &mut Block) {
    naked_asm!(
        "push {{r4-r7, lr}}",
        "mov r4, r8",
        "mov r5, r9",
        "mov r6, r10",
        "mov r7, r11",
        "push {{r4-r7}}",
        "push {{r0}}",
        "mov r7, r0",
        "1:",
        // Biases of both pixels.
        "ldr r6, [r7, #12]",
        "ldr r5, [r7, #16]",
        "cmp r5, #0",
        "bne 3f",
        "movs r4, #0",
        "ldrsh r0, [r6, r4]",
        "movs r4, #2",
        "ldrsh r1, [r6, r4]",
        "movs r4, #4",
        "ldrsh r2, [r6, r4]",
        "movs r4, #6",
        "ldrsh r3, [r6, r4]",
        "adds r6, #8",
        "b 4f",
        "3:",
        "ldm r6!, {{r0-r3}}",
        "4:",
        "str r6, [r7, #12]",
        "push {{r0-r3}}",
        "mov r8, r0",
        "mov r9, r1",
        "mov r10, r2",
        "mov r11, r3",
        "ldr r0, [r7]",
        part!(dot),
        // The second pixel; its sums take the place of the biases.
        "add r6, sp, #16",
        "ldm r6!, {{r0-r3}}",
        "mov r8, r0",
        "mov r9, r1",
        "mov r10, r2",
        "mov r11, r3",
        "ldr r7, [r6]",
        "ldr r0, [r7]",
        "adds r0, #8",
        part!(dot),
        // The weights of the next four channels; r3 is where those of the second pair began.
        "ldr r7, [sp, #48]",
        "mov r4, r12",
        "adds r3, r3, r4",
        "str r3, [r7, #4]",
        "mov r8, r7",
        "movs r4, #4",
        "str r4, [r7, #64]",
        "ldr r4, [r7, #40]",
        "ldr r5, [r7, #48]",
        "ldr r6, [r7, #52]",
        "mov r9, r4",
        "mov r10, r5",
        "mov r11, r6",
        "ldr r4, [r7, #32]",
        "ldr r5, [r7, #36]",
        "mov r12, r4",
        "mov lr, r5",
        "6:",
        "ldr r6, [r7, #24]",
        "ldm r6!, {{r1}}",
        "str r6, [r7, #24]",
        "ldr r6, [r7, #28]",
        "movs r3, #0",
        "ldrsb r3, [r6, r3]",
        "ldr r5, [r7, #44]",
        "adds r6, r6, r5",
        "str r6, [r7, #28]",
        "lsrs r2, r1, #30",
        "subs r3, r2, r3",
        "lsls r2, r1, #2",
        "lsrs r2, r2, #18",
        "movs r4, #1",
        "lsls r4, r4, #14",
        "adds r2, r2, r4",
        "uxth r1, r1",
        "pop {{r0}}",
        "cmp r3, #0",
        "ble 8f",
        "movs r7, #1",
        "lsls r7, r3",
        "lsrs r7, r7, #1",
        "lsls r0, r0, #1",
        high!(),
        part!(right),
        part!(clamp),
        part!(store, "lr"),
        "ldr r0, [sp, #12]",
        "lsls r0, r0, #1",
        high!(),
        part!(right),
        "7:",
        part!(clamp),
        part!(store, "r12"),
        "mov r7, r8",
        "ldr r4, [r7, #64]",
        "subs r4, #1",
        "str r4, [r7, #64]",
        "bne 6b",
        "add sp, #32",
        "mov r4, r12",
        "mov r5, lr",
        "str r4, [r7, #32]",
        "str r5, [r7, #36]",
        "ldr r4, [r7, #20]",
        "subs r4, #1",
        "str r4, [r7, #20]",
        "beq 9f",
        "b 1b",
        "9:",
        "pop {{r0}}",
        "pop {{r4-r7}}",
        "mov r8, r4",
        "mov r9, r5",
        "mov r10, r6",
        "mov r11, r7",
        "pop {{r4-r7, pc}}",
        // To the left, by one place more.
        "8:",
        "movs r7, #1",
        "subs r7, r7, r3",
        "lsls r0, r7",
        high!(),
        part!(clamp),
        part!(store, "lr"),
        "ldr r0, [sp, #12]",
        "lsls r0, r7",
        high!(),
        "b 7b",
    )
}
