//! x86_64-x8-avx512vbmi: functions of one byte as 256 bytes, 64 elements at once by two VPERMI2B.
//! Tests: `tests/tests/simd_levels/`.

use core::arch::x86_64::*;

/// Looks up as many elements as there are whole registers of; gives their number.
///
/// # Safety
/// *Enabled* (VBMI, too). *Covered*: `count` elements of each; `output` may be `input`.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(crate) unsafe fn lut(
    table: &[u8; 256],
    input: *const i8,
    output: *mut i8,
    count: usize,
) -> usize {
    if count < 64 {
        return 0;
    }
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
