//! 3x3 windows over one channel's plane, in routines for cores of Arm without the DSP extension.

use crate::arithmetic::fixed_point::Multiplier;
use crate::params::requantize_fast::FastChannel;

/// The weights of a 3x3 window, doubled, which the requantization wants.
#[inline(always)]
pub(crate) fn weights_3x3(filter: &[u8; 9]) -> [i32; 9] {
    filter.map(|w| 2 * i32::from(w as i8))
}

/// The registers of the routines `plane_stride_1` and `plane_stride_2`, which read them and move them
/// on.
#[repr(C)]
pub(crate) struct Block {
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
    /// Places to the right, or else to the left.
    right: u32,
    /// Half of 1 shifted left by `right`.
    half: u32,
    output_offset: i32,
    /// 1 if the activation clamps, 2 if sums are not shifted to the right.
    mode: u32,
    left: u32,
    activation_min: i32,
    activation_max: i32,
    /// Twice the bias of the channel.
    bias: i32,
    weights: [i32; 9],
    /// The halves of the multiplier.
    halves: [i32; 2],
    /// Outputs that are left in the row.
    remaining: usize,
    /// Bytes from the end of three rows to the next outputs.
    back: usize,
    /// Where the next outputs begin.
    next: *const i16,
}

/// Computes 3x3 windows of a plane as `portable::plane_3x3` does.
///
/// # Safety
/// `routine` needs no more of a block than this: three rows of the plane, aligned to four bytes, from
/// every row on that an output begins with, whole pairs of elements of them for stride 1, and an output
/// element every `step`.
#[inline(always)]
#[allow(
    clippy::too_many_arguments,
    reason = "one inner loop: pointers, strides and sizes"
)]
pub(crate) unsafe fn plane_by<const STRIDE: usize>(
    routine: unsafe extern "C" fn(&mut Block),
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
    debug_assert!(fits, "the plane or the output is too short");
    if !fits {
        return;
    }
    let Multiplier { multiplier, shift } = stage.multiplier;
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
        multiplier,
        right,
        half: (1 << right) >> 1,
        output_offset: stage.output_offset,
        mode: u32::from(clamps) | u32::from(right == 0) << 1,
        left: shift.max(0).unsigned_abs(),
        activation_min: stage.activation_min,
        activation_max: stage.activation_max,
        bias: bias.wrapping_mul(2),
        weights: *weights,
        halves: [multiplier & 0xFFFF, multiplier >> 16],
        remaining: width,
        back: 4_usize.wrapping_sub(4 * pitch),
        next: plane.as_ptr(),
    };
    // SAFETY: three rows of `reach` elements from every row on that is begun with, and an output
    // element every `step`, as checked above.
    unsafe { routine(&mut block) };
}
