//! Functions of one int16 value, as tables with interpolation.

/// Parameters of the kernel [`table_i16`].
#[derive(Clone, Copy, Debug)]
pub struct TableI16<'a> {
    /// The output of every 128th input from -32768 on, and one more.
    pub table: &'a [i16; 513],
}

/// Looks up each input, on the straight line between the entries on both sides.
pub fn table_i16(p: &TableI16<'_>, input: &[i16], output: &mut [i16]) {
    for (out, &q) in output.iter_mut().zip(input) {
        let at = (256 + (i32::from(q) >> 7)) as usize & 0x1FF;
        let (base, next) = (p.table[at], p.table[at + 1]);
        let slope = i32::from(next.wrapping_sub(base));
        let more = (slope * i32::from(q & 0x7F) + 64) >> 7;
        *out = (i32::from(base) + more) as i16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_hit_and_lines_are_between_them() {
        let table = core::array::from_fn(|i| (3 * i as i16) - 700);
        let mut output = [0; 6];
        let input = [-32768, -32641, 0, 64, 127, 32767];
        table_i16(&TableI16 { table: &table }, &input, &mut output);
        assert_eq!(output, [-700, -697, 68, 70, 71, 836]);
    }
}
