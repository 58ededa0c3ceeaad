//! Elementwise operators of two int8 operands as f32 arithmetic: sixteen elements at a
//! time, and again in integers where rounding is a close call.

use core::arch::x86_64::*;

use super::isa::cold;
use super::level::{Level, level};
use super::ready::power_of_two;
use crate::arithmetic::Multiplier;

/// `a * first + b * second + constant`, or `(a + first) * (b + second) * scale +
/// constant`, rounded and clamped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Linear {
    first: f32,
    second: f32,
    scale: f32,
    constant: f32,
    /// Results that are as far from an integer, or farther, are a close call.
    edge: f32,
    min: i32,
    max: i32,
}

/// A multiplier as a number.
fn real(m: Multiplier) -> f64 {
    f64::from(m.multiplier) * power_of_two(m.shift - 31)
}

/// Where close calls begin if f32 arithmetic is off by 2^-24 of `magnitudes` (of
/// rounded factors and results, added up) and integer arithmetic by `off` at most.
fn edge(magnitudes: f64, off: f64) -> Option<f32> {
    let edge = 0.5 - magnitudes * power_of_two(-24) - off;
    (edge > 0.49).then_some(edge as f32)
}

impl Linear {
    /// Operands with their negated zero points and multipliers, brought to a common
    /// scale with `bits` more bits, and from there to the output's with its zero point.
    #[inline(always)]
    pub(crate) fn sum(
        [(offset1, first), (offset2, second)]: [(i32, Multiplier); 2],
        bits: i32,
        (output, offset): (Multiplier, i32),
        (min, max): (i32, i32),
    ) -> Option<Self> {
        let unit = real(output);
        let scale = unit * power_of_two(bits);
        let (first, second) = (real(first) * scale, real(second) * scale);
        let shift = f64::from(offset1) * first + f64::from(offset2) * second;
        let constant = shift + f64::from(offset);
        let (a, b) = (128.0 * first.abs(), 128.0 * second.abs() + constant.abs());
        // Three factors, the inner result, and the outer one where it is not clamped.
        // In integers, each operand is rounded twice, and so is the sum.
        let edge = edge(a + 2.0 * b + 129.0, 4.0 * unit)?;
        Some(Self {
            first: first as f32,
            second: second as f32,
            scale: 0.0,
            constant: constant as f32,
            edge,
            min,
            max,
        })
    }

    /// Operands with their negated zero points; multiplier and zero point of the output.
    #[inline(always)]
    pub(crate) fn product(
        [offset1, offset2]: [i32; 2],
        (output, offset): (Multiplier, i32),
        (min, max): (i32, i32),
    ) -> Option<Self> {
        let scale = real(output);
        // Rounded to Q31, then by the shift.
        let unit = power_of_two(output.shift.min(0));
        let edge = edge(65025.0 * scale + 258.0, unit)?;
        Some(Self {
            first: offset1 as f32,
            second: offset2 as f32,
            scale: scale as f32,
            constant: offset as f32,
            edge,
            min,
            max,
        })
    }

    /// All elements, if the CPU has what it takes; `exact` says what a close call is.
    #[inline(always)]
    pub(crate) fn apply<const PRODUCT: bool>(
        &self,
        input1: &[i8],
        input2: &[i8],
        output: &mut [i8],
        exact: impl Fn(i8, i8) -> i8,
    ) -> bool {
        let count = output.len();
        if level() < Level::Avx512 || input1.len() != count || input2.len() != count {
            return false;
        }
        // SAFETY: there are as many elements of each; the CPU has AVX-512.
        unsafe {
            let (a, b) = (input1.as_ptr(), input2.as_ptr());
            avx512::<PRODUCT>(self, a, b, output.as_mut_ptr(), count, exact);
        }
        true
    }

    /// The same where the output overwrites the first operand.
    #[inline(always)]
    pub(crate) fn apply_in_place<const PRODUCT: bool>(
        &self,
        in_out: &mut [i8],
        input2: &[i8],
        exact: impl Fn(i8, i8) -> i8,
    ) -> bool {
        let count = in_out.len();
        if level() < Level::Avx512 || input2.len() != count {
            return false;
        }
        // SAFETY: there are as many elements of each; the CPU has AVX-512.
        unsafe {
            let (a, b) = (in_out.as_mut_ptr(), input2.as_ptr());
            avx512::<PRODUCT>(self, a, b, a, count, exact);
        }
        true
    }
}

