//! Conversions between number types by name, in place of `as`: each says what becomes of a
//! number that does not fit. The lints against `as` are denied in the code that decides about
//! bytes: here, and in the compiler in `quantize` and `simd_models`.

/// The nearest number that int8 holds.
pub fn saturate_i8(x: i32) -> i8 {
    low_i8(x.clamp(i8::MIN.into(), i8::MAX.into()))
}

/// The nearest number that int16 holds.
pub fn saturate_i16(x: i32) -> i16 {
    low_i16(x.clamp(i16::MIN.into(), i16::MAX.into()))
}

/// The nearest number that int32 holds.
pub fn saturate_i32(x: i64) -> i32 {
    low_i32(x.clamp(i32::MIN.into(), i32::MAX.into()))
}

/// The low 8 bits, as a number in two's complement.
pub const fn low_i8(x: i32) -> i8 {
    let [low, ..] = x.to_le_bytes();
    low.cast_signed()
}

/// The low 16 bits, as a number in two's complement.
pub const fn low_i16(x: i32) -> i16 {
    let [a, b, ..] = x.to_le_bytes();
    i16::from_le_bytes([a, b])
}

/// The low 32 bits, as a number in two's complement.
pub const fn low_i32(x: i64) -> i32 {
    let [a, b, c, d, ..] = x.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}

/// The low 64 bits, as a number in two's complement.
pub const fn low_i64(x: i128) -> i64 {
    let [a, b, c, d, e, f, g, h, ..] = x.to_le_bytes();
    i64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// The integer part as int32; what does not fit becomes the nearest number, NaN becomes 0.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the one conversion from floats to int32, as documented"
)]
pub fn truncate_i32(x: f64) -> i32 {
    x as i32
}

/// The integer part as int64; what does not fit becomes the nearest number, NaN becomes 0.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the one conversion from floats to int64, as documented"
)]
pub fn truncate_i64(x: f64) -> i64 {
    x as i64
}

/// The nearest f32 number, ties to even.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the one conversion from f64 to f32, as documented"
)]
pub fn nearest_f32(x: f64) -> f32 {
    x as f32
}

/// The shifts to the left and to the right that multiply by `2^shift`; one of them is 0.
pub fn shifts(shift: i32) -> (u32, u32) {
    (shift.max(0).unsigned_abs(), shift.min(0).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_saturate_or_keep_their_low_bits() {
        assert_eq!(
            [-129, -128, 127, 300].map(saturate_i8),
            [-128, -128, 127, 127]
        );
        assert_eq!([-40_000, 40_000].map(saturate_i16), [-32768, 32767]);
        assert_eq!([i64::MIN, 1 << 31].map(saturate_i32), [i32::MIN, i32::MAX]);
        assert_eq!([0x180, -1, 127].map(low_i8), [-128, -1, 127]);
        assert_eq!([0x1_8000, -2].map(low_i16), [-32768, -2]);
        assert_eq!([1 << 31, -3, 1 << 32].map(low_i32), [i32::MIN, -3, 0]);
    }

    #[test]
    fn floats_lose_their_fraction() {
        let floats = [-2.9, 2.9, 1e12, f64::NAN];
        assert_eq!(floats.map(truncate_i32), [-2, 2, i32::MAX, 0]);
        assert_eq!(floats.map(truncate_i64), [-2, 2, 1_000_000_000_000, 0]);
        assert_eq!(shifts(-3), (0, 3));
        assert_eq!(shifts(2), (2, 0));
    }
}
