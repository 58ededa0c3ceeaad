//! aarch64-x8-neon: functions of one byte as 256 bytes, 16 elements at once by TBL and three TBX.
//! Tests: `tests/cross`.

use core::arch::aarch64::*;

/// Looks up as many elements as there are whole registers of; gives their number.
///
/// # Safety
/// *Covered*: `count` elements of each; `output` may be `input`.
pub(crate) unsafe fn lut(
    table: &[u8; 256],
    input: *const i8,
    output: *mut i8,
    count: usize,
) -> usize {
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
            // Indices beyond 64 entries give 0, or leave the byte as it is.
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
