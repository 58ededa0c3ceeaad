//! Any function of one int8 value, as 256 bytes.

/// Parameters of the kernel [`table`].
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    /// The output for each input plus 128, as bytes of two's complement.
    pub table: &'a [u8; 256],
}

impl Table<'_> {
    #[inline(always)]
    fn lookup(&self, q: i8) -> i8 {
        self.table[usize::from((q as u8) ^ 0x80)] as i8
    }
}

/// Parameters of the kernel [`table_f32`].
#[derive(Clone, Copy, Debug)]
pub struct TableF32<'a> {
    /// The output for each input plus 128.
    pub table: &'a [f32; 256],
}

/// A function of int8 with an f32 output.
pub fn table_f32(p: &TableF32<'_>, input: &[i8], output: &mut [f32]) {
    for (out, &q) in output.iter_mut().zip(input) {
        *out = p.table[usize::from((q as u8) ^ 0x80)];
    }
}

/// Applies a 256-byte table to every element.
pub fn table(p: &Table<'_>, input: &[i8], output: &mut [i8]) {
    debug_assert!(input.len() >= output.len(), "the input is too short");
    #[cfg(niello_vector)]
    let (input, output) = {
        let done = crate::simd::lut::look_up(p.table, input, output);
        (&input[done..], &mut output[done..])
    };
    for (out, &q) in output.iter_mut().zip(input) {
        *out = p.lookup(q);
    }
}

/// Computes all elements in place.
pub fn table_in_place(p: &Table<'_>, in_out: &mut [i8]) {
    #[cfg(niello_vector)]
    let in_out = {
        let done = crate::simd::lut::look_up_in_place(p.table, in_out);
        &mut in_out[done..]
    };
    for q in in_out {
        *q = p.lookup(*q);
    }
}
