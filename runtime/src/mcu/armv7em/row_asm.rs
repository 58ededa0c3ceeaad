//! All groups of four channels of one row in one routine, sums and requantization, for Armv7E-M.

use core::arch::naked_asm;

use crate::mcu::armv7em::dot::{aligned, negative_pair, row_group, row_of_sixteens};
use crate::mcu::armv7em::frame::{begin, end};
use crate::params::requantize_fast::{Bias, RequantizeFast};

/// The registers of [`fours_block`], which reads them and moves them on.
#[repr(C)]
struct Block {
    row: *const i8,
    weights: *const u8,
    /// Bytes of a pair of channels.
    size: usize,
    /// Whole groups of four inputs.
    groups: usize,
    zero_points: u32,
    bias: *const u8,
    /// Not 0 if biases have 32 bits.
    wide: usize,
    output: *mut i8,
    fours: usize,
    /// The multiplier of all channels, if they share one.
    multiplier: i32,
    /// Its shift to the right.
    right: u32,
    output_offset: i32,
    multipliers: *const u32,
    shifts: *const i8,
    /// Bytes from one channel's multiplier to the next: 0 or 4; and of shifts: 0 or 1.
    multiplier_step: usize,
    shift_step: usize,
    /// Not 0 if the multiplier is not shared, or not shifted to the right.
    apart: usize,
    /// Not 0 if the activation leaves int8 as it is.
    full: usize,
    activation_min: i32,
    activation_max: i32,
    /// The end of the groups if `last` follows, else null.
    end: *const i8,
    /// The last group, if the row has less than a whole one for it.
    last: [i8; 4],
}

/// Computes the outputs of whole groups of four channels; gives the number of channels that are done.
#[inline(always)]
pub(crate) fn row_fours(
    row: &[i8],
    zero_point: i8,
    filter: &[u8],
    bias: Bias<'_>,
    stage: &RequantizeFast<'_>,
    output: &mut [i8],
) -> usize {
    let (groups, rest) = row.as_chunks::<4>();
    let size = row.len().div_ceil(4) * 8;
    let (multiplier_step, shift_step) = (
        4 * usize::from(stage.multiplier.len() > 1),
        usize::from(stage.shift.len() > 1),
    );
    let of = |step: usize, len: usize| if step == 0 { usize::MAX } else { len };
    let channels = [
        output.len(),
        bias.len(),
        of(multiplier_step, stage.multiplier.len()),
        of(shift_step, stage.shift.len()),
    ];
    let fours = channels.into_iter().fold(usize::MAX, usize::min) / 4;
    let whole = filter.len() >= 2 * fours * size;
    let Some(one) = stage.channel(0) else {
        return 0;
    };
    if fours == 0 || !whole || !aligned(filter.as_ptr().cast()) {
        return 0;
    }
    let mut last = [zero_point; 4];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    let (bias, wide) = match bias {
        Bias::Narrow(list) => (list.as_ptr().cast(), 0),
        Bias::Wide(list) => (list.as_ptr().cast(), 1),
    };
    let right = one.multiplier.shift.min(0).unsigned_abs() & 31;
    let mut block = Block {
        row: row.as_ptr(),
        weights: filter.as_ptr(),
        size,
        groups: groups.len(),
        zero_points: negative_pair(zero_point),
        bias,
        wide,
        output: output.as_mut_ptr(),
        fours,
        multiplier: one.multiplier.multiplier,
        right,
        output_offset: stage.output_offset,
        multipliers: stage.multiplier.as_ptr(),
        shifts: stage.shift.as_ptr(),
        multiplier_step,
        shift_step,
        apart: multiplier_step | shift_step | usize::from(right == 0),
        full: usize::from(stage.activation_min <= -128 && stage.activation_max >= 127),
        activation_min: stage.activation_min,
        activation_max: stage.activation_max,
        end: if rest.is_empty() {
            core::ptr::null()
        } else {
            row.as_ptr().wrapping_add(4 * groups.len())
        },
        last,
    };
    // SAFETY: all lists have four elements for each of `fours` (or one of step 0), the weights two
    // pairs of `size` bytes, the row `groups` groups, and what LDM reads is aligned.
    unsafe { fours_block(&mut block) };
    4 * fours
}