/// Reads `count` elements of each operand and writes as many; the output may be the
/// first operand.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn avx512<const PRODUCT: bool>(
    p: &Linear,
    input1: *const i8,
    input2: *const i8,
    output: *mut i8,
    count: usize,
    exact: impl Fn(i8, i8) -> i8,
) {
    let order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    let (min, max) = (
        _mm512_set1_epi8(p.min.max(-128) as i8),
        _mm512_set1_epi8(p.max.min(127) as i8),
    );
    let edge = _mm512_set1_ps(p.edge);
    let mut at = 0;
    while at + 64 <= count {
        // SAFETY: 64 elements are left.
        unsafe {
            let (a, b, to) = (
                input1.wrapping_add(at),
                input2.wrapping_add(at),
                output.wrapping_add(at),
            );
            let y = [
                real_16::<PRODUCT>(p, a, b),
                real_16::<PRODUCT>(p, a.wrapping_add(16), b.wrapping_add(16)),
                real_16::<PRODUCT>(p, a.wrapping_add(32), b.wrapping_add(32)),
                real_16::<PRODUCT>(p, a.wrapping_add(48), b.wrapping_add(48)),
            ];
            let rest = [
                _mm512_reduce_ps::<0>(y[0]),
                _mm512_reduce_ps::<0>(y[1]),
                _mm512_reduce_ps::<0>(y[2]),
                _mm512_reduce_ps::<0>(y[3]),
            ];
            // The largest magnitude of what rounding takes off.
            let most = _mm512_range_ps::<0b1011>(
                _mm512_range_ps::<0b1011>(rest[0], rest[1]),
                _mm512_range_ps::<0b1011>(rest[2], rest[3]),
            );
            let low = _mm512_packs_epi32(_mm512_cvtps_epi32(y[0]), _mm512_cvtps_epi32(y[1]));
            let high = _mm512_packs_epi32(_mm512_cvtps_epi32(y[2]), _mm512_cvtps_epi32(y[3]));
            let bytes = _mm512_permutexvar_epi32(order, _mm512_packs_epi16(low, high));
            let bytes = _mm512_min_epi8(_mm512_max_epi8(bytes, min), max);
            if _mm512_cmp_ps_mask::<_CMP_GE_OQ>(most, edge) == 0 {
                _mm512_storeu_si512(to.cast(), bytes);
            } else {
                cold();
                let mut all = [0_i8; 64];
                _mm512_storeu_si512(all.as_mut_ptr().cast(), bytes);
                for (k, rest) in rest.into_iter().enumerate() {
                    let magnitude = _mm512_abs_ps(rest);
                    let mut close = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(magnitude, edge);
                    while close != 0 {
                        let i = 16 * k + close.trailing_zeros() as usize;
                        all[i] = exact(a.wrapping_add(i).read(), b.wrapping_add(i).read());
                        close &= close - 1;
                    }
                }
                to.cast::<[i8; 64]>().write(all);
            }
        }
        at += 64;
    }
    for i in at..count {
        // SAFETY: below the count.
        unsafe {
            output.wrapping_add(i).write(exact(
                input1.wrapping_add(i).read(),
                input2.wrapping_add(i).read(),
            ))
        };
    }
}

/// Sixteen results before they are rounded.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn real_16<const PRODUCT: bool>(p: &Linear, a: *const i8, b: *const i8) -> __m512 {
    // SAFETY: sixteen elements each.
    let (a, b) = unsafe { (_mm_loadu_si128(a.cast()), _mm_loadu_si128(b.cast())) };
    let a = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(a));
    let b = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(b));
    let (first, second) = (_mm512_set1_ps(p.first), _mm512_set1_ps(p.second));
    let constant = _mm512_set1_ps(p.constant);
    if PRODUCT {
        let product = _mm512_mul_ps(_mm512_add_ps(a, first), _mm512_add_ps(b, second));
        _mm512_fmadd_ps(product, _mm512_set1_ps(p.scale), constant)
    } else {
        _mm512_fmadd_ps(a, first, _mm512_fmadd_ps(b, second, constant))
    }
}
