//! Armv6-M: products have 32 bits.

/// The upper half of `a * b`, rounded half up, from products of halves.
#[inline(never)]
pub(crate) fn rounded_high_mul(a: i32, b: i32) -> i32 {
    let [(a_high, a_low), (b_high, b_low)] = [a, b].map(|x| (x >> 16, x & 0xFFFF));
    let low = a_low.cast_unsigned().wrapping_mul(b_low.cast_unsigned()) >> 16;
    // Neither sum leaves 32 bits: a factor is at most 2^15 and the other one below 2^16.
    let middle = a_high * b_low + low.cast_signed();
    let rest = a_low * b_high + (middle & 0xFFFF);
    a_high * b_high + (middle >> 16) + (((rest >> 15) + 1) >> 1)
}

/// The same in a routine: r0 by the factor whose halves are in r1 and r2, the upper one not negative.
/// Changes r4 to r6.
#[cfg(niello_thumb1)]
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
#[cfg(niello_thumb1)]
pub(crate) use high;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_rounded_product() {
        let ends = [
            0,
            1,
            0x7FFF,
            0x8000,
            0xFFFF,
            0x1_0000,
            0x7FFF_FFFF,
            0x5A5A_A5A5,
        ];
        let mut state = 1_u32;
        let random = core::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state ^ state >> 15).cast_signed()
        });
        let numbers: [i32; 300] = {
            let mut all = random;
            core::array::from_fn(|_| all.next().unwrap_or(0))
        };
        let numbers = numbers.into_iter().chain(ends).flat_map(|x| [x, -x, !x]);
        for a in numbers.clone() {
            for b in numbers.clone() {
                let product = i64::from(a) * i64::from(b);
                let wanted = (product + (1 << 31)) >> 32;
                assert_eq!(i64::from(rounded_high_mul(a, b)), wanted, "{a} {b}");
            }
        }
    }
}
