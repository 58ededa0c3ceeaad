//! Armv7-M: one instruction multiplies two numbers of 32 bits.

use core::arch::asm;

/// The upper half of `a * b`, rounded half up.
#[inline(always)]
pub(crate) fn rounded_high_mul(a: i32, b: i32) -> i32 {
    let (low, high): (u32, i32);
    // SAFETY: it multiplies two registers. Where the compiler knows that `b` is positive, it would
    // multiply an unsigned number by a signed one, which takes more instructions.
    unsafe {
        asm!(
            "smull {low}, {high}, {a}, {b}",
            a = in(reg) a, b = in(reg) b, low = out(reg) low, high = out(reg) high,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    high.wrapping_add((low >> 31).cast_signed())
}
