//! Weights of less than 8 bits (INT4 and INT2), unpacked to int8 when they are read.

use crate::tflite::TensorType;

/// The bits of an element of a packed type.
pub(crate) fn bits(ty: TensorType) -> Option<usize> {
    match ty {
        TensorType::INT4 => Some(4),
        TensorType::INT2 => Some(2),
        _ => None,
    }
}

/// Signed integers, the first one in the lowest bits of its byte.
pub(crate) fn unpack(data: &[u8], bits: usize, elements: usize) -> Vec<i8> {
    let per_byte = 8 / bits;
    let element = |i: usize| {
        let byte = data.get(i / per_byte).copied().unwrap_or(0);
        // To the top of the byte, and back with the sign.
        let up = byte << (8 - bits - i % per_byte * bits);
        (up as i8) >> (8 - bits)
    };
    (0..elements).map(element).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_bits_come_first_and_have_signs() {
        assert_eq!(unpack(&[0x7F, 0x08], 4, 3), [-1, 7, -8]);
        assert_eq!(unpack(&[0b11_10_01_00, 0b01], 2, 5), [0, 1, -2, -1, 1]);
        assert_eq!(unpack(&[], 4, 1), [0]);
    }
}
