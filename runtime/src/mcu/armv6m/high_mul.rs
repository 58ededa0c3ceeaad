//! The upper half of a product in a routine.

/// `arithmetic::high_mul` of r0 by the factor whose halves are in r1 and r2, the upper one not negative.
/// Changes r4 to r6.
macro_rules! high {
    () => {
        "asrs r4, r0, #16
        uxth r0, r0
        mov r5, r0
        muls r5, r1, r5
        lsrs r5, r5, #16
        mov r6, r4
        muls r6, r1, r6
        adds r5, r5, r6
        muls r4, r2, r4
        muls r0, r2, r0
        asrs r6, r5, #16
        adds r4, r4, r6
        uxth r5, r5
        adds r0, r0, r5
        lsrs r0, r0, #15
        adds r0, #1
        lsrs r0, r0, #1
        adds r0, r0, r4"
    };
}
pub(crate) use high;
