//! wasm32-i8-simd128, MR x NR = 2x16, KC = 4: WebAssembly's SIMD of 128 bits. Tests:
//! `tests/cross`.

use core::arch::wasm32::*;

use crate::params::requant::{RequantPanel, RequantParams};
use crate::simd::shared::isa128::Isa128;

/// The instruction set simd128, which the module is compiled with.
#[derive(Clone, Copy)]
pub(crate) struct Simd128;

/// A scaled sum that is as close to a rounding's edge in f32 is computed again in
/// integers: factor, sum, product and nudged product are each off by at most 2^-24 of
/// a magnitude that is below 256 where the output is not at an end of its range.
const EDGE: f32 = 0.5 - 1.0 / 8192.0;

// SAFETY: functions access only memory that is *Covered*.
unsafe impl Isa128 for Simd128 {
    type Bytes = v128;
    type Words = v128;

    #[inline(always)]
    unsafe fn load(from: *const i8) -> Self::Bytes {
        // SAFETY: *Covered*: sixteen bytes.
        unsafe { v128_load(from.cast()) }
    }

    #[inline(always)]
    unsafe fn repeat(from: *const i8) -> Self::Bytes {
        // SAFETY: *Covered*: four bytes.
        unsafe { v128_load32_splat(from.cast()) }
    }

    #[inline(always)]
    unsafe fn store(bytes: Self::Bytes, to: *mut i8) {
        // SAFETY: *Covered*: sixteen bytes.
        unsafe { v128_store(to.cast(), bytes) }
    }

    #[inline(always)]
    unsafe fn words(from: *const i32) -> Self::Words {
        // SAFETY: *Covered*: four words.
        unsafe { v128_load(from.cast()) }
    }

    #[inline(always)]
    unsafe fn spill(words: Self::Words, to: *mut i32) {
        // SAFETY: *Covered*: four words.
        unsafe { v128_store(to.cast(), words) }
    }

    #[inline(always)]
    unsafe fn zero() -> Self::Words {
        i32x4_splat(0)
    }

    #[inline(always)]
    unsafe fn add(a: Self::Words, b: Self::Words) -> Self::Words {
        i32x4_add(a, b)
    }

    #[inline(always)]
    unsafe fn dot(sums: Self::Words, x: Self::Bytes, w: Self::Bytes) -> Self::Words {
        let low = i32x4_extadd_pairwise_i16x8(i16x8_extmul_low_i8x16(x, w));
        let high = i32x4_extadd_pairwise_i16x8(i16x8_extmul_high_i8x16(x, w));
        let (even, odd) = (
            i32x4_shuffle::<0, 2, 4, 6>(low, high),
            i32x4_shuffle::<1, 3, 5, 7>(low, high),
        );
        i32x4_add(sums, i32x4_add(even, odd))
    }

    #[inline(always)]
    unsafe fn interleave(from: [Self::Bytes; 4]) -> [Self::Bytes; 4] {
        let [a, b, c, d] = from;
        let low =
            |a, b| i8x16_shuffle::<0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23>(a, b);
        let high = |a, b| {
            i8x16_shuffle::<8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31>(a, b)
        };
        let pairs = [(low(a, b), low(c, d)), (high(a, b), high(c, d))];
        let first = |(ab, cd)| i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(ab, cd);
        let second = |(ab, cd)| i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(ab, cd);
        [
            first(pairs[0]),
            second(pairs[0]),
            first(pairs[1]),
            second(pairs[1]),
        ]
    }

    #[inline(always)]
    unsafe fn requantize(
        words: Self::Words,
        by: &RequantPanel,
        lane: usize,
        scales: &RequantParams<'_>,
    ) -> Self::Words {
        // SAFETY: *Enabled*; there are four of each from the lane on.
        let (factor, nudge) = unsafe {
            let factor = by.factor.as_ptr().wrapping_add(lane);
            let nudge = by.nudge.as_ptr().wrapping_add(lane);
            (v128_load(factor.cast()), v128_load(nudge.cast()))
        };
        let x = f32x4_convert_i32x4(words);
        // The compiler's model: `Method::Rounded`. The nudge with the sum's sign.
        let nudge = v128_or(nudge, v128_and(x, i32x4_splat(i32::MIN)));
        let y = f32x4_add(f32x4_mul(x, factor), nudge);
        let nearest = f32x4_nearest(y);
        let rest = f32x4_abs(f32x4_sub(y, nearest));
        let scaled = if v128_any_true(f32x4_ge(rest, f32x4_splat(EDGE))) {
            exactly(words, by, lane)
        } else {
            i32x4_trunc_sat_f32x4(nearest)
        };
        let q = i32x4_add(scaled, i32x4_splat(scales.output_offset));
        let q = i32x4_max(q, i32x4_splat(scales.activation_min));
        i32x4_min(q, i32x4_splat(scales.activation_max))
    }

    #[inline(always)]
    unsafe fn pack(words: [Self::Words; 4]) -> Self::Bytes {
        let low = i16x8_narrow_i32x4(words[0], words[1]);
        let high = i16x8_narrow_i32x4(words[2], words[3]);
        i8x16_narrow_i16x8(low, high)
    }
}

/// Four sums times their multipliers, rounded as the reference does, in integers.
#[cold]
fn exactly(words: v128, by: &RequantPanel, lane: usize) -> v128 {
    let mut all = [0_i32; 4];
    // SAFETY: *Covered*: four words.
    unsafe { v128_store(all.as_mut_ptr().cast(), words) };
    for (i, word) in all.iter_mut().enumerate() {
        *word = by.multiplier(lane + i).apply_small(*word);
    }
    let [a, b, c, d] = all;
    i32x4(a, b, c, d)
}
