//! All channels of four pixels in one routine, sums and requantization, for Helium: sixteen products of
//! bytes per instruction. Arm Architecture Reference Manual Armv8-M, C2.
//!
//! Columns are the bytes of four pixels, four of each side by side, as weights have four of each of two
//! channels. VLD4 and VLD2 give each pixel and channel a register of its own. The zero point is not
//! subtracted: with it, sums are too large by the zero point times the sum of the weights, which VABAV
//! adds up (as distances from -128: it adds to any register, VADDVA only to even ones).

use core::arch::naked_asm;

use crate::mcu::armv7em::dot::aligned;
use crate::mcu::armv7em::frame::{begin, end};
use crate::params::requantize_fast::{Bias, PairSums, RequantizeFast};

/// The registers of [`fours_block`], which reads them and moves them on.
#[repr(C)]
struct Block {
    columns: *const i16,
    weights: *const u8,
    /// Groups of four inputs: fours of them, and the others.
    fours: usize,
    rest: usize,
    bias: *const u8,
    multiplier: *const u32,
    shift: *const i8,
    output: *mut i8,
    output_offset: i32,
    pairs: usize,
    /// Not 0 if biases have 32 bits.
    wide: usize,
    /// Bytes from one channel's multiplier to the next: 0 or 4.
    multiplier_step: usize,
    /// From one channel's shift to the next: 0 or 1.
    shift_step: usize,
    negative_zero_point: i32,
    pixels: usize,
    /// Where the sum of weights begins: VABAV adds 128 for each.
    begin: i32,
    /// Bytes from the first pixel's output to those of all.
    outputs: [usize; 4],
    /// Bytes from one group's inputs to those of four, and the same of weights.
    inputs: [usize; 4],
    groups: [usize; 4],
    /// Twice 16 bits in each word.
    activation_min: [u32; 4],
    activation_max: [u32; 4],
}

/// A number of 16 bits for eight lanes.
#[inline(always)]
fn halves(x: i32) -> [u32; 4] {
    let half = u32::from(x as u16);
    [half | half << 16; 4]
}

/// Outputs of all channels of up to four pixels, `pixels` of them, one behind the other in `output`. Gives
/// false if a list is too short.
#[inline(always)]
pub(crate) fn fours(
    sums: &PairSums<'_>,
    zero_point: i8,
    stage: &RequantizeFast<'_>,
    output: &mut [i8],
    pixels: usize,
) -> bool {
    let (groups, channels) = (sums.columns.len() / 8, sums.bias.len());
    let (bias, wide) = match sums.bias {
        Bias::Narrow(list) => (list.as_ptr().cast(), 0),
        Bias::Wide(list) => (list.as_ptr().cast(), 1),
    };
    let (x, w): (*const u32, *const u32) =
        (sums.columns.as_ptr().cast(), sums.filter.as_ptr().cast());
    let has_all = |length: usize| length == 1 || length >= channels;
    let fits = groups > 0
        && sums.filter.len() >= channels * groups * 4
        && has_all(stage.multiplier.len())
        && has_all(stage.shift.len())
        && (1..=4).contains(&pixels)
        && output.len() >= pixels * channels
        && aligned(x)
        && aligned(w);
    debug_assert!(fits, "the output or a list is too short");
    if !fits {
        return false;
    }
    let negative_zero_point = -i32::from(zero_point);
    let mut block = Block {
        columns: sums.columns.as_ptr(),
        weights: sums.filter.as_ptr(),
        fours: groups / 4,
        rest: groups % 4,
        bias,
        multiplier: stage.multiplier.as_ptr(),
        shift: stage.shift.as_ptr(),
        output: output.as_mut_ptr(),
        output_offset: stage.output_offset,
        pairs: channels / 2,
        wide,
        multiplier_step: 4 * usize::from(stage.multiplier.len() > 1),
        shift_step: usize::from(stage.shift.len() > 1),
        negative_zero_point,
        pixels,
        begin: -128 * 16 * groups.div_ceil(4) as i32,
        outputs: [0, channels, 2 * channels, 3 * channels],
        inputs: [0, 16, 32, 48],
        groups: [0, 8, 16, 24],
        activation_min: halves(stage.activation_min),
        activation_max: halves(stage.activation_max),
    };
    if block.pairs > 0 {
        // SAFETY: all lists have two elements per pair (or one of step 0), the weights `groups` groups,
        // each of `pixels` outputs has two bytes per pair, and what VLD2 and VLD4 read is aligned.
        unsafe { fours_block(&mut block) };
    }
    if !channels.is_multiple_of(2) {
        let last = channels - 1;
        let mut of_last = [0; 5];
        let w = sums.filter.as_ptr().wrapping_add(last * groups * 4).cast();
        // SAFETY: the weights of the last channel are the last 4 bytes of `filter` for each group, as many
        // groups as columns have; both pointers are aligned.
        unsafe { one_channel(x, w, groups, &mut of_last) };
        let [all @ .., weights] = of_last;
        let bias = sums.bias.get(last).unwrap_or(0);
        let bias =
            bias.wrapping_add(negative_zero_point.wrapping_mul(weights.wrapping_add(block.begin)));
        let by = stage.channel(last);
        let outputs = output.iter_mut().skip(last).step_by(channels).take(pixels);
        for (out, sum) in outputs.zip(all) {
            *out = by.map_or(0, |by| by.finish(bias.wrapping_add(sum)));
        }
    }
    true
}

