//! 3x3 windows over one channel's plane, for Armv6-M.

use core::arch::naked_asm;

use crate::mcu::armv6m::high_mul::high;
use crate::mcu::plane_3x3::{Block, plane_by};
use crate::params::requantize_fast::FastChannel;

/// Computes 3x3 windows of a plane as `portable::plane_3x3` does.
#[inline(always)]
#[allow(
    clippy::too_many_arguments,
    reason = "one inner loop: pointers, strides and sizes"
)]
pub(crate) fn plane_3x3<const STRIDE: usize>(
    plane: &[i16],
    pitch: usize,
    weights: &[i32; 9],
    bias: i32,
    sizes: [usize; 2],
    output: &mut [i8],
    step: usize,
    stage: FastChannel,
) {
    let routine = if STRIDE == 1 {
        plane_stride_1
    } else {
        plane_stride_2
    };
    // SAFETY: it is what the routines need.
    unsafe {
        plane_by::<STRIDE>(
            routine, plane, pitch, weights, bias, sizes, output, step, stage,
        );
    }
}

/// The parts of the routines; r7 is the block, or r11 where r7 is a product.
macro_rules! part {
    (begin) => {
        "push {{r4-r7, lr}}
        mov r4, r8
        mov r5, r9
        mov r6, r10
        mov r7, r11
        push {{r4-r7}}
        mov r7, r0
        mov r11, r0
        ldr r4, [r7, #4]
        mov r10, r4
        2:
        ldr r0, [r7, #116]
        mov r1, r7
        adds r1, #64
        ldr r4, [r7, #60]
        mov r8, r4
        mov r9, r4"
    };
    // Two outputs of stride 1 share loads.
    (two) => {
        "ldm r1!, {{r4-r6}}
        ldr r2, [r0]
        ldr r3, [r0, #4]
        sxth r7, r2
        muls r7, r4, r7
        add r8, r7
        asrs r2, r2, #16
        mov r7, r2
        muls r7, r5, r7
        add r8, r7
        muls r2, r4, r2
        add r9, r2
        sxth r2, r3
        mov r7, r2
        muls r7, r6, r7
        add r8, r7
        muls r2, r5, r2
        add r9, r2
        asrs r3, r3, #16
        muls r3, r6, r3
        add r9, r3"
    };
    (one) => {
        "ldm r1!, {{r4-r6}}
        ldr r2, [r0]
        ldrh r3, [r0, #4]
        sxth r7, r2
        muls r7, r4, r7
        add r8, r7
        asrs r2, r2, #16
        muls r2, r5, r2
        add r8, r2
        sxth r3, r3
        muls r3, r6, r3
        add r8, r3"
    };
    (next) => {
        "mov r7, r11
        ldr r4, [r7, #112]
        adds r0, r0, r4
        str r0, [r7, #116]
        ldr r1, [r7, #100]
        ldr r2, [r7, #104]
        ldr r3, [r7, #32]
        mov r0, r8
        bl {finish}"
    };
    (end) => {
        "ldr r0, [r7]
        ldr r4, [r7, #8]
        adds r0, r0, r4
        str r0, [r7]
        str r0, [r7, #116]
        ldr r4, [r7, #12]
        str r4, [r7, #108]
        ldr r4, [r7, #16]
        subs r4, #1
        str r4, [r7, #16]
        bne 2b
        pop {{r4-r7}}
        mov r8, r4
        mov r9, r5
        mov r10, r6
        mov r11, r7
        pop {{r4-r7, pc}}"
    };
}

/// About 160 instructions for two outputs.
///
/// # Safety
/// The rows that `block` names are there, whole pairs of elements of them, aligned to four bytes, and
/// an output element every step.
#[unsafe(naked)]
unsafe extern "C" fn plane_stride_1(block: &mut Block) {
    naked_asm!(
        part!(begin),
        part!(two),
        "add r0, r10",
        part!(two),
        "add r0, r10",
        part!(two),
        part!(next),
        "beq 3f",
        "mov r0, r9",
        "bl {finish}",
        "bne 2b",
        "3:",
        part!(end),
        finish = sym finish,
    )
}

/// About 100 instructions for an output.
///
/// # Safety
/// The rows that `block` names are there, whole pairs of elements of them, aligned to four bytes, and
/// an output element every step.
#[unsafe(naked)]
unsafe extern "C" fn plane_stride_2(block: &mut Block) {
    naked_asm!(
        part!(begin),
        part!(one),
        "add r0, r10",
        part!(one),
        "add r0, r10",
        part!(one),
        part!(next),
        "bne 2b",
        part!(end),
        finish = sym finish,
    )
}

/// Requantizes the sum in r0 and stores the output; Z is set if it was the last one of its row.
///
/// # Safety
/// Only for the routines above: r1 and r2 are the halves of the multiplier, r3 is the shift to the
/// right and r7 is the block. It changes r0 and r4 to r6.
#[unsafe(naked)]
unsafe extern "C" fn finish() {
    naked_asm!(
        "cmp r3, #0",
        "beq 3f",
        high!(),
        "asrs r4, r0, #31",
        "adds r0, r0, r4",
        "ldr r4, [r7, #36]",
        "adds r0, r0, r4",
        "asrs r0, r3",
        "2:",
        "ldr r4, [r7, #40]",
        "adds r0, r0, r4",
        "ldr r4, [r7, #52]",
        "cmp r0, r4",
        "bge 4f",
        "mov r0, r4",
        "4:",
        "ldr r4, [r7, #56]",
        "cmp r0, r4",
        "ble 5f",
        "mov r0, r4",
        "5:",
        "ldr r5, [r7, #20]",
        "ldr r4, [r7, #24]",
        "strb r0, [r5]",
        "adds r5, r5, r4",
        "str r5, [r7, #20]",
        "ldr r4, [r7, #108]",
        "subs r4, #1",
        "str r4, [r7, #108]",
        "bx lr",
        "3:",
        "ldr r4, [r7, #48]",
        "lsls r0, r4",
        high!(),
        "b 2b",
    )
}
