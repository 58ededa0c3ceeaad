//! CAST, and the element types of inputs and outputs.

use crate::arithmetic::fixed_point::Multiplier;

/// Parameters of the kernel [`to_i32`].
#[derive(Clone, Copy, Debug)]
pub struct ToI32<'a> {
    /// The output for each input plus 128.
    pub table: &'a [i32; 256],
}

/// Parameters of the kernel [`from_i32`].
#[derive(Clone, Copy, Debug)]
pub struct FromI32 {
    /// `1 / scale` of the output, as a multiplier.
    pub multiplier: Multiplier,
    /// Zero point of the output tensor.
    pub offset: i32,
}

/// Parameters of the conversions of inputs and outputs.
#[derive(Clone, Copy, Debug)]
pub struct Port;

/// f32 to int32: the fraction is dropped, numbers out of range saturate, NaN is 0.
pub fn i32_from_f32(_: &Port, input: &[f32], output: &mut [i32]) {
    for (out, &x) in output.iter_mut().zip(input) {
        *out = x as i32;
    }
}

/// f32 to bool: 0 for 0.0, else 1.
pub fn bool_from_f32(_: &Port, input: &[f32], output: &mut [i8]) {
    for (out, &x) in output.iter_mut().zip(input) {
        *out = i8::from(x != 0.0);
    }
}

/// Uint32, held as int32, to the nearest f32.
pub fn f32_from_u32(_: &Port, input: &[i32], output: &mut [f32]) {
    for (out, &x) in output.iter_mut().zip(input) {
        *out = x as u32 as f32;
    }
}

/// Int32 to the nearest f32.
pub fn f32_from_i32(_: &Port, input: &[i32], output: &mut [f32]) {
    for (out, &x) in output.iter_mut().zip(input) {
        *out = x as f32;
    }
}

/// Bool to 1.0 or 0.0.
pub fn f32_from_bool(_: &Port, input: &[i8], output: &mut [f32]) {
    for (out, &x) in output.iter_mut().zip(input) {
        *out = f32::from(x);
    }
}

/// Int8 of any scale to int32.
pub fn to_i32(p: &ToI32<'_>, input: &[i8], output: &mut [i32]) {
    for (out, &q) in output.iter_mut().zip(input) {
        *out = p.table[usize::from((q as u8) ^ 0x80)];
    }
}

/// Casts int32 to int8 tensors.
pub fn from_i32(p: &FromI32, input: &[i32], output: &mut [i8]) {
    // More saturates, too, and must not leave 32 bits on the way.
    let largest = i32::MAX >> p.multiplier.shift.clamp(0, 30);
    for (out, &x) in output.iter_mut().zip(input) {
        let x = x.clamp(-largest, largest);
        let q = p.multiplier.apply(x).saturating_add(p.offset);
        *out = q.clamp(-128, 127) as i8;
    }
}

/// Uint32, held as int32, to int8.
pub fn from_u32_scaled(p: &FromI32, input: &[i32], output: &mut [i8]) {
    let largest = i32::MAX >> p.multiplier.shift.clamp(0, 30);
    for (out, &x) in output.iter_mut().zip(input) {
        let x = if x < 0 { largest } else { x.min(largest) };
        let q = p.multiplier.apply(x).saturating_add(p.offset);
        *out = q.clamp(-128, 127) as i8;
    }
}

/// A uint32 input: held as int32.
pub fn from_u32(_: &Port, input: &[u32], output: &mut [i32]) {
    for (out, &x) in output.iter_mut().zip(input) {
        *out = x as i32;
    }
}

/// A uint32 output: held as int32.
pub fn to_u32(_: &Port, input: &[i32], output: &mut [u32]) {
    for (out, &x) in output.iter_mut().zip(input) {
        *out = x as u32;
    }
}

/// A uint8 input: shifted by 128.
pub fn from_u8(_: &Port, input: &[u8], output: &mut [i8]) {
    for (out, &x) in output.iter_mut().zip(input) {
        *out = (x ^ 0x80) as i8;
    }
}

/// A uint8 output: shifted by 128.
pub fn to_u8(_: &Port, input: &[i8], output: &mut [u8]) {
    for (out, &q) in output.iter_mut().zip(input) {
        *out = (q as u8) ^ 0x80;
    }
}

/// A bool input: 1 or 0.
pub fn from_bool(_: &Port, input: &[bool], output: &mut [i8]) {
    for (out, &x) in output.iter_mut().zip(input) {
        *out = x.into();
    }
}

/// Turns int8 into a bool output.
pub fn to_bool(_: &Port, input: &[i8], output: &mut [bool]) {
    for (out, &q) in output.iter_mut().zip(input) {
        *out = q != 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_change_and_values_stay() {
        let p = FromI32 {
            multiplier: Multiplier {
                multiplier: 1 << 30,
                shift: 0,
            },
            offset: 1,
        };
        let mut output = [0; 3];
        from_i32(&p, &[10, -7, i32::MAX], &mut output);
        assert_eq!(output, [6, -2, 127]);
        from_u32_scaled(&p, &[10, -1, 4], &mut output);
        assert_eq!(output, [6, 127, 3]);
        let mut words = [0; 2];
        to_u32(&Port, &[-1, 7], &mut words);
        assert_eq!(words, [u32::MAX, 7]);
        let mut bytes = [0; 3];
        to_u8(&Port, &[-128, 0, 127], &mut bytes);
        assert_eq!(bytes, [0, 128, 255]);
        let mut flags = [false; 2];
        to_bool(&Port, &[0, 1], &mut flags);
        assert_eq!(flags, [false, true]);
    }
}