/// The requantization of four sums of one channel, as `Multiplier::apply_small`: VQRDMULH doubles, so
/// that sums are shifted left by one place less.
macro_rules! requantize {
    ($sums:literal, $multiplier:literal, $shift:literal) => {
        concat!(
            "bic r4, ",
            $shift,
            ", ",
            $shift,
            ", asr #31\n",
            "and ",
            $shift,
            ", ",
            $shift,
            ", ",
            $shift,
            ", asr #31\n",
            "vshl.s32 ",
            $sums,
            ", r4\n",
            "vqrdmulh.s32 ",
            $sums,
            ", ",
            $sums,
            ", ",
            $multiplier,
            "\n",
            // Less one where it is below 0 and shifted to the right.
            "vdup.32 q2, ",
            $shift,
            "\n",
            "vand q2, q2, ",
            $sums,
            "\n",
            "vshr.s32 q2, q2, #31\n",
            "vadd.i32 ",
            $sums,
            ", ",
            $sums,
            ", q2\n",
            "vrshl.s32 ",
            $sums,
            ", ",
            $shift,
            "\n",
        )
    };
}

/// The products of four pixels (q0 to q3) by two channels (q4 and q5), and the sums of weights.
macro_rules! products {
    () => {
        concat!(
            "vmladava.s8 r0, q0, q4\n",
            "vmladava.s8 r2, q1, q4\n",
            "vmladava.s8 r4, q2, q4\n",
            "vmladava.s8 r6, q3, q4\n",
            "vmladava.s8 r8, q0, q5\n",
            "vmladava.s8 r10, q1, q5\n",
            "vmladava.s8 r12, q2, q5\n",
            "vmladava.s8 lr, q3, q5\n",
            "vabav.s8 r3, q4, q6\n",
            "vabav.s8 r5, q5, q6\n",
        )
    };
}

/// Per four groups 18 instructions for 128 products, per pair about 75 around them.
///
/// # Safety
/// Two elements of every list are there for each pair, or one of step 0; `columns` and `weights` are
/// aligned to four bytes and cover all groups, the latter of each pair; each of 1 to 4 `pixels` has an
/// output of two bytes for each pair.
#[unsafe(naked)]
unsafe extern "C" fn fours_block(block: &mut Block) {
    naked_asm!(
        with_dsp!(),
        begin!("r0, r4-r11"),
        "mov r11, r0",
        "mvn r1, #127",
        "vdup.8 q6, r1",
        "1:",
        "ldrd r7, r1, [r11]",
        "ldr r9, [r11, #8]",
        "ldr r3, [r11, #60]",
        "mov r5, r3",
        "mov r0, #0",
        "mov r2, #0",
        "mov r4, #0",
        "mov r6, #0",
        "mov r8, #0",
        "mov r10, #0",
        "mov r12, #0",
        "mov lr, #0",
        "cmp r9, #0",
        "beq 3f",
        "2:",
        "vld40.32 {{q0, q1, q2, q3}}, [r7]",
        "vld41.32 {{q0, q1, q2, q3}}, [r7]",
        "vld42.32 {{q0, q1, q2, q3}}, [r7]",
        "vld43.32 {{q0, q1, q2, q3}}, [r7]!",
        "vld20.32 {{q4, q5}}, [r1]",
        "vld21.32 {{q4, q5}}, [r1]!",
        products!(),
        "subs r9, r9, #1",
        "bne 2b",
        "3:",
        "ldr r9, [r11, #12]",
        "cmp r9, #0",
        "beq 4f",
        // Fewer than four groups: the others are zeros.
        "vctp.32 r9",
        "vldrw.u32 q7, [r11, #80]",
        "vadd.i32 q7, q7, r7",
        "vpstttt",
        "vldrwt.u32 q0, [q7]",
        "vldrwt.u32 q1, [q7, #4]",
        "vldrwt.u32 q2, [q7, #8]",
        "vldrwt.u32 q3, [q7, #12]",
        "vldrw.u32 q7, [r11, #96]",
        "vadd.i32 q7, q7, r1",
        "vpstt",
        "vldrwt.u32 q4, [q7]",
        "vldrwt.u32 q5, [q7, #4]",
        "add r1, r1, r9, lsl #3",
        products!(),
        "4:",
        "str r1, [r11, #4]",
        "vmov d0, r0, r2",
        "vmov d1, r4, r6",
        "vmov d2, r8, r10",
        "vmov d3, r12, lr",
        "ldr r1, [r11, #16]",
        "ldr r7, [r11, #40]",
        "cmp r7, #0",
        "bne 8f",
        "ldrsh r0, [r1], #2",
        "ldrsh r2, [r1], #2",
        "5:",
        "str r1, [r11, #16]",
        "ldr r4, [r11, #52]",
        "mla r0, r3, r4, r0",
        "mla r2, r5, r4, r2",
        "vadd.i32 q0, q0, r0",
        "vadd.i32 q1, q1, r2",
        "ldrd r8, r9, [r11, #20]",
        "ldrd r6, r7, [r11, #44]",
        "ldr r3, [r8]",
        "ldr r5, [r8, r6]",
        "add r8, r8, r6, lsl #1",
        "ldrsb r0, [r9]",
        "ldrsb r2, [r9, r7]",
        "add r9, r9, r7, lsl #1",
        "strd r8, r9, [r11, #20]",
        "mov r4, #1",
        "sub r0, r0, r3, lsr #30",
        "sub r2, r2, r5, lsr #30",
        "bfi r3, r4, #30, #2",
        "bfi r5, r4, #30, #2",
        requantize!("q0", "r3", "r0"),
        requantize!("q1", "r5", "r2"),
        // Both channels of a pixel, 16 bits each, then the bounds.
        "ldrd r1, r4, [r11, #28]",
        "vqmovnb.s32 q0, q0",
        "vqmovnt.s32 q0, q1",
        "vldrw.u32 q1, [r11, #112]",
        "vldrw.u32 q2, [r11, #128]",
        "vqadd.s16 q0, q0, r4",
        "vmax.s16 q0, q0, q1",
        "vmin.s16 q0, q0, q2",
        "vldrw.u32 q1, [r11, #64]",
        "ldr r5, [r11, #56]",
        "add r4, r1, #1",
        "vctp.32 r5",
        "vpsttt",
        "vstrbt.32 q0, [r1, q1]",
        "vshrt.u32 q0, q0, #16",
        "vstrbt.32 q0, [r4, q1]",
        "add r4, r4, #1",
        "str r4, [r11, #28]",
        "ldr r1, [r11, #36]",
        "subs r1, r1, #1",
        "str r1, [r11, #36]",
        "bne 1b",
        end!("r0, r4-r11"),
        "8:",
        "ldrd r0, r2, [r1], #8",
        "b 5b",
    )
}

