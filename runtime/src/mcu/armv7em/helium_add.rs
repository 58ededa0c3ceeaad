//! Sums of two rows of int8 elements for Helium, four at a time.

use core::arch::naked_asm;

use crate::arithmetic::fixed_point::Multiplier;
use crate::params::add::Add;

/// Parameters of ADD as [`add_block`] reads them: factors, zero points and range.
#[repr(C)]
struct Block {
    offsets: [i32; 2],
    multipliers: [i32; 2],
    output_multiplier: i32,
    output_offset: i32,
    /// To the right: 0 or less.
    shifts: [i32; 3],
    activation_min: i32,
    activation_max: i32,
}

/// The parameters of ADD, if all of its factors are below 1: their products fit 32 bits.
pub(crate) struct AddBytes(Block);

impl AddBytes {
    #[inline(always)]
    pub(crate) fn new(p: &Add) -> Option<Self> {
        let all = [
            p.input1.multiplier,
            p.input2.multiplier,
            p.output_multiplier,
        ];
        let is_small = |m: &Multiplier| (-31..=0).contains(&m.shift);
        all.iter().all(is_small).then(|| {
            let [first, second, output] = all.map(|m| m.multiplier);
            Self(Block {
                offsets: [p.input1.offset, p.input2.offset],
                multipliers: [first, second],
                output_multiplier: output,
                output_offset: p.output_offset,
                shifts: all.map(|m| m.shift),
                activation_min: p.activation_min,
                activation_max: p.activation_max,
            })
        })
    }

    /// The sums of two rows.
    #[inline(always)]
    pub(crate) fn row(&self, a: &[i8], b: &[i8], output: &mut [i8]) {
        let count = a.len().min(b.len()).min(output.len());
        if count > 0 {
            // SAFETY: all have `count` bytes.
            unsafe { add_block(a.as_ptr(), b.as_ptr(), output.as_mut_ptr(), count, &self.0) };
        }
    }

    /// The sums of two rows instead of the first.
    #[inline(always)]
    pub(crate) fn row_in_place(&self, in_out: &mut [i8], b: &[i8]) {
        let count = in_out.len().min(b.len());
        let output = in_out.as_mut_ptr();
        if count > 0 {
            // SAFETY: both have `count` bytes; each is read before it is written.
            unsafe { add_block(output, b.as_ptr(), output, count, &self.0) };
        }
    }
}

/// Multiplies four numbers by a factor as `Multiplier::apply_small` does; VQRDMULH doubles products.
macro_rules! scale {
    ($q:literal, $multiplier:literal, $shift:literal) => {
        concat!(
            "vqrdmulh.s32 ",
            $q,
            ", ",
            $q,
            ", ",
            $multiplier,
            "\n",
            "vand q2, ",
            $q,
            ", ",
            $shift,
            "\n",
            "vshr.s32 q2, q2, #31\n",
            "vadd.i32 ",
            $q,
            ", ",
            $q,
            ", q2\n",
            "vrshl.s32 ",
            $q,
            ", ",
            $q,
            ", ",
            $shift,
            "\n",
        )
    };
}

/// 27 instructions for four sums.
///
/// # Safety
/// `a`, `b` and `output` have `count` bytes, which is above 0; `output` is `a` or another memory.
#[unsafe(naked)]
unsafe extern "C" fn add_block(
    a: *const i8,
    b: *const i8,
    output: *mut i8,
    count: usize,
    block: &Block,
) {
    naked_asm!(
        with_dsp!(),
        "vpush {{d8-d15}}",
        "push {{r4-r11, lr}}",
        "ldr r12, [sp, #100]",
        "ldr r4, [r12, #24]",
        "vdup.32 q3, r4",
        "ldr r4, [r12, #28]",
        "vdup.32 q4, r4",
        "ldr r4, [r12, #32]",
        "vdup.32 q5, r4",
        "ldr r4, [r12, #36]",
        "vdup.32 q6, r4",
        "ldr r4, [r12, #40]",
        "vdup.32 q7, r4",
        "ldmia r12, {{r4-r9}}",
        "dlstp.32 lr, r3",
        "2:",
        "vldrb.s32 q0, [r0], #4",
        "vadd.i32 q0, q0, r4",
        "vshl.i32 q0, q0, #20",
        scale!("q0", "r6", "q3"),
        "vldrb.s32 q1, [r1], #4",
        "vadd.i32 q1, q1, r5",
        "vshl.i32 q1, q1, #20",
        scale!("q1", "r7", "q4"),
        "vadd.i32 q0, q0, q1",
        scale!("q0", "r8", "q5"),
        "vadd.i32 q0, q0, r9",
        "vmax.s32 q0, q0, q6",
        "vmin.s32 q0, q0, q7",
        "vstrb.32 q0, [r2], #4",
        "letp lr, 2b",
        "pop {{r4-r11, lr}}",
        "vpop {{d8-d15}}",
        "bx lr",
    )
}
