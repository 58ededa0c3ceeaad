//! 3x3 windows over one channel's plane for Helium, four outputs at a time. Loops end with predicated
//! lanes (DLSTP, LETP): nothing is read or written behind the end of a row.

use core::arch::naked_asm;

use crate::params::requantize_fast::FastChannel;

/// The weights of a 3x3 window.
#[inline(always)]
pub(crate) fn weights_3x3(filter: &[u8; 9]) -> [i32; 9] {
    filter.map(|w| i32::from(w as i8))
}

/// What [`plane_stride_1`] and [`plane_stride_2`] read and move on. As an argument it is on the stack, but
/// for its first four words.
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
    /// Bytes from one row of outputs to the next.
    output_advance: usize,
    weights: [i32; 9],
    bias: [i32; 4],
    output_offset: [i32; 4],
    /// Bytes to the first four outputs, and from them to the next.
    places: [usize; 4],
    place_step: usize,
    multiplier: i32,
    /// To the right: 0 or less.
    shift: i32,
    activation_min: [i32; 4],
    activation_max: [i32; 4],
}

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
    [height, width]: [usize; 2],
    output: &mut [i8],
    step: usize,
    stage: FastChannel,
) {
    if height == 0 || width == 0 {
        return;
    }
    let reach = (width - 1) * STRIDE + 3;
    let rows = (height - 1) * STRIDE + 2;
    let fits = plane.len() >= rows * pitch + reach && output.len() > (height * width - 1) * step;
    debug_assert!(fits, "the plane or the output is too short");
    if !fits {
        return;
    }
    let shift = stage.multiplier.shift;
    // A shift to the left is one of the weights.
    let left = shift.max(0).unsigned_abs();
    let block = Block {
        row: plane.as_ptr(),
        pitch: 2 * pitch,
        advance: 2 * pitch * STRIDE,
        width,
        height,
        output: output.as_mut_ptr(),
        output_advance: width * step,
        weights: weights.map(|w| w.wrapping_shl(left)),
        bias: [bias.wrapping_shl(left); 4],
        output_offset: [stage.output_offset; 4],
        places: [0, step, 2 * step, 3 * step],
        place_step: 4 * step,
        multiplier: stage.multiplier.multiplier,
        shift: shift.min(0),
        activation_min: [stage.activation_min; 4],
        activation_max: [stage.activation_max; 4],
    };
    // SAFETY: three rows of `reach` elements from every row on that is begun with, and an output
    // element every `step`, as checked above.
    unsafe {
        if STRIDE == 1 {
            plane_stride_1(block);
        } else {
            plane_stride_2(block);
        }
    }
}

/// Instructions that both strides share. The block is 100 bytes behind the stack pointer, weights are
/// in r3 to r11, r0 to r2 are the rows, r12 the output; q2 has the multiplier, q3 the shift, q6 the
/// step of the places in q7.
macro_rules! part {
    (begin) => {
        concat!(
            "push {{r0-r3}}\n",
            "vpush {{d8-d15}}\n",
            "push {{r4-r11, lr}}\n",
            "add r12, sp, #212\n",
            "ldmia r12, {{r3, r4, r5}}\n",
            "vdup.32 q6, r3\n",
            "vdup.32 q2, r4\n",
            "vdup.32 q3, r5\n",
            "add r12, sp, #128\n",
            "ldmia r12, {{r3-r11}}\n",
        )
    };
    (row) => {
        concat!(
            "1:\n",
            "ldrd r0, r12, [sp, #100]\n",
            "ldr lr, [sp, #108]\n",
            "add r1, r0, r12\n",
            "add r2, r1, r12\n",
            "add lr, lr, r0\n",
            "str lr, [sp, #100]\n",
            "ldrd r12, lr, [sp, #120]\n",
            "add lr, lr, r12\n",
            "str lr, [sp, #120]\n",
            "vldrw.u32 q7, [sp, #196]\n",
            "ldr lr, [sp, #112]\n",
            "dlstp.32 lr, lr\n",
            "2:\n",
            "vldrw.u32 q0, [sp, #164]\n",
        )
    };
    // The last of the three taps first: the first one moves on.
    (taps, $row:literal, $first:literal, $second:literal, $third:literal) => {
        concat!(
            "vldrh.s32 q1, [",
            $row,
            ", #4]\n",
            "vmla.s32 q0, q1, ",
            $third,
            "\n",
            "vldrh.s32 q1, [",
            $row,
            ", #2]\n",
            "vmla.s32 q0, q1, ",
            $second,
            "\n",
            "vldrh.s32 q1, [",
            $row,
            "], #8\n",
            "vmla.s32 q0, q1, ",
            $first,
            "\n",
        )
    };
    (spaced, $row:literal, $first:literal, $second:literal, $third:literal) => {
        concat!(
            "vldrh.s32 q1, [",
            $row,
            ", q4]\n",
            "vmla.s32 q0, q1, ",
            $first,
            "\n",
            "vldrh.s32 q1, [",
            $row,
            ", q5]\n",
            "vmla.s32 q0, q1, ",
            $second,
            "\n",
            "add ",
            $row,
            ", ",
            $row,
            ", #4\n",
            "vldrh.s32 q1, [",
            $row,
            ", q4]\n",
            "vmla.s32 q0, q1, ",
            $third,
            "\n",
            "add ",
            $row,
            ", ",
            $row,
            ", #12\n",
        )
    };
    // As `Multiplier::apply_small`: VQRDMULH doubles.
    (requantize) => {
        concat!(
            "vqrdmulh.s32 q0, q0, q2\n",
            "vand q1, q0, q3\n",
            "vshr.s32 q1, q1, #31\n",
            "vadd.i32 q0, q0, q1\n",
            "vrshl.s32 q0, q0, q3\n",
            "vldrw.u32 q1, [sp, #180]\n",
            "vadd.i32 q0, q0, q1\n",
        )
    };
    (end) => {
        concat!(
            "vstrb.32 q0, [r12, q7]\n",
            "vadd.i32 q7, q7, q6\n",
            "letp lr, 2b\n",
            "ldr r12, [sp, #116]\n",
            "subs r12, r12, #1\n",
            "str r12, [sp, #116]\n",
            "bne 1b\n",
            "pop {{r4-r11, lr}}\n",
            "vpop {{d8-d15}}\n",
            "add sp, sp, #16\n",
            "bx lr\n",
        )
    };
}

