//! 3x3 windows over one channel's plane, for Armv7E-M: two products per instruction. With Helium,
//! `helium_plane.rs` has those of int8; those of int16 share the instructions here.

#[cfg(not(niello_helium))]
use core::arch::naked_asm;

#[cfg(not(niello_helium))]
use crate::params::requantize_fast::FastChannel;

/// Packs the weights as `portable::weights_3x3` does: for each row the first two weights and the last two, all
/// of them doubled, which the requantization wants.
#[cfg(not(niello_helium))]
#[inline(always)]
pub(crate) fn weights_3x3(filter: &[u8; 9]) -> [u32; 6] {
    let pair = |a: usize, b: usize| {
        let [low, high] = [filter[a], filter[b]].map(|w| 2 * i16::from(w as i8));
        u32::from(low as u16) | u32::from(high as u16) << 16
    };
    [
        pair(0, 1),
        pair(1, 2),
        pair(3, 4),
        pair(4, 5),
        pair(6, 7),
        pair(7, 8),
    ]
}

/// The registers of [`plane_stride_1`] and [`plane_stride_2`], which read them and move them on.
#[cfg(not(niello_helium))]
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
    multiplier: i32,
    /// To the right if `mode` has no 2, else to the left.
    shift: u32,
    output_offset: i32,
    unused: u32,
    activation_min: i32,
    activation_max: i32,
    /// 1 if the activation clamps, 2 if sums are shifted left.
    mode: u32,
    /// Twice the bias of the channel.
    bias: i32,
    weights: [u32; 6],
}

/// Computes 3x3 windows of a plane as `portable::plane_3x3` does.
#[cfg(not(niello_helium))]
#[inline(always)]
#[allow(
    clippy::too_many_arguments,
    reason = "one inner loop: pointers, strides and sizes"
)]
pub(crate) fn plane_3x3<const STRIDE: usize>(
    plane: &[i16],
    pitch: usize,
    weights: &[u32; 6],
    bias: i32,
    [height, width]: [usize; 2],
    output: &mut [i8],
    step: usize,
    stage: FastChannel,
) {
    if height == 0 || width == 0 {
        return;
    }
    let words = if STRIDE == 1 {
        width.div_ceil(2) + 1
    } else {
        width + 1
    };
    let rows = (height - 1) * STRIDE + 2;
    let fits = pitch.is_multiple_of(2)
        && plane.as_ptr().cast::<u32>().is_aligned()
        && plane.len() >= rows * pitch + 2 * words
        && output.len() > (height * width - 1) * step;
    if !fits {
        return;
    }
    let shift = stage.multiplier.shift;
    let right = shift.min(0).unsigned_abs() & 31;
    let clamps = stage.activation_min > -128 || stage.activation_max < 127;
    let mut block = Block {
        row: plane.as_ptr(),
        pitch: 2 * pitch,
        advance: 2 * pitch * STRIDE,
        width,
        height,
        output: output.as_mut_ptr(),
        step,
        multiplier: stage.multiplier.multiplier,
        shift: if right == 0 { shift as u32 & 31 } else { right },
        output_offset: stage.output_offset,
        unused: 0,
        activation_min: stage.activation_min,
        activation_max: stage.activation_max,
        mode: u32::from(clamps) | u32::from(right == 0) << 1,
        bias: bias.wrapping_mul(2),
        weights: *weights,
    };
    // SAFETY: three rows of `words` aligned words each from every row on that is
    // begun with, and an output element every `step`, as checked above.
    unsafe {
        if STRIDE == 1 {
            plane_stride_1(&mut block);
        } else {
            plane_stride_2(&mut block);
        }
    }
}

