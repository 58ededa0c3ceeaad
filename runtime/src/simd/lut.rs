//! Functions as 256 bytes: sixteen elements or more at a time. The table begins with
//! the output for -128.

#[cfg(target_arch = "aarch64")]
use core::arch::aarch64::*;
#[cfg(target_arch = "x86_64")]
use core::arch::x86_64::*;

/// Looks up as many elements as there are whole registers of, if the CPU has what it
/// takes; gives their number.
#[inline(always)]
pub(crate) fn look_up(table: &[u8; 256], input: &[i8], output: &mut [i8]) -> usize {
    let count = input.len().min(output.len());
    // SAFETY: *Covered*: `count` elements.
    unsafe { target(table, input.as_ptr(), output.as_mut_ptr(), count) }
}

/// The same in place.
#[inline(always)]
pub(crate) fn look_up_in_place(table: &[u8; 256], in_out: &mut [i8]) -> usize {
    let (at, count) = (in_out.as_mut_ptr(), in_out.len());
    // SAFETY: *Covered*: `count` elements.
    unsafe { target(table, at, at, count) }
}

/// As many whole registers as there are.
///
/// # Safety
/// *Covered*: `count` elements of each; `output` may be `input`.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn target(table: &[u8; 256], input: *const i8, output: *mut i8, count: usize) -> usize {
    use crate::simd::dispatch::level;
    use crate::simd::target::Level;
    if count < 64 || level() < Level::Avx512Vbmi {
        return 0;
    }
    // SAFETY: *Covered*; *Enabled*: the level is what the CPU has.
    unsafe { vbmi(table, input, output, count) }
}

/// Whole registers with VBMI.
///
/// # Safety
/// *Enabled* (VBMI, too). *Covered*: `count` elements of each; `output` may be `input`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
unsafe fn vbmi(table: &[u8; 256], input: *const i8, output: *mut i8, count: usize) -> usize {
    // SAFETY: four times 64 bytes; *Covered*: `count` elements.
    unsafe {
        let t = table.as_ptr().cast::<i8>();
        let quarter = |i: usize| t.wrapping_add(64 * i).cast::<__m512i>();
        let negative = [quarter(0), quarter(1)];
        let positive = [quarter(2), quarter(3)];
        let (a, b) = (
            _mm512_loadu_si512(negative[0]),
            _mm512_loadu_si512(negative[1]),
        );
        let (c, d) = (
            _mm512_loadu_si512(positive[0]),
            _mm512_loadu_si512(positive[1]),
        );
        let mut at = 0;
        while at + 64 <= count {
            // The lower seven bits of q and of q + 128 are the same.
            let q = _mm512_loadu_si512(input.wrapping_add(at).cast());
            let below = _mm512_permutex2var_epi8(a, q, b);
            let above = _mm512_permutex2var_epi8(c, q, d);
            let bytes = _mm512_mask_blend_epi8(_mm512_movepi8_mask(q), above, below);
            _mm512_storeu_si512(output.wrapping_add(at).cast(), bytes);
            at += 64;
        }
        at
    }
}

/// As many whole registers as there are.
///
/// # Safety
/// *Covered*: `count` elements of each; `output` may be `input`.
#[cfg(target_arch = "aarch64")]
#[inline(always)]
unsafe fn target(table: &[u8; 256], input: *const i8, output: *mut i8, count: usize) -> usize {
    // SAFETY: four times 64 bytes; *Covered*: `count` elements.
    unsafe {
        let t = table.as_ptr();
        let (a, b) = (vld1q_u8_x4(t), vld1q_u8_x4(t.wrapping_add(64)));
        let (c, d) = (
            vld1q_u8_x4(t.wrapping_add(128)),
            vld1q_u8_x4(t.wrapping_add(192)),
        );
        let quarter = vdupq_n_u8(64);
        let mut at = 0;
        while at + 16 <= count {
            let q = vld1q_u8(input.wrapping_add(at).cast());
            // Indices beyond 64 entries give 0, or leave what is there.
            let mut index = veorq_u8(q, vdupq_n_u8(128));
            let mut bytes = vqtbl4q_u8(a, index);
            index = vsubq_u8(index, quarter);
            bytes = vqtbx4q_u8(bytes, b, index);
            index = vsubq_u8(index, quarter);
            bytes = vqtbx4q_u8(bytes, c, index);
            index = vsubq_u8(index, quarter);
            bytes = vqtbx4q_u8(bytes, d, index);
            vst1q_u8(output.wrapping_add(at).cast(), bytes);
            at += 16;
        }
        at
    }
}

/// As many whole registers as there are.
///
/// # Safety
/// *Covered*: `count` elements of each; `output` may be `input`.
#[cfg(target_arch = "wasm32")]
#[inline(always)]
unsafe fn target(_: &[u8; 256], _: *const i8, _: *mut i8, _: usize) -> usize {
    0
}
