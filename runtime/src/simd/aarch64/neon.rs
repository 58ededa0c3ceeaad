//! aarch64-i8-neon and aarch64-i8-neondot: Arm's Advanced SIMD, with and without the dot product
//! extension (FEAT_DotProd). Tests: `tests/cross`.

use core::arch::aarch64::*;

use crate::params::requant::{RequantPanel, RequantParams};
use crate::simd::shared::isa128::Isa128;

/// Advanced SIMD, with SDOT if `DOT`, else with widening multiplications.
#[derive(Clone, Copy)]
pub(crate) struct Neon<const DOT: bool>;

// SAFETY: functions access only memory that is *Covered*.
unsafe impl<const DOT: bool> Isa128 for Neon<DOT> {
    type Bytes = int8x16_t;
    type Words = int32x4_t;

    #[inline(always)]
    unsafe fn load(from: *const i8) -> Self::Bytes {
        // SAFETY: *Covered*: sixteen bytes.
        unsafe { vld1q_s8(from) }
    }

    #[inline(always)]
    unsafe fn repeat(from: *const i8) -> Self::Bytes {
        // SAFETY: *Covered*: four bytes.
        unsafe { vreinterpretq_s8_s32(vdupq_n_s32(from.cast::<i32>().read_unaligned())) }
    }

    #[inline(always)]
    unsafe fn store(bytes: Self::Bytes, to: *mut i8) {
        // SAFETY: *Covered*: sixteen bytes.
        unsafe { vst1q_s8(to, bytes) }
    }

    #[inline(always)]
    unsafe fn words(from: *const i32) -> Self::Words {
        // SAFETY: *Covered*: four words.
        unsafe { vld1q_s32(from) }
    }

    #[inline(always)]
    unsafe fn spill(words: Self::Words, to: *mut i32) {
        // SAFETY: *Covered*: four words.
        unsafe { vst1q_s32(to, words) }
    }

    #[inline(always)]
    unsafe fn zero() -> Self::Words {
        // SAFETY: *Enabled*.
        unsafe { vdupq_n_s32(0) }
    }

    #[inline(always)]
    unsafe fn add(a: Self::Words, b: Self::Words) -> Self::Words {
        // SAFETY: *Enabled*.
        unsafe { vaddq_s32(a, b) }
    }

    #[inline(always)]
    unsafe fn dot(sums: Self::Words, x: Self::Bytes, w: Self::Bytes) -> Self::Words {
        // SAFETY: *Enabled*.
        unsafe {
            if DOT {
                let mut sums = sums;
                core::arch::asm!(
                    ".arch_extension dotprod",
                    "sdot {sums:v}.4s, {x:v}.16b, {w:v}.16b",
                    sums = inout(vreg) sums,
                    x = in(vreg) x,
                    w = in(vreg) w,
                    options(pure, nomem, nostack, preserves_flags),
                );
                return sums;
            }
            let low = vmull_s8(vget_low_s8(x), vget_low_s8(w));
            let high = vmull_high_s8(x, w);
            vaddq_s32(sums, vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high)))
        }
    }

    #[inline(always)]
    unsafe fn interleave(from: [Self::Bytes; 4]) -> [Self::Bytes; 4] {
        // SAFETY: *Enabled*.
        unsafe {
            let [a, b, c, d] = from;
            let ab = vreinterpretq_s16_s8(vzip1q_s8(a, b));
            let cd = vreinterpretq_s16_s8(vzip1q_s8(c, d));
            let ab_high = vreinterpretq_s16_s8(vzip2q_s8(a, b));
            let cd_high = vreinterpretq_s16_s8(vzip2q_s8(c, d));
            [
                vreinterpretq_s8_s16(vzip1q_s16(ab, cd)),
                vreinterpretq_s8_s16(vzip2q_s16(ab, cd)),
                vreinterpretq_s8_s16(vzip1q_s16(ab_high, cd_high)),
                vreinterpretq_s8_s16(vzip2q_s16(ab_high, cd_high)),
            ]
        }
    }

    #[inline(always)]
    unsafe fn requantize(
        words: Self::Words,
        by: &RequantPanel,
        lane: usize,
        scales: &RequantParams<'_>,
    ) -> Self::Words {
        // SAFETY: *Enabled*; there are four of each from the lane on.
        unsafe {
            let at = |list: &[i32; 16]| list.as_ptr().wrapping_add(lane);
            // The compiler's model: `Method::Doubling`. SQRDMULH doubles by itself.
            let left = vsubq_s32(vld1q_s32(at(&by.left)), vdupq_n_s32(1));
            let multiplier = vld1q_s32(at(&by.multiplier));
            let high = vqrdmulhq_s32(vshlq_s32(words, left), multiplier);
            // A 1 off negative numbers that are shifted.
            let sign = vnegq_s32(vld1q_s32(at(&by.sign)));
            let negative = vreinterpretq_s32_u32(vshlq_u32(vreinterpretq_u32_s32(high), sign));
            let rounded = vaddq_s32(vsubq_s32(high, negative), vld1q_s32(at(&by.half)));
            let scaled = vshlq_s32(rounded, vnegq_s32(vld1q_s32(at(&by.right))));
            let q = vaddq_s32(scaled, vdupq_n_s32(scales.output_offset));
            let q = vmaxq_s32(q, vdupq_n_s32(scales.activation_min));
            vminq_s32(q, vdupq_n_s32(scales.activation_max))
        }
    }

    #[inline(always)]
    unsafe fn pack(words: [Self::Words; 4]) -> Self::Bytes {
        // SAFETY: *Enabled*.
        unsafe {
            let low = vcombine_s16(vmovn_s32(words[0]), vmovn_s32(words[1]));
            let high = vcombine_s16(vmovn_s32(words[2]), vmovn_s32(words[3]));
            vcombine_s8(vmovn_s16(low), vmovn_s16(high))
        }
    }
}
