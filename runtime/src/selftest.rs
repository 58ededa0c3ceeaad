//! What the self-test of a model compares, and says if it fails.

use core::fmt;

/// One element of an output.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SelfTestValue {
    /// An integer, as the output holds it; 0 or 1 for booleans.
    Integer(i64),
    /// A real number.
    Real(f32),
}

/// An output of a model that is not what the compiler computed for the same sample.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct SelfTestError {
    /// The sample's number in the dataset, from 0.
    pub sample: usize,
    /// The output: the name of the field.
    pub output: &'static str,
    /// The position of the first element that differs, in row-major order.
    pub index: usize,
    /// What the compiler computed.
    pub expected: SelfTestValue,
    /// What this program has computed.
    pub found: SelfTestValue,
}

impl fmt::Display for SelfTestValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SelfTestValue::Integer(x) => x.fmt(f),
            SelfTestValue::Real(x) => x.fmt(f),
        }
    }
}

impl fmt::Display for SelfTestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "sample {}, output `{}`: element {} is {}, expected {}",
            self.sample, self.output, self.index, self.found, self.expected
        )
    }
}

impl core::error::Error for SelfTestError {}

/// The largest difference of two f32 outputs by the output's largest absolute value: the last
/// bits of f32 functions and sums differ between processors.
const REAL_TOLERANCE: f32 = 1e-5;

/// Element types of inputs and outputs.
pub trait TestElement: Copy + PartialEq {
    /// The largest difference that counts as equal in an output whose largest absolute value is
    /// `largest`; only for real numbers.
    fn agrees(self, expected: Self, largest: f32) -> bool {
        let _ = largest;
        self == expected
    }

    /// The absolute value of a real number.
    fn magnitude(self) -> f32 {
        0.0
    }

    /// The element in an error.
    fn value(self) -> SelfTestValue;
}

macro_rules! integers {
    ($($ty:ty)*) => {
        $(impl TestElement for $ty {
            fn value(self) -> SelfTestValue {
                SelfTestValue::Integer(self.into())
            }
        })*
    };
}

integers! { i8 u8 i16 i32 u32 bool }

impl TestElement for f32 {
    fn agrees(self, expected: Self, largest: f32) -> bool {
        let is_close = (self - expected).abs() <= REAL_TOLERANCE * largest;
        is_close || self == expected || self.is_nan() && expected.is_nan()
    }

    fn magnitude(self) -> f32 {
        if self.is_finite() { self.abs() } else { 0.0 }
    }

    fn value(self) -> SelfTestValue {
        SelfTestValue::Real(self)
    }
}

/// Compares one output of one sample with what the compiler computed.
///
/// # Errors
/// The first element that differs. f32 outputs may differ by 1e-5 of the output's largest
/// absolute value.
pub fn compare_output<T: TestElement>(
    sample: usize,
    output: &'static str,
    found: &[T],
    expected: &[T],
) -> Result<(), SelfTestError> {
    debug_assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(0.0, |m, x| x.magnitude().max(m));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        if !found.agrees(*expected, largest) {
            return Err(SelfTestError {
                sample,
                output,
                index,
                expected: expected.value(),
                found: found.value(),
            });
        }
    }
    Ok(())
}

/// Arrays of numbers from their bytes in little endian, in constants.
macro_rules! from_bytes {
    ($($name:ident: $ty:ty, $size:literal, $zero:literal, |$bytes:ident| $number:expr;)*) => {
        $(
            /// The numbers that these bytes are, in rows of `N`.
            pub const fn $name<const N: usize, const ROWS: usize>(
                bytes: &[u8],
            ) -> [[$ty; N]; ROWS] {
                let mut numbers = [[$zero; N]; ROWS];
                let (chunks, rest) = bytes.as_chunks::<$size>();
                // In a constant this is an error of the compiler's.
                assert!(chunks.len() == N * ROWS && rest.is_empty());
                let mut i = 0;
                while i < chunks.len() {
                    let $bytes = chunks[i];
                    numbers[i / N][i % N] = $number;
                    i += 1;
                }
                numbers
            }
        )*
    };
}

from_bytes! {
    rows_of_i8: i8, 1, 0, |b| i8::from_le_bytes(b);
    rows_of_u8: u8, 1, 0, |b| u8::from_le_bytes(b);
    rows_of_i16: i16, 2, 0, |b| i16::from_le_bytes(b);
    rows_of_i32: i32, 4, 0, |b| i32::from_le_bytes(b);
    rows_of_u32: u32, 4, 0, |b| u32::from_le_bytes(b);
    rows_of_f32: f32, 4, 0.0, |b| f32::from_le_bytes(b);
    rows_of_bool: bool, 1, false, |b| b[0] != 0;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_element_that_differs_is_named() {
        let expected = rows_of_i8::<3, 2>(&[1, 2, 255, 4, 5, 6]);
        assert_eq!(expected, [[1, 2, -1], [4, 5, 6]]);
        assert_eq!(compare_output(9, "y", &[1, 2, -1], &expected[0]), Ok(()));
        let error = compare_output(9, "y", &[4, 6, 7], &expected[1]).expect_err("corrupted");
        assert_eq!((error.sample, error.output, error.index), (9, "y", 1));
        assert_eq!(error.expected, SelfTestValue::Integer(5));
        assert_eq!(error.found, SelfTestValue::Integer(6));
        assert_eq!(
            std::format!("{error}"),
            "sample 9, output `y`: element 1 is 6, expected 5"
        );
    }

    #[test]
    fn real_numbers_may_differ_in_their_last_bits() {
        let expected = rows_of_f32::<3, 1>(&[
            0, 0, 128, 63, 0, 0, 192, 127, 0, 0, 128, 255, // 1, NaN, -infinity
        ]);
        let [expected] = &expected;
        let agrees =
            |x: f32| compare_output(0, "y", &[x, f32::NAN, f32::NEG_INFINITY], expected).is_ok();
        assert!(agrees(1.0) && agrees(1.000_005));
        assert!(!agrees(1.000_02) && !agrees(f32::NAN) && !agrees(f32::INFINITY));
        let error = compare_output(0, "y", &[1.0, 0.0, f32::NEG_INFINITY], expected);
        assert_eq!(error.expect_err("no NaN").index, 1);
    }

    #[test]
    fn all_types_come_from_their_bytes() {
        assert_eq!(rows_of_u8::<1, 2>(&[255, 1]), [[255], [1]]);
        assert_eq!(rows_of_i16::<1, 1>(&[254, 255]), [[-2]]);
        assert_eq!(rows_of_i32::<1, 1>(&[254, 255, 255, 255]), [[-2]]);
        assert_eq!(rows_of_u32::<1, 1>(&[254, 255, 255, 255]), [[u32::MAX - 1]]);
        assert_eq!(rows_of_bool::<2, 1>(&[0, 1]), [[false, true]]);
    }
}
