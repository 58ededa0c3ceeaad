//! 3x3 windows over one channel's plane, for Armv6-M.

use core::arch::naked_asm;

use crate::mcu::armv6m::high_mul::high;
use crate::params::requantize_fast::FastChannel;

/// The weights of a 3x3 window, doubled, which the requantization wants.
#[inline(always)]
pub(crate) fn weights_3x3(filter: &[u8; 9]) -> [i32; 9] {
    filter.map(|w| 2 * i32::from(w as i8))
}

/// The registers of [`plane_stride_1`] and [`plane_stride_2`], which read them and move them on.
#[repr(C)]
struct Block {
    row: *const i16,
    /// Bytes from one row to the next.
    pitch: usize,
    /// Bytes from the rows of one output to those of the next below.
    advance: usize,
    width: usize,
    height: usize,
    output: *mut i8,
    step: usize,
    /// The halves of the multiplier.
    multiplier: [i32; 2],
    /// Places to the right, or else to the left.
    right: u32,
    half: u32,
    left: u32,
    output_offset: i32,
    activation_min: i32,
    activation_max: i32,
    /// Twice the bias of the channel.
    bias: i32,
    /// Outputs that are left in the row.
    remaining: usize,
    /// Bytes from the end of three rows to the next outputs.
    back: usize,
    weights: [i32; 9],
    /// Where the next outputs begin.
    next: *const i16,
}

/// Computes 3x3 windows of a plane as `generic::plane_3x3` does.
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
    [height, width]: [usize; 2],
    output: &mut [i8],
    step: usize,
    stage: FastChannel,
) {
    if height == 0 || width == 0 {
        return;
    }
    // One pair of outputs of stride 1 reads four elements of a row, one output of stride 2 three.
    let reach = if STRIDE == 1 {
        width.next_multiple_of(2) + 2
    } else {
        2 * width + 1
    };
    let rows = (height - 1) * STRIDE + 2;
    let fits = pitch.is_multiple_of(2)
        && plane.as_ptr().cast::<u32>().is_aligned()
        && plane.len() >= rows * pitch + reach
        && output.len() > (height * width - 1) * step;
    if !fits {
        return;
    }
    let FastChannel { multiplier, .. } = stage;
    let right = multiplier.shift.min(0).unsigned_abs() & 31;
    let mut block = Block {
        row: plane.as_ptr(),
        pitch: 2 * pitch,
        advance: 2 * pitch * STRIDE,
        width,
        height,
        output: output.as_mut_ptr(),
        step,
        multiplier: [multiplier.multiplier & 0xFFFF, multiplier.multiplier >> 16],
        right,
        half: (1 << right) >> 1,
        left: multiplier.shift.max(0).unsigned_abs(),
        output_offset: stage.output_offset,
        activation_min: stage.activation_min,
        activation_max: stage.activation_max,
        bias: bias.wrapping_mul(2),
        remaining: width,
        back: 4_usize.wrapping_sub(4 * pitch),
        weights: *weights,
        next: plane.as_ptr(),
    };
    // SAFETY: three rows of `reach` elements from every row on that is begun with, and an output
    // element every `step`, as checked above.
    unsafe {
        if STRIDE == 1 {
            plane_stride_1(&mut block);
        } else {
            plane_stride_2(&mut block);
        }
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
        ldr r0, [r7, #108]
        mov r1, r7
        adds r1, #72
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
        ldr r4, [r7, #68]
        adds r0, r0, r4
        str r0, [r7, #108]
        ldr r1, [r7, #28]
        ldr r2, [r7, #32]
        ldr r3, [r7, #36]
        mov r0, r8
        bl {finish}"
    };
    (end) => {
        "ldr r0, [r7]
        ldr r4, [r7, #8]
        adds r0, r0, r4
        str r0, [r7]
        str r0, [r7, #108]
        ldr r4, [r7, #12]
        str r4, [r7, #64]
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
        "ldr r4, [r7, #40]",
        "adds r0, r0, r4",
        "asrs r0, r3",
        "2:",
        "ldr r4, [r7, #48]",
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
        "ldr r4, [r7, #64]",
        "subs r4, #1",
        "str r4, [r7, #64]",
        "bx lr",
        "3:",
        "ldr r4, [r7, #44]",
        "lsls r0, r4",
        high!(),
        "b 2b",
    )
}
