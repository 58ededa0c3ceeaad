//! The upper half of a product of two numbers of 32 bits, rounded half up.
#![deny(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

/// The upper half of `a * b`, rounded half up.
#[inline(always)]
pub(crate) fn rounded_high_mul(a: i32, b: i32) -> i32 {
    #[cfg(niello_thumb1)]
    return of_halves(a, b);
    #[cfg(not(niello_thumb1))]
    of_product(i64::from(a) * i64::from(b))
}

/// The upper half, rounded half up: in the form that takes the fewest instructions.
#[cfg(not(niello_thumb1))]
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "both halves are wanted")]
fn of_product(product: i64) -> i32 {
    if cfg!(any(niello_thumb2, target_arch = "riscv32")) {
        // The carry is the lower half's sign.
        let sign = (product as i32).cast_unsigned() >> 31;
        return ((product >> 32) as i32).wrapping_add(sign.cast_signed());
    }
    (product.wrapping_add(1 << 31) >> 32) as i32
}

/// The upper half of `a * b`, rounded half up, from four products of halves, which have 32 bits.
#[cfg(any(test, niello_thumb1))]
#[inline(never)]
fn of_halves(a: i32, b: i32) -> i32 {
    let [(a_high, a_low), (b_high, b_low)] = [a, b].map(|x| (x >> 16, x & 0xFFFF));
    let low = a_low.cast_unsigned().wrapping_mul(b_low.cast_unsigned()) >> 16;
    // Neither sum leaves 32 bits: a factor is at most 2^15 and the other one below 2^16.
    let middle = a_high * b_low + low.cast_signed();
    let rest = a_low * b_high + (middle & 0xFFFF);
    a_high * b_high + (middle >> 16) + (((rest >> 15) + 1) >> 1)
}

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
                assert_eq!(i64::from(of_halves(a, b)), wanted, "{a} {b}");
            }
        }
    }
}
