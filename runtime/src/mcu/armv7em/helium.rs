//! Sixteen inputs at once by Helium, the vector extension of Armv8.1-M, inside of the functions for the
//! DSP extension, which compute what is left. Arm Architecture Reference Manual Armv8-M, B5.5 and C2.
//!
//! A group of columns or weights is a row of words, one for each pair or four of inputs; VLD4 and VLD2
//! gather the words of four groups that belong to one pixel or channel in one register. Columns have
//! the order 0, 2, 1, 3: their words are the even and the odd inputs, as are the halves of weights
//! that VMOVLB and VMOVLT widen.
//!
//! Functions keep the registers q4 to q7 (AAPCS32, 6.1.2.1): they push and pop them.

/// The sums of two pixels (at r0) by two channels (at r1) of r2 groups, but for three at most, added to r4
/// to r7; 19 instructions for 64 products. Leaves the number of the others in r2, and Z set if there are
/// none: nothing behind ANDS changes flags.
macro_rules! sixteens {
    () => {
        concat!(
            "lsr r3, r2, #2\n",
            "ands r2, r2, #3\n",
            "mov r8, #0\n",
            "mov r10, #0\n",
            "wls lr, r3, 21f\n",
            "20:\n",
            // Even and odd inputs of the first pixel, then of the second.
            "vld40.32 {{q0, q1, q2, q3}}, [r0]\n",
            "vld41.32 {{q0, q1, q2, q3}}, [r0]\n",
            "vld42.32 {{q0, q1, q2, q3}}, [r0]\n",
            "vld43.32 {{q0, q1, q2, q3}}, [r0]!\n",
            // Weights of the first channel and of the second.
            "vld20.32 {{q4, q5}}, [r1]\n",
            "vld21.32 {{q4, q5}}, [r1]!\n",
            "vmovlb.s8 q6, q4\n",
            "vmovlt.s8 q7, q4\n",
            "vmladava.s16 r4, q0, q6\n",
            "vmladava.s16 r4, q1, q7\n",
            "vmladava.s16 r6, q2, q6\n",
            "vmladava.s16 r6, q3, q7\n",
            "vmovlb.s8 q6, q5\n",
            "vmovlt.s8 q7, q5\n",
            // Its sums are r5 and r7, but VMLADAVA adds to even registers.
            "vmladava.s16 r8, q0, q6\n",
            "vmladava.s16 r8, q1, q7\n",
            "vmladava.s16 r10, q2, q6\n",
            "vmladava.s16 r10, q3, q7\n",
            "le lr, 20b\n",
            "21:\n",
            "add r5, r5, r8\n",
            "add r7, r7, r10\n",
        )
    };
}

/// The sums of one row of inputs (at r0) by two pairs of channels (at r1 and r2) of r3 groups, but for
/// three at most, added to r4 to r7; lr is the negative zero point. 26 instructions for 64 products.
/// Goes to 3 if no group is left, whose number is in r3.
macro_rules! row_of_sixteens {
    () => {
        concat!(
            "mov r12, lr\n",
            "lsr r9, r3, #2\n",
            "ands r3, r3, #3\n",
            "mov r8, #0\n",
            "mov r10, #0\n",
            "wls lr, r9, 21f\n",
            "20:\n",
            // Odd and even inputs less the zero point.
            "vldrb.u8 q0, [r0], #16\n",
            "vmovlb.s8 q1, q0\n",
            "vmovlt.s8 q0, q0\n",
            "vadd.i16 q1, q1, r12\n",
            "vadd.i16 q0, q0, r12\n",
            row_of_sixteens!("r1", "r4", "r8"),
            row_of_sixteens!("r2", "r6", "r10"),
            "le lr, 20b\n",
            "21:\n",
            "add r5, r5, r8\n",
            "add r7, r7, r10\n",
            "mov lr, r12\n",
            "beq 3f\n",
        )
    };
    ($weights:literal, $first:literal, $second:literal) => {
        concat!(
            "vld20.32 {{q4, q5}}, [",
            $weights,
            "]\n",
            "vld21.32 {{q4, q5}}, [",
            $weights,
            "]!\n",
            "vmovlb.s8 q6, q4\n",
            "vmovlt.s8 q7, q4\n",
            "vmladava.s16 ",
            $first,
            ", q1, q6\n",
            "vmladava.s16 ",
            $first,
            ", q0, q7\n",
            "vmovlb.s8 q6, q5\n",
            "vmovlt.s8 q7, q5\n",
            "vmladava.s16 ",
            $second,
            ", q1, q6\n",
            "vmladava.s16 ",
            $second,
            ", q0, q7\n",
        )
    };
}
pub(crate) use {row_of_sixteens, sixteens};
