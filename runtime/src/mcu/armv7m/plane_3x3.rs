//! 3x3 windows over one channel's plane, for Armv7-M.

use core::arch::naked_asm;

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

/// Instructions that both strides share; `lr` is the block.
macro_rules! part {
    (begin) => {
        "push {{r4-r11, lr}}
        mov lr, r0
        1:
        ldrd r0, r3, [lr]
        add r1, r0, r3
        add r2, r1, r3
        ldr r3, [lr, #12]
        ldrd r10, r11, [lr, #20]
        ldr r12, [lr, #28]"
    };
    // Two outputs of stride 1 share loads.
    (two, $row:literal, $weights:literal, $last:literal) => {
        concat!(
            "ldrsh r6, [",
            $row,
            "], #4\n",
            "ldrd r8, r9, [lr, #",
            $weights,
            "]\n",
            "mla r4, r6, r8, r4\n",
            "ldrsh r6, [",
            $row,
            ", #-2]\n",
            "ldrsh r7, [",
            $row,
            "]\n",
            "mla r4, r6, r9, r4\n",
            "mla r5, r6, r8, r5\n",
            "ldr r8, [lr, #",
            $last,
            "]\n",
            "ldrsh r6, [",
            $row,
            ", #2]\n",
            "mla r4, r7, r8, r4\n",
            "mla r5, r7, r9, r5\n",
            "mla r5, r6, r8, r5",
        )
    };
    (one, $row:literal, $weights:literal, $last:literal) => {
        concat!(
            "ldrsh r6, [",
            $row,
            "], #4\n",
            "ldrd r8, r9, [lr, #",
            $weights,
            "]\n",
            "ldrsh r7, [",
            $row,
            ", #-2]\n",
            "mla r4, r6, r8, r4\n",
            "mla r4, r7, r9, r4\n",
            "ldrsh r6, [",
            $row,
            "]\n",
            "ldr r8, [lr, #",
            $last,
            "]\n",
            "mla r4, r6, r8, r4",
        )
    };
    // The reference's two roundings; r6 is the shift, r7 its half, r8 the offset.
    (requantize, $sum:literal) => {
        concat!(
            "smull ",
            $sum,
            ", r9, ",
            $sum,
            ", r12\n",
            "add ",
            $sum,
            ", r9, ",
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
            ", r7\n",
            "asr ",
            $sum,
            ", ",
            $sum,
            ", r6\n",
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
            ", r6\n",
            "smull ",
            $sum,
            ", r9, ",
            $sum,
            ", r12\n",
            "add ",
            $sum,
            ", r9, ",
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
            "cmp ", $sum, ", r6\n", "it lt\n", "movlt ", $sum, ", r6\n", "cmp ", $sum, ", r7\n",
            "it gt\n", "movgt ", $sum, ", r7",
        )
    };
    (store, $sum:literal) => {
        concat!(
            "strb ",
            $sum,
            ", [r10]\n",
            "add r10, r10, r11\n",
            "subs r3, r3, #1"
        )
    };
    (end) => {
        "str r10, [lr, #20]
        ldr r0, [lr]
        ldrd r1, r2, [lr, #8]
        add r0, r0, r1
        str r0, [lr]
        ldr r0, [lr, #16]
        subs r0, r0, #1
        str r0, [lr, #16]
        bne 1b
        pop {{r4-r11, pc}}"
    };
}

/// About 65 instructions for two outputs.
///
/// # Safety
/// The rows that `block` names are there, whole pairs of elements of them, and an output element
/// every step.
#[unsafe(naked)]
unsafe extern "C" fn plane_stride_1(block: &mut Block) {
    naked_asm!(
        part!(begin),
        "2:",
        "ldr r4, [lr, #60]",
        "mov r5, r4",
        part!(two, "r0", "64", "72"),
        part!(two, "r1", "76", "84"),
        part!(two, "r2", "88", "96"),
        "ldrd r6, r7, [lr, #32]",
        "ldrd r8, r9, [lr, #40]",
        "cmp r9, #0",
        "bne 5f",
        part!(requantize, "r4"),
        part!(requantize, "r5"),
        "3:",
        "ssat r4, #8, r4",
        "ssat r5, #8, r5",
        part!(store, "r4"),
        "beq 4f",
        part!(store, "r5"),
        "bne 2b",
        "4:",
        part!(end),
        "5:",
        "tst r9, #2",
        "bne 6f",
        part!(requantize, "r4"),
        part!(requantize, "r5"),
        "b 7f",
        "6:",
        "ldr r6, [lr, #48]",
        part!(left, "r4"),
        part!(left, "r5"),
        "ldr r9, [lr, #44]",
        "tst r9, #1",
        "beq 3b",
        "7:",
        "ldrd r6, r7, [lr, #52]",
        part!(clamp, "r4"),
        part!(clamp, "r5"),
        "b 3b",
    )
}

/// About 44 instructions for an output.
///
/// # Safety
/// The rows that `block` names are there, whole pairs of elements of them, and an output element
/// every step.
#[unsafe(naked)]
unsafe extern "C" fn plane_stride_2(block: &mut Block) {
    naked_asm!(
        part!(begin),
        "2:",
        "ldr r4, [lr, #60]",
        part!(one, "r0", "64", "72"),
        part!(one, "r1", "76", "84"),
        part!(one, "r2", "88", "96"),
        "ldrd r6, r7, [lr, #32]",
        "ldrd r8, r9, [lr, #40]",
        "cmp r9, #0",
        "bne 5f",
        part!(requantize, "r4"),
        "3:",
        "ssat r4, #8, r4",
        part!(store, "r4"),
        "bne 2b",
        part!(end),
        "5:",
        "tst r9, #2",
        "bne 6f",
        part!(requantize, "r4"),
        "b 7f",
        "6:",
        "ldr r6, [lr, #48]",
        part!(left, "r4"),
        "ldr r9, [lr, #44]",
        "tst r9, #1",
        "beq 3b",
        "7:",
        "ldrd r6, r7, [lr, #52]",
        part!(clamp, "r4"),
        "b 3b",
    )
}