/// Instructions that turn one channel's sum, in the given register, into its output.
macro_rules! each {
    // The reference's two roundings by a multiplier (r8) with a shift to the right (r9); r10 is the
    // offset. ASRS leaves the highest of the bits that it drops in the carry.
    (right, $sum:literal) => {
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
            ", r8\n",
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
            ", r9\n",
            "adc ",
            $sum,
            ", r10\n",
        )
    };
    (clamp, $sum:literal) => {
        concat!(
            "cmp ", $sum, ", r1\n", "it lt\n", "movlt ", $sum, ", r1\n", "cmp ", $sum, ", r2\n",
            "it gt\n", "movgt ", $sum, ", r2\n",
        )
    };
}

/// Per group 22 instructions for 16 products, per four channels about 70 around them.
///
/// # Safety
/// Four elements of every list are there for each of `fours`, or one of step 0; `weights` are aligned
/// to four bytes, two pairs for each of `fours`; `row` covers `groups` groups.
#[unsafe(naked)]
unsafe extern "C" fn fours_block(block: &mut Block) {
    naked_asm!(
        with_dsp!(),
        begin!("r0, r4-r11"),
        "1:",
        "ldr r12, [sp]",
        "ldmia r12, {{r0-r3, lr}}",
        "add r2, r1, r2",
        "ldrd r8, r9, [r12, #20]",
        "cmp r9, #0",
        "bne 9f",
        "ldrsh r4, [r8], #2",
        "ldrsh r5, [r8], #2",
        "ldrsh r6, [r8], #2",
        "ldrsh r7, [r8], #2",
        "10:",
        "str r8, [r12, #20]",
        row_of_sixteens!(),
        "2:",
        row_group!(),
        "subs r3, r3, #1",
        "bne 2b",
        "3:",
        "ldr r12, [sp]",
        "ldr r8, [r12, #80]",
        "cmp r0, r8",
        "beq 5f",
        "mov r0, r12",
        // The second pair's end is the next four's beginning.
        "str r2, [r0, #4]",
        "ldr r3, [r0, #64]",
        "add r1, r0, #36",
        "ldmia r1, {{r8-r10}}",
        "cmp r3, #0",
        "bne 30f",
        each!(right, "r4"),
        each!(right, "r5"),
        each!(right, "r6"),
        each!(right, "r7"),
        "7:",
        "ldr r3, [r0, #68]",
        "ssat r4, #8, r4",
        "ssat r5, #8, r5",
        "ssat r6, #8, r6",
        "ssat r7, #8, r7",
        "cbz r3, 6f",
        "8:",
        "ldrd r1, r2, [r0, #28]",
        "strb r4, [r1], #1",
        "strb r5, [r1], #1",
        "strb r6, [r1], #1",
        "strb r7, [r1], #1",
        "subs r2, r2, #1",
        "strd r1, r2, [r0, #28]",
        "bne 1b",
        end!("r0, r4-r11"),
        // The last group of fewer than four inputs.
        "5:",
        "add r0, r12, #84",
        "mov r3, #1",
        "b 2b",
        "6:",
        "ldrd r1, r2, [r0, #72]",
        each!(clamp, "r4"),
        each!(clamp, "r5"),
        each!(clamp, "r6"),
        each!(clamp, "r7"),
        "b 8b",
        "9:",
        "ldmia r8!, {{r4-r7}}",
        "b 10b",
        // A multiplier for each channel: the sums go round through r4.
        "30:",
        "mov r1, #4",
        "31:",
        "ldrd r2, lr, [r0, #48]",
        "ldr r8, [r2]",
        "ldrsb r9, [lr]",
        "ldrd r11, r12, [r0, #56]",
        "add r2, r2, r11",
        "add lr, lr, r12",
        "strd r2, lr, [r0, #48]",
        "subs r9, r9, r8, lsr #30",
        "mov r12, #1",
        "bfi r8, r12, #30, #2",
        "bpl 32f",
        "rsb r9, r9, #0",
        each!(right, "r4"),
        "b 33f",
        "32:",
        "add r9, r9, #1",
        "lsl r4, r4, r9",
        "smmulr r4, r4, r8",
        "add r4, r10",
        "33:",
        "mov r2, r4",
        "mov r4, r5",
        "mov r5, r6",
        "mov r6, r7",
        "mov r7, r2",
        "subs r1, r1, #1",
        "bne 31b",
        "b 7b",
    )
}