/// 31 instructions for four outputs.
///
/// # Safety
/// The rows that `block` names are there, with two elements more than outputs, and an output element
/// every step.
#[unsafe(naked)]
unsafe extern "C" fn plane_stride_1(block: Block) {
    naked_asm!(
        with_dsp!(),
        part!(begin),
        "vldrw.u32 q4, [sp, #224]",
        "vldrw.u32 q5, [sp, #240]",
        part!(row),
        part!(taps, "r0", "r3", "r4", "r5"),
        part!(taps, "r1", "r6", "r7", "r8"),
        part!(taps, "r2", "r9", "r10", "r11"),
        part!(requantize),
        "vmax.s32 q0, q0, q4",
        "vmin.s32 q0, q0, q5",
        part!(end),
    )
}

/// 39 instructions for four outputs.
///
/// # Safety
/// The rows that `block` names are there, with twice as many elements as outputs and one more, and an
/// output element every step.
#[unsafe(naked)]
unsafe extern "C" fn plane_stride_2(block: Block) {
    naked_asm!(
        with_dsp!(),
        part!(begin),
        "mov r0, #0",
        "vidup.u32 q4, r0, #4",
        "mov r0, #2",
        "vadd.i32 q5, q4, r0",
        part!(row),
        part!(spaced, "r0", "r3", "r4", "r5"),
        part!(spaced, "r1", "r6", "r7", "r8"),
        part!(spaced, "r2", "r9", "r10", "r11"),
        part!(requantize),
        "vldrw.u32 q1, [sp, #224]",
        "vmax.s32 q0, q0, q1",
        "vldrw.u32 q1, [sp, #240]",
        "vmin.s32 q0, q0, q1",
        part!(end),
    )
}

/// Copies one channel of an image into a plane, as `gather_plane` does.
#[inline(always)]
pub(crate) fn gather_bytes(
    image: &[i8],
    step: usize,
    [height, width]: [usize; 2],
    plane: &mut [i16],
    pitch: usize,
) {
    let (reach, places) = ((height * width).max(1) - 1, height.max(1) - 1);
    // Lanes have offsets of 16 bits.
    if step > 8192 {
        return crate::mcu::gather_plane(image, step, [height, width], plane, pitch);
    }
    let fits = image.len() > reach * step && plane.len() >= places * pitch + width;
    if height * width > 0 && fits {
        // SAFETY: both have `height` rows of `width` elements, as checked.
        unsafe {
            gather(
                image.as_ptr(),
                plane.as_mut_ptr(),
                step,
                width,
                height,
                2 * pitch,
            )
        };
    }
}

/// 4 instructions for eight elements.
///
/// # Safety
/// `image` has `height * width` bytes, `step` apart, at most 8192, and `plane` as many elements, its rows
/// `pitch` bytes apart.
#[unsafe(naked)]
unsafe extern "C" fn gather(
    image: *const i8,
    plane: *mut i16,
    step: usize,
    width: usize,
    height: usize,
    pitch: usize,
) {
    naked_asm!(
        with_dsp!(),
        "push {{r4-r8, lr}}",
        "ldrd r4, r5, [sp, #24]",
        // The offsets of eight elements.
        "mov r6, #0",
        "vidup.u16 q0, r6, #1",
        "vmul.i16 q0, q0, r2",
        "lsl r6, r2, #3",
        "mul r12, r2, r3",
        "1:",
        "mov r7, r0",
        "mov r8, r1",
        "dlstp.16 lr, r3",
        "2:",
        "vldrb.s16 q1, [r7, q0]",
        "add r7, r7, r6",
        "vstrh.16 q1, [r8], #16",
        "letp lr, 2b",
        "add r0, r0, r12",
        "add r1, r1, r5",
        "subs r4, r4, #1",
        "bne 1b",
        "pop {{r4-r8, pc}}",
    )
}