/// The sums of four pixels by one channel, and the sum of the weights as VABAV has it.
///
/// # Safety
/// `x` and `w` are aligned to four bytes and cover `groups` groups: 16 bytes of `x` and 4 of `w` each.
#[unsafe(naked)]
unsafe extern "C" fn one_channel(x: *const u32, w: *const u32, groups: usize, sums: &mut [i32; 5]) {
    naked_asm!(
        with_dsp!(),
        begin!("r4-r11"),
        "mvn r12, #127",
        "vdup.8 q6, r12",
        "mov r4, #0",
        "mov r6, #0",
        "mov r8, #0",
        "mov r10, #0",
        "mov r5, #0",
        "lsr r12, r2, #2",
        "wls lr, r12, 3f",
        "2:",
        "vld40.32 {{q0, q1, q2, q3}}, [r0]",
        "vld41.32 {{q0, q1, q2, q3}}, [r0]",
        "vld42.32 {{q0, q1, q2, q3}}, [r0]",
        "vld43.32 {{q0, q1, q2, q3}}, [r0]!",
        "vldrw.u32 q4, [r1], #16",
        "vmladava.s8 r4, q0, q4",
        "vmladava.s8 r6, q1, q4",
        "vmladava.s8 r8, q2, q4",
        "vmladava.s8 r10, q3, q4",
        "vabav.s8 r5, q4, q6",
        "le lr, 2b",
        "3:",
        "ands r2, r2, #3",
        "beq 4f",
        "vctp.32 r2",
        "mov r2, #0",
        "vidup.u32 q7, r2, #8",
        "vshl.i32 q7, q7, #1",
        "vadd.i32 q7, q7, r0",
        "vpstttt",
        "vldrwt.u32 q0, [q7]",
        "vldrwt.u32 q1, [q7, #4]",
        "vldrwt.u32 q2, [q7, #8]",
        "vldrwt.u32 q3, [q7, #12]",
        "vpst",
        "vldrwt.u32 q4, [r1]",
        "vmladava.s8 r4, q0, q4",
        "vmladava.s8 r6, q1, q4",
        "vmladava.s8 r8, q2, q4",
        "vmladava.s8 r10, q3, q4",
        "vabav.s8 r5, q4, q6",
        "4:",
        "strd r4, r6, [r3]",
        "strd r8, r10, [r3, #8]",
        "str r5, [r3, #16]",
        end!("r4-r11"),
    )
}