/// Instructions that both strides share; `lr` is the block.
macro_rules! part {
    (begin) => {
        concat!(
            "push {{r4-r11, lr}}\n",
            "mov lr, r0\n",
            "1:\n",
            "ldrd r0, r3, [lr]\n",
            "add r1, r0, r3\n",
            "add r2, r1, r3\n",
            "ldr r3, [lr, #12]\n",
            "ldrd r10, r11, [lr, #20]\n",
            "ldr r12, [lr, #28]\n",
        )
    };
    // Two outputs of stride 1 share loads.
    (two, $row:literal, $weights:literal) => {
        concat!(
            "ldrd r6, r7, [",
            $row,
            "], #4\n",
            "ldrd r8, r9, [lr, #",
            $weights,
            "]\n",
            "smlad r4, r6, r8, r4\n",
            "smlabt r4, r7, r9, r4\n",
            "smlatb r5, r6, r8, r5\n",
            "smlad r5, r7, r9, r5\n",
        )
    };
    (one, $row:literal, $weights:literal) => {
        concat!(
            "ldrd r6, r7, [",
            $row,
            "], #4\n",
            "ldrd r8, r9, [lr, #",
            $weights,
            "]\n",
            "smlad r4, r6, r8, r4\n",
            "smlabt r4, r7, r9, r4\n",
        )
    };
    // The reference's two roundings; r6 is the shift, at least 1, and r7 the offset. ASRS leaves the
    // highest of the bits that it drops in the carry, which rounds.
    (requantize, $sum:literal) => {
        concat!(
            "smmulr ",
            $sum,
            ", ",
            $sum,
            ", r12\n",
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
            ", r6\n",
            "adc ",
            $sum,
            ", ",
            $sum,
            ", r7\n",
        )
    };
    (left, $sum:literal) => {
        concat!(
            "lsl ", $sum, ", ", $sum, ", r6\n", "smmulr ", $sum, ", ", $sum, ", r12\n", "add ",
            $sum, ", ", $sum, ", r7\n",
        )
    };
    (clamp, $sum:literal) => {
        concat!(
            "cmp ", $sum, ", r6\n", "it lt\n", "movlt ", $sum, ", r6\n", "cmp ", $sum, ", r7\n",
            "it gt\n", "movgt ", $sum, ", r7\n",
        )
    };
    (store, $store:literal, $sum:literal) => {
        concat!(
            $store,
            " ",
            $sum,
            ", [r10]\n",
            "add r10, r10, r11\n",
            "subs r3, r3, #1\n"
        )
    };
    // Both outputs, or, at the end of an odd row, one.
    (store_two, $store:literal) => {
        concat!(
            $store,
            " r4, [r10]\n",
            "subs r3, r3, #2\n",
            "bmi 4f\n",
            $store,
            " r5, [r10, r11]\n",
            "add r10, r10, r11, lsl #1\n",
            "bne 2b\n",
            "b 8f\n",
            "4:\n",
            "add r10, r10, r11\n",
            "8:\n",
        )
    };
    (end) => {
        concat!(
            "str r10, [lr, #20]\n",
            "ldr r0, [lr]\n",
            "ldrd r1, r2, [lr, #8]\n",
            "add r0, r0, r1\n",
            "str r0, [lr]\n",
            "ldr r0, [lr, #16]\n",
            "subs r0, r0, #1\n",
            "str r0, [lr, #16]\n",
            "bne 1b\n",
            "pop {{r4-r11, pc}}\n",
        )
    };
}

pub(crate) use part;

/// About 40 instructions for two outputs.
///
/// # Safety
/// The rows that `block` names are there, whole aligned words of them, and an output
/// element every step.
#[cfg(not(niello_helium))]
#[unsafe(naked)]
unsafe extern "C" fn plane_stride_1(block: &mut Block) {
    naked_asm!(
        with_dsp!(),
        part!(begin),
        "2:",
        "ldr r4, [lr, #56]",
        "mov r5, r4",
        part!(two, "r0", "60"),
        part!(two, "r1", "68"),
        part!(two, "r2", "76"),
        "ldr r7, [lr, #52]",
        "cbnz r7, 5f",
        "ldrd r6, r7, [lr, #32]",
        part!(requantize, "r4"),
        part!(requantize, "r5"),
        "3:",
        "ssat r4, #8, r4",
        "ssat r5, #8, r5",
        part!(store_two, "strb"),
        part!(end),
        "5:",
        "mov r9, r7",
        "ldrd r6, r7, [lr, #32]",
        "tst r9, #2",
        "bne 6f",
        part!(requantize, "r4"),
        part!(requantize, "r5"),
        "b 7f",
        "6:",
        part!(left, "r4"),
        part!(left, "r5"),
        "tst r9, #1",
        "beq 3b",
        "7:",
        "ldrd r6, r7, [lr, #44]",
        part!(clamp, "r4"),
        part!(clamp, "r5"),
        "b 3b",
    )
}

/// About 24 instructions for an output.
///
/// # Safety
/// The rows that `block` names are there, whole aligned words of them, and an output
/// element every step.
#[cfg(not(niello_helium))]
#[unsafe(naked)]
unsafe extern "C" fn plane_stride_2(block: &mut Block) {
    naked_asm!(
        with_dsp!(),
        part!(begin),
        "2:",
        "ldr r4, [lr, #56]",
        part!(one, "r0", "60"),
        part!(one, "r1", "68"),
        part!(one, "r2", "76"),
        "ldrd r6, r7, [lr, #32]",
        "ldr r9, [lr, #52]",
        "cmp r9, #0",
        "bne 5f",
        part!(requantize, "r4"),
        "3:",
        "ssat r4, #8, r4",
        part!(store, "strb", "r4"),
        "bne 2b",
        part!(end),
        "5:",
        "tst r9, #2",
        "bne 6f",
        part!(requantize, "r4"),
        "b 7f",
        "6:",
        part!(left, "r4"),
        "tst r9, #1",
        "beq 3b",
        "7:",
        "ldrd r6, r7, [lr, #44]",
        part!(clamp, "r4"),
        "b 3b",
    )
}
