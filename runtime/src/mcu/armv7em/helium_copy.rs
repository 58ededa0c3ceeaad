//! Copies of parts of rows for Helium, sixteen bytes at a time.

use core::arch::naked_asm;

/// Rows of bytes that are copied: `rows` times `count` bytes, `step` apart.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) from: &'a [i8],
    pub(crate) rows: usize,
    pub(crate) count: usize,
    pub(crate) step: usize,
}

impl Rows<'_> {
    /// Whether the source has all rows, and `size` bytes all of their places, `pitch` apart.
    #[inline(always)]
    fn fit(&self, pitch: usize, size: usize) -> bool {
        self.rows > 0
            && self.count > 0
            && self.from.len() >= (self.rows - 1) * self.step + self.count
            && size >= (self.rows - 1) * pitch + self.count
    }
}

/// Copies rows to places `pitch` apart.
#[inline(always)]
pub(crate) fn place_rows(rows: Rows<'_>, to: &mut [i8], pitch: usize) {
    if rows.fit(pitch, to.len()) {
        let (from, to) = (rows.from.as_ptr(), to.as_mut_ptr());
        // SAFETY: all rows are inside of both, as checked.
        unsafe { copy_bytes(from, to, rows.count, rows.rows, rows.step, pitch) };
    }
}

/// Copies rows of whole groups of four bytes into the columns of the pixel `at` of four, where groups
/// are 16 bytes apart; `pitch` is in bytes of a row.
#[inline(always)]
pub(crate) fn spread_rows(rows: Rows<'_>, at: usize, columns: &mut [i16], pitch: usize) {
    if at < 4 && rows.count.is_multiple_of(4) && rows.fit(pitch, columns.len() / 2) {
        let to = columns.as_mut_ptr().cast::<i8>();
        // The first place less the 64 bytes that VSTRW adds before it stores.
        let to = to.wrapping_add(at * 4).wrapping_sub(64);
        let from = rows.from.as_ptr();
        // SAFETY: all rows are inside of both, as checked; a byte of a row has four of the columns.
        unsafe { spread_bytes(from, to, rows.count, rows.rows, rows.step, 4 * pitch) };
    }
}

/// Fills all places of the pixel `at` of four.
#[inline(always)]
pub(crate) fn fill_pixel(value: i8, at: usize, columns: &mut [i16]) {
    let groups = columns.len() / 8;
    if at < 4 && groups > 0 {
        let to = columns.as_mut_ptr().cast::<i8>();
        // The first place less the 64 bytes that VSTRW adds before it stores.
        let to = to.wrapping_add(at * 4).wrapping_sub(64);
        // SAFETY: each group has 16 bytes, of which 4 are the pixel's.
        unsafe { fill(to, value.into(), groups) };
    }
}

/// # Safety
/// The words 64, 80, 96, .. bytes behind `to` may be written, `groups` of them, more than 0.
#[unsafe(naked)]
unsafe extern "C" fn fill(to: *mut i8, value: i32, groups: usize) {
    naked_asm!(
        with_dsp!(),
        "push {{r4, lr}}",
        "vdup.8 q0, r1",
        "mov r4, #0",
        "vidup.u32 q1, r4, #8",
        "vshl.i32 q1, q1, #1",
        "vadd.i32 q1, q1, r0",
        "dlstp.32 lr, r2",
        "2:",
        "vstrw.32 q0, [q1, #64]!",
        "letp lr, 2b",
        "pop {{r4, pc}}",
    )
}

/// # Safety
/// Both pointers have `rows` times `count` bytes, `step` and `pitch` apart.
#[unsafe(naked)]
unsafe extern "C" fn copy_bytes(
    from: *const i8,
    to: *mut i8,
    count: usize,
    rows: usize,
    step: usize,
    pitch: usize,
) {
    naked_asm!(
        with_dsp!(),
        "push {{r4-r7, lr}}",
        "ldrd r4, r5, [sp, #20]",
        "1:",
        "mov r6, r0",
        "mov r7, r1",
        "wlstp.8 lr, r2, 3f",
        "2:",
        "vldrb.u8 q0, [r6], #16",
        "vstrb.8 q0, [r7], #16",
        "letp lr, 2b",
        "3:",
        "add r0, r0, r4",
        "add r1, r1, r5",
        "subs r3, r3, #1",
        "bne 1b",
        "pop {{r4-r7, pc}}",
    )
}

/// # Safety
/// `from` has `rows` times `count` bytes, a multiple of 4, `step` apart, and the words 64, 80, 96, .. bytes
/// behind `to` may be written, one for each four bytes, `pitch` from row to row.
#[unsafe(naked)]
unsafe extern "C" fn spread_bytes(
    from: *const i8,
    to: *mut i8,
    count: usize,
    rows: usize,
    step: usize,
    pitch: usize,
) {
    naked_asm!(
        with_dsp!(),
        "push {{r4-r6, lr}}",
        "ldrd r4, r5, [sp, #16]",
        "mov r6, #0",
        "vidup.u32 q2, r6, #8",
        "vshl.i32 q2, q2, #1",
        "vadd.i32 q2, q2, r1",
        "1:",
        "mov r6, r0",
        "vmov q1, q2",
        "wlstp.8 lr, r2, 3f",
        "2:",
        "vldrb.u8 q0, [r6], #16",
        "vstrw.32 q0, [q1, #64]!",
        "letp lr, 2b",
        "3:",
        "add r0, r0, r4",
        "vadd.i32 q2, q2, r5",
        "subs r3, r3, #1",
        "bne 1b",
        "pop {{r4-r6, pc}}",
    )
}
