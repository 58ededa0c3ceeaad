//! 3x3 windows over one channel's plane of int16, for Armv7E-M: two products per instruction, and one
//! (SMMULR) that multiplies by the factor and rounds.

use core::arch::naked_asm;

use crate::mcu::PlaneI16;
use crate::mcu::armv7em::dwconv_3x3_plane::part;

/// The registers of both functions below, which read them and move them on. The places of the
/// fields are those of `dwconv_3x3_plane::Block`.
#[repr(C)]
struct Block {
    row: *const i16,
    /// Bytes from one row to the next.
    pitch: usize,
    /// Bytes from the rows of one output to those of the next below.
    advance: usize,
    width: usize,
    height: usize,
    output: *mut i16,
    /// Bytes from one output to the next.
    step: usize,
    factor: i32,
    /// Places to shift sums to the left.
    left: u32,
    unused: [u32; 2],
    activation_min: i32,
    activation_max: i32,
    /// True if the activation clamps.
    clamps: u32,
    bias: i32,
    weights: [u32; 6],
}

/// Computes 3x3 windows of a plane as `generic_i16::plane_3x3_i16` does.
#[inline(always)]
pub(crate) fn plane_3x3_i16<const STRIDE: usize>(p: &PlaneI16<'_>, output: &mut [i16]) {
    let [height, width] = p.sizes;
    if height == 0 || width == 0 {
        return;
    }
    let words = if STRIDE == 1 {
        width.div_ceil(2) + 1
    } else {
        width + 1
    };
    let rows = (height - 1) * STRIDE + 2;
    let fits = p.pitch.is_multiple_of(2)
        && p.plane.as_ptr().cast::<u32>().is_aligned()
        && p.plane.len() >= rows * p.pitch + 2 * words
        && output.len() > (height * width - 1) * p.step
        && p.stage.right == 0;
    if !fits {
        debug_assert!(
            false,
            "the plane or the output is too short, or products are shifted"
        );
        return;
    }
    let pair = |a: usize, b: usize| {
        let [low, high] = [p.filter[a], p.filter[b]].map(|w| i16::from(w as i8));
        u32::from(low as u16) | u32::from(high as u16) << 16
    };
    let (min, max) = (p.stage.activation_min, p.stage.activation_max);
    let mut block = Block {
        row: p.plane.as_ptr(),
        pitch: 2 * p.pitch,
        advance: 2 * p.pitch * STRIDE,
        width,
        height,
        output: output.as_mut_ptr(),
        step: 2 * p.step,
        factor: p.factor,
        left: p.stage.left & 31,
        unused: [0; 2],
        activation_min: min,
        activation_max: max,
        clamps: u32::from(min > -32768 || max < 32767),
        bias: p.bias,
        weights: [
            pair(0, 1),
            pair(1, 2),
            pair(3, 4),
            pair(4, 5),
            pair(6, 7),
            pair(7, 8),
        ],
    };
    // SAFETY: three rows of `words` aligned words each from every row on that is begun with, and
    // an output element every `step`, as checked above.
    unsafe {
        if STRIDE == 1 {
            plane_stride_1(&mut block);
        } else {
            plane_stride_2(&mut block);
        }
    }
}

/// About 37 instructions for two outputs.
///
/// # Safety
/// The rows that `block` names are there, whole aligned words of them, and an output element
/// every step.
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
        "ldr r8, [lr, #32]",
        "ldr r9, [lr, #52]",
        "lsl r4, r4, r8",
        "lsl r5, r5, r8",
        "smmulr r4, r4, r12",
        "smmulr r5, r5, r12",
        "cmp r9, #0",
        "bne 5f",
        "3:",
        "ssat r4, #16, r4",
        "ssat r5, #16, r5",
        part!(store_two, "strh"),
        part!(end),
        "5:",
        "ldrd r6, r7, [lr, #44]",
        part!(clamp, "r4"),
        part!(clamp, "r5"),
        "b 3b",
    )
}

/// About 24 instructions for an output.
///
/// # Safety
/// The rows that `block` names are there, whole aligned words of them, and an output element
/// every step.
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
        "ldr r8, [lr, #32]",
        "ldr r9, [lr, #52]",
        "lsl r4, r4, r8",
        "smmulr r4, r4, r12",
        "cmp r9, #0",
        "bne 5f",
        "3:",
        "ssat r4, #16, r4",
        part!(store, "strh", "r4"),
        "bne 2b",
        part!(end),
        "5:",
        "ldrd r6, r7, [lr, #44]",
        part!(clamp, "r4"),
        "b 3b",
    )
}
